use limiquantix_core::error::{Error, Result};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, Executor, Sqlite, SqliteConnection, Type};

use crate::error::from_sqlx;

/// How many rows' worth of statements go to the connection's thread at once. The way there and back costs
/// more than a small statement; longer scripts would gain little, and each different script stays in the
/// cache of prepared statements.
const AT_ONCE: usize = 64;

/// How many rows one INSERT takes. Few sizes, so that there are few statements to prepare.
const ROWS: [usize; 3] = [16, 4, 1];

/// Statements that follow each other. Their text is made of this crate's constants and every value is
/// bound, so that no text of a user is ever part of SQL.
#[derive(Default)]
pub(crate) struct Script {
    full: Vec<(String, SqliteArguments)>,
    sql: String,
    arguments: SqliteArguments,
    rows: usize,
    failed: bool,
}

impl Script {
    /// Adds a statement that is good for `rows` rows. Its parameters are all `?`; they are bound next, in
    /// order.
    pub(crate) fn add(&mut self, statement: &str, rows: usize) -> &mut Self {
        if self.rows > 0 && self.rows + rows > AT_ONCE {
            self.cut();
        }
        self.sql.push_str(statement);
        self.sql.push(';');
        self.rows += rows;
        self
    }

    /// Adds the insertion of rows, as many at once as there are. `bind` binds the values of one.
    pub(crate) fn insert<T>(
        &mut self,
        (into, values): (&'static str, &'static str),
        mut rows: &[T],
        bind: impl Fn(&mut Self, &T) -> Result<()>,
    ) -> Result<()> {
        while let Some(length) = ROWS.into_iter().find(|length| *length <= rows.len()) {
            let (some, rest) = rows.split_at(length);
            self.add(&repeated(into, values, "", length), length);
            for row in some {
                bind(self, row)?;
            }
            rows = rest;
        }
        Ok(())
    }

    /// Binds the next parameter.
    pub(crate) fn bind<'v, T>(&mut self, value: T) -> &mut Self
    where
        T: Encode<'v, Sqlite> + Type<Sqlite>,
    {
        self.failed |= self.arguments.add(value).is_err();
        self
    }

    /// Carries it all out, in order, stopping at the first error; returns the rows of all statements.
    pub(crate) async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Vec<SqliteRow>> {
        self.cut();
        if self.failed {
            return Err(Error::internal("a value cannot be bound to a statement"));
        }
        let mut rows = Vec::new();
        for (sql, arguments) in std::mem::take(&mut self.full) {
            let script = sqlx::query_with(AssertSqlSafe(sql), arguments);
            let more = connection.fetch_all(script).await;
            rows.extend(more.map_err(|e| from_sqlx("carrying out a transaction", e))?);
        }
        Ok(rows)
    }

    fn cut(&mut self) {
        if self.rows > 0 {
            self.rows = 0;
            let arguments = std::mem::take(&mut self.arguments);
            self.full.push((std::mem::take(&mut self.sql), arguments));
        }
    }
}

/// `head`, then `item` so many times with commas between, then `tail`.
pub(crate) fn repeated(head: &str, item: &str, tail: &str, times: usize) -> String {
    let mut sql = String::with_capacity(head.len() + times * (item.len() + 2) + tail.len());
    sql.push_str(head);
    for n in 0..times {
        sql.push_str(if n == 0 { "" } else { ", " });
        sql.push_str(item);
    }
    sql.push_str(tail);
    sql
}
