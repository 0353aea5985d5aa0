//! Points in time and lengths of it.

use std::time::Duration;

use buffa_types::google::protobuf;
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Result};

const MICROS: i64 = 1_000_000;

/// 0001-01-01T00:00:00Z, the first moment that the JSON form of a timestamp can express.
const FIRST: Timestamp = Timestamp(-62_135_596_800 * MICROS);
/// 9999-12-31T23:59:59.999999Z, the last one.
const LAST: Timestamp = Timestamp(253_402_300_800 * MICROS - 1);
/// The longest length of time that the JSON form can express: 10,000 years.
const LONGEST: Duration = Duration::from_secs(315_576_000_000);

/// A point in time. One before the year 1 or after the year 9999 becomes the first or last moment between
/// them: beyond, a message would have no JSON form, and one odd clock would make a whole list unreadable.
pub fn timestamp_to_wire(at: Timestamp) -> protobuf::Timestamp {
    let micros = at.clamp(FIRST, LAST).micros();
    let nanos = micros.rem_euclid(MICROS) * 1000;
    protobuf::Timestamp {
        seconds: micros.div_euclid(MICROS),
        // Below 10^9, so that it fits.
        nanos: i32::try_from(nanos).unwrap_or(0),
        ..Default::default()
    }
}

/// A point in time, cut to microseconds.
///
/// # Errors
///
/// `INVALID_FIELD` naming `field` if it is not one between the years 1 and 9999.
pub fn timestamp_from_wire(field: &str, at: &protobuf::Timestamp) -> Result<Timestamp> {
    let bad = || {
        Error::invalid(
            field,
            format!("{field} is not a time between the years 1 and 9999"),
        )
    };
    if !(0..1_000_000_000).contains(&at.nanos) {
        return Err(bad());
    }
    let micros = at.seconds.checked_mul(MICROS).ok_or_else(bad)?;
    let time = Timestamp(micros.checked_add(i64::from(at.nanos / 1000)).ok_or_else(bad)?);
    if time < FIRST || time > LAST {
        return Err(bad());
    }
    Ok(time)
}

/// A length of time, at most 10,000 years.
pub fn duration_to_wire(length: Duration) -> protobuf::Duration {
    length.min(LONGEST).into()
}

/// A length of time.
///
/// # Errors
///
/// `INVALID_FIELD` naming `field` if it is negative or malformed.
pub fn duration_from_wire(field: &str, length: &protobuf::Duration) -> Result<Duration> {
    Duration::try_from(length.clone()).map_err(|_| {
        Error::invalid(
            field,
            format!("{field} is not a length of time: it must not be negative"),
        )
    })
}
