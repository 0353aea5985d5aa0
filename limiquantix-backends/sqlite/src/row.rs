use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::resource::{Kind, Object, ObjectKey, Revision};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqlitePool};

use crate::error::from_sqlx;

pub(crate) const GET: &str = "SELECT body FROM object INDEXED BY object_by_key WHERE kind = ? AND id = ?";

/// The object, or `None`.
pub(crate) async fn get(readers: &SqlitePool, key: &ObjectKey) -> Result<Option<Object>> {
    let row = sqlx::query(GET)
        .bind(key.kind.as_str())
        .bind(key.id.clone())
        .fetch_optional(readers)
        .await
        .map_err(|e| from_sqlx("reading an object", e))?;
    row.map(|row| decode(key, blob(&row, 0)?)).transpose()
}

pub(crate) const REVISION: &str = "SELECT revision FROM store WHERE id = 1";

/// The revision of the last commit. Read from the database, as pages are, so that it is never behind one.
pub(crate) async fn revision(readers: &SqlitePool) -> Result<Revision> {
    let row = sqlx::query(REVISION)
        .fetch_one(readers)
        .await
        .map_err(|e| from_sqlx("reading the revision", e))?;
    number(&row, 0).map(Revision)
}

/// Reads an object's stored form. What cannot be read, or is another object, is `CORRUPT` and named: a
/// list that left it out would be a lie.
pub(crate) fn decode(key: &ObjectKey, bytes: &[u8]) -> Result<Object> {
    let corrupt = |what: &str| {
        Error::new(Reason::Corrupt, format!("the stored {key} {what}")).with("key", key.to_string())
    };
    let object = Object::decode(key.kind, bytes).map_err(|e| corrupt("cannot be read").caused_by(e))?;
    if object.key() != *key {
        return Err(corrupt("is another object"));
    }
    Ok(object)
}

/// The key in a row.
pub(crate) fn key(kind: &str, id: &str) -> Result<ObjectKey> {
    let kind = Kind::parse(kind).ok_or_else(|| {
        let key = format!("{kind}/{id}");
        Error::new(Reason::Corrupt, format!("the stored {key} is of no known kind")).with("key", key)
    })?;
    Ok(ObjectKey { kind, id: id.into() })
}

pub(crate) fn text(row: &SqliteRow, column: usize) -> Result<&str> {
    row.try_get(column).map_err(|e| from_sqlx("reading a row", e))
}

pub(crate) fn blob(row: &SqliteRow, column: usize) -> Result<&[u8]> {
    row.try_get(column).map_err(|e| from_sqlx("reading a row", e))
}

pub(crate) fn maybe_text(row: &SqliteRow, column: usize) -> Result<Option<&str>> {
    row.try_get(column).map_err(|e| from_sqlx("reading a row", e))
}

pub(crate) fn maybe_blob(row: &SqliteRow, column: usize) -> Result<Option<&[u8]>> {
    row.try_get(column).map_err(|e| from_sqlx("reading a row", e))
}

pub(crate) fn number(row: &SqliteRow, column: usize) -> Result<u64> {
    let number: i64 = row.try_get(column).map_err(|e| from_sqlx("reading a row", e))?;
    u64::try_from(number).map_err(|_| Error::new(Reason::Corrupt, "a stored number is negative"))
}
