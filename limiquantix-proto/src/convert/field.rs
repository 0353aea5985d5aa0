//! What every decoder needs: paths, numbers that must not be negative, enum values that must be known.

use buffa::{EnumValue, Enumeration};
use limiquantix_core::{Error, Result};

/// The path of field `name` of the message at `at`; the message of a request is at "".
pub(super) fn path(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}

/// A number that counts something.
pub(super) fn unsigned(field: &str, value: i32) -> Result<u32> {
    u32::try_from(value).map_err(|_| negative(field, i64::from(value)))
}

/// A number of bytes or a position in them.
pub(super) fn unsigned_wide(field: &str, value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|_| negative(field, value))
}

/// The number as the wire holds it, or the largest that it holds.
pub(super) fn signed(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// The number as the wire holds it, or the largest that it holds.
pub(super) fn signed_wide(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A value of the enum as this version knows it. Acting on a value from the future as if it had not been
/// given would do something else than was asked for.
pub(super) fn known<E: Enumeration>(field: &str, value: EnumValue<E>) -> Result<E> {
    value.as_known().ok_or_else(|| {
        Error::invalid(
            field,
            format!(
                "{field} has the value {}, which this server does not know",
                value.to_i32()
            ),
        )
    })
}

/// Something that must be given was not.
pub(super) fn required(field: impl Into<String>) -> Error {
    let field = field.into();
    let message = format!("{field} is required");
    Error::invalid(field, message)
}

fn negative(field: &str, value: i64) -> Error {
    Error::invalid(field, format!("{field} is {value}: it must not be negative"))
}
