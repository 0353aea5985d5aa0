use limiquantix_core::error::{Error, Result};

/// Runs file work on a thread that may wait for a disk.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        // The closure panicked: a bug of ours, which must not take the agent along.
        .map_err(|e| Error::internal(e.to_string()))?
}
