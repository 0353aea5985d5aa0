//! Programs to kill, clients that do not give up, nodes to look at.

pub(crate) mod api;
#[cfg(feature = "libvirt")]
pub(crate) mod lab;
pub(crate) mod program;
pub(crate) mod random;

use std::time::Duration;

/// How long anything may take that has to happen, on a machine that is busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The outcome of `work`, which must come before patience ends.
pub(crate) async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| panic!("waited {PATIENCE:?} for {what}"))
}
