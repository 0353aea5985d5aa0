use std::time::Duration;

/// Waits that double from 100 ms to 5 s: quick enough that a restarted server is found at once, slow enough
/// that ten thousand agents do not keep it from starting. Half of each wait depends on the caller's `salt`, so
/// that agents which lost the same server do not come back in step.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    attempt: u32,
    salt: u64,
}

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

impl Backoff {
    pub(crate) fn new(salt: u64) -> Self {
        Self { attempt: 0, salt }
    }

    /// It worked: the next wait is short again.
    pub(crate) fn reset(&mut self) {
        self.attempt = 0;
    }

    /// The next wait.
    pub(crate) fn next(&mut self) -> Duration {
        let full = FIRST.saturating_mul(1 << self.attempt.min(10)).min(LONGEST);
        self.attempt = self.attempt.saturating_add(1);
        // An odd multiplier spreads consecutive attempts of one caller over the whole range too.
        let mixed = self
            .salt
            .wrapping_add(u64::from(self.attempt))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            >> 32;
        full / 2 + (full / 2).mul_f64((mixed % 1000) as f64 / 1000.0)
    }
}
