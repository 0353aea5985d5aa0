//! Points in time, as numbers. Reading the clock is the business of [`Clock`](crate::contract::Clock).

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Wall-clock time in microseconds since 1970-01-01T00:00:00Z. For display and ordering of records only:
/// nothing that must be safe may depend on it (clocks step).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads the spelling of RFC 3339, such as `2026-05-01T12:00:00Z`; digits beyond microseconds are cut off.
    /// Nothing if it is not that.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let time: jiff::Timestamp = text.parse().ok()?;
        Some(Self(time.as_microsecond()))
    }

    /// This much later; at the end of time it stays there.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// The time that has passed since `earlier`; zero if the clock went backwards in between.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Time since some fixed point of this process or boot; never steps. Durations that decide anything are
/// differences of these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(pub Duration);

impl Monotonic {
    /// The time that has passed since `earlier`, or zero.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}
