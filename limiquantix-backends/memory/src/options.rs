/// What can be chosen about a [`MemoryStore`](crate::MemoryStore).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many commits are kept for watches to resume from; at least 1.
    pub retain: u64,
}

impl Default for Options {
    /// 10,000 commits: at a hundred per second, a follower may be away for more than a minute; at some
    /// kilobytes each, they take some tens of megabytes.
    fn default() -> Self {
        Self { retain: 10_000 }
    }
}
