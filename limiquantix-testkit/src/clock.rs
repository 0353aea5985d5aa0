//! A clock that stands still until a test moves it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use limiquantix_core::contract::Clock;
use limiquantix_core::time::{Monotonic, Timestamp};

use crate::fixtures::T0;

/// A clock that a test sets. The wall clock may step in both directions; the monotonic one only advances,
/// as the contract promises, so that code which mistakes one for the other is found out.
#[derive(Debug)]
pub struct ManualClock {
    wall_micros: AtomicI64,
    monotonic_nanos: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `now`. Its monotonic time begins at an hour, not at zero: a default value must
    /// not look like the present.
    pub fn at(now: Timestamp) -> Self {
        Self {
            wall_micros: AtomicI64::new(now.micros()),
            monotonic_nanos: AtomicU64::new(3_600_000_000_000),
        }
    }

    /// Lets time pass: both clocks advance.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).expect("a test advances by less than 292,000 years");
        let nanos = u64::try_from(by.as_nanos()).expect("a test advances by less than 584 years");
        self.wall_micros.fetch_add(micros, Ordering::SeqCst);
        self.monotonic_nanos.fetch_add(nanos, Ordering::SeqCst);
    }

    /// Steps the wall clock, as an administrator or NTP would; the monotonic clock does not notice.
    pub fn set_wall(&self, now: Timestamp) {
        self.wall_micros.store(now.micros(), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::at(T0)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.wall_micros.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(Duration::from_nanos(self.monotonic_nanos.load(Ordering::SeqCst)))
    }
}
