//! Ids that repeat from run to run.

use std::sync::atomic::{AtomicU64, Ordering};

use limiquantix_core::contract::IdSource;
use uuid::Uuid;

use crate::fixtures::T0;

/// Makes UUIDs of version 7 whose time part counts up by a millisecond each and whose random part is drawn
/// from a seed: ascending, distinct between seeds, and the same in every run.
#[derive(Debug)]
pub struct SequentialIds {
    seed: u64,
    made: AtomicU64,
}

impl SequentialIds {
    /// Ids of this seed, from the first.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            made: AtomicU64::new(0),
        }
    }
}

impl Default for SequentialIds {
    fn default() -> Self {
        Self::new(0)
    }
}

impl IdSource for SequentialIds {
    fn next(&self) -> Uuid {
        let n = self.made.fetch_add(1, Ordering::SeqCst);
        let millis = (T0.micros() / 1000).unsigned_abs() + n;
        let high = mix(self.seed ^ n.rotate_left(32));
        let low = mix(high ^ self.seed.rotate_left(17));
        version_7(millis, (u128::from(high) << 64) | u128::from(low))
    }
}

/// A UUID of version 7 with this time, and its other bits from `random`.
pub(crate) fn version_7(millis: u64, random: u128) -> Uuid {
    let time = u128::from(millis & 0xffff_ffff_ffff) << 80;
    let version = 7u128 << 76;
    let variant = 2u128 << 62;
    let free = !((0xffff_ffff_ffff_u128 << 80) | (0xf_u128 << 76) | (3u128 << 62));
    Uuid::from_u128(time | version | variant | (random & free))
}

/// The finalizer of SplitMix64: every bit of the result depends on every bit of the input.
pub(crate) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
