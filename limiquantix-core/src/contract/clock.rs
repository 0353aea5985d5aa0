use crate::time::{Monotonic, Timestamp};

/// Reads the time. Injected wherever time matters, so that tests and simulations decide what time it is.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The wall clock, for display. May step in both directions.
    fn now(&self) -> Timestamp;

    /// A clock that never steps and, where the platform has one, counts through suspend. Two values are
    /// comparable only if they come from the same `Clock`.
    fn monotonic(&self) -> Monotonic;
}
