use limiquantix_core::error::{Error, Result};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Encode, Executor, Sqlite, SqliteConnection, Type};

use crate::error::from_sqlx;

/// How many statements go to the connection's thread at once. The way there and back costs about as much as
/// a small statement, so one at a time would double the price of a commit; more at once would keep ever more
/// different scripts in the cache of prepared statements.
const AT_ONCE: usize = 16;

/// Writes that follow each other. Every statement is a constant of this crate and every value is bound, so
/// that no text of a user is ever part of SQL.
#[derive(Default)]
pub(crate) struct Script {
    full: Vec<(String, SqliteArguments)>,
    sql: String,
    arguments: SqliteArguments,
    statements: usize,
}

/// A statement being added.
pub(crate) struct Values<'a> {
    script: &'a mut Script,
    failed: bool,
}

impl Script {
    /// Adds a statement, which must end in a semicolon, be without numbered parameters and return nothing.
    pub(crate) fn add(&mut self, statement: &'static str) -> Values<'_> {
        if self.statements == AT_ONCE {
            self.full
                .push((std::mem::take(&mut self.sql), std::mem::take(&mut self.arguments)));
            self.statements = 0;
        }
        self.sql.push_str(statement);
        self.statements += 1;
        Values {
            script: self,
            failed: false,
        }
    }

    /// Carries it all out, in order, stopping at the first error.
    pub(crate) async fn run(mut self, connection: &mut SqliteConnection) -> Result<()> {
        if self.statements > 0 {
            self.full.push((self.sql, self.arguments));
        }
        for (sql, arguments) in self.full {
            connection
                .execute(sqlx::query_with(AssertSqlSafe(sql), arguments))
                .await
                .map_err(|e| from_sqlx("writing", e))?;
        }
        Ok(())
    }
}

impl Values<'_> {
    /// Binds the statement's next parameter.
    pub(crate) fn bind<'v, T>(mut self, value: T) -> Self
    where
        T: Encode<'v, Sqlite> + Type<Sqlite>,
    {
        self.failed |= self.script.arguments.add(value).is_err();
        self
    }

    /// Ends the statement.
    pub(crate) fn done(self) -> Result<()> {
        if self.failed {
            return Err(Error::internal("a value cannot be bound to a statement"));
        }
        Ok(())
    }
}
