use std::time::{Duration, SystemTime, UNIX_EPOCH};

use limiquantix_core::contract::Clock;
use limiquantix_core::time::{Monotonic, Timestamp};
use rustix::time::{ClockId, clock_gettime};

/// The node's clocks. Monotonic time is `CLOCK_BOOTTIME`, which counts through suspend (clock_gettime(2)): a
/// node that slept must not believe that no time has passed.
#[derive(Debug, Clone, Copy, Default)]
pub struct BootClock;

impl Clock for BootClock {
    fn now(&self) -> Timestamp {
        let micros = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| d.as_micros());
        Timestamp(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Monotonic {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
        Monotonic(Duration::new(seconds, nanos))
    }
}
