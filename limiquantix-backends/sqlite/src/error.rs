use limiquantix_core::error::{Error, Reason};
use sqlx::migrate::MigrateError;

/// What an error of SQLite means to the caller of a store.
///
/// Codes are of <https://www.sqlite.org/rescode.html>; the low byte is the primary code.
pub(crate) fn from_sqlx(doing: &str, error: sqlx::Error) -> Error {
    const CORRUPT: u32 = 11;
    const CONSTRAINT: u32 = 19;
    const MISMATCH: u32 = 20;
    const MISUSE: u32 = 21;
    const RANGE: u32 = 25;
    const NOT_A_DATABASE: u32 = 26;
    const ERROR: u32 = 1;

    let primary = error
        .as_database_error()
        .and_then(|e| e.code())
        .and_then(|code| code.parse::<u32>().ok())
        .map(|code| code & 0xff);
    let reason = match (&error, primary) {
        (_, Some(CORRUPT | NOT_A_DATABASE)) => Reason::Corrupt,
        // A rule of the schema or of the language was broken: our statements are wrong, not the disk.
        (_, Some(ERROR | CONSTRAINT | MISMATCH | MISUSE | RANGE)) => Reason::Internal,
        // Full, I/O error, busy, read-only, cannot open, out of memory …: the same call may succeed later.
        (_, Some(_)) => Reason::StoreUnavailable,
        (sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_), _) => Reason::Corrupt,
        (
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed,
            _,
        ) => Reason::StoreUnavailable,
        _ => Reason::Internal,
    };
    let what = match reason {
        Reason::Corrupt => "the database is damaged",
        Reason::StoreUnavailable => "the database cannot be used now",
        _ => "the database refused a statement",
    };
    Error::new(reason, format!("{what}: while {doing}")).caused_by(error)
}

/// What an error of a migration means to whoever opens the store. `newest` is the newest schema known here.
pub(crate) fn from_migrate(error: MigrateError, newest: i64) -> Error {
    match error {
        MigrateError::VersionMissing(found) if found > newest => schema_too_new(found, newest),
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) | MigrateError::Dirty(_) => {
            let message = "the database's schema is not one that this program made";
            Error::new(Reason::Corrupt, message).caused_by(error)
        }
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => {
            from_sqlx("bringing the schema up to date", e)
        }
        other => Error::internal("the schema cannot be brought up to date").caused_by(other),
    }
}

/// The database is of a program newer than this one.
pub(crate) fn schema_too_new(found: i64, newest: i64) -> Error {
    let message =
        format!("the database has schema version {found}, and this program knows versions up to {newest}");
    Error::new(Reason::SchemaTooNew, message)
        .with("found", found.to_string())
        .with("known", newest.to_string())
}

/// The store was closed, or the runtime that it worked on has ended.
pub(crate) fn closed() -> Error {
    Error::new(Reason::StoreUnavailable, "the store is closed")
}
