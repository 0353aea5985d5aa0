use std::time::Duration;

/// What can be chosen about a [`SqliteStore`](crate::SqliteStore).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What an acknowledged commit survives.
    pub durability: Durability,
    /// How many commits are kept for watches to resume from; at least 1.
    pub retain: u64,
    /// How many reads can run at the same time; at least 1. Each costs a thread and, when busy, a few
    /// megabytes of page cache.
    pub readers: u32,
    /// How long to wait for a lock that another program holds on the database file (a backup tool, a
    /// shell), before calling it unavailable.
    pub busy_timeout: Duration,
}

impl Default for Options {
    /// Durable against power loss; 10,000 commits kept (at some kilobytes each, some tens of megabytes); 4
    /// readers, as more only contend for the cores of a small machine; 5 s of patience.
    fn default() -> Self {
        Self {
            durability: Durability::PowerLoss,
            retain: 10_000,
            readers: 4,
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// What an acknowledged commit survives. At either level the database is consistent after any crash, and a
/// commit is there whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The loss of power, as far as the disk tells the truth about its flushes: the write-ahead log is
    /// synced at every COMMIT (`synchronous = FULL`).
    PowerLoss,
    /// The end of the process, by whatever signal, but not of the machine: the log is synced at checkpoints
    /// only (`synchronous = NORMAL`), so the last commits before a power loss may be missing. For tests and
    /// demos; never where an agent may have acted on a commit.
    ProcessCrash,
}
