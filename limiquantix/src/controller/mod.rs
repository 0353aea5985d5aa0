//! What nobody asks for: controllers compare what is with what should be, and act through the same commits
//! as everybody else. They take no input, so running one twice, late, or on two replicas does no harm.

mod node_monitor;
mod recommendations;
mod retention;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::control_plane::Parts;

/// Starts them all; they end with `stop`.
pub(crate) fn spawn(parts: &Arc<Parts>, stop: &CancellationToken) {
    let follower = Arc::clone(parts);
    let until = stop.clone();
    tokio::spawn(async move { follower.placer.follow(until).await });
    tokio::spawn(recommendations::run(Arc::clone(parts), stop.clone()));
    tokio::spawn(node_monitor::run(Arc::clone(parts), stop.clone()));
    tokio::spawn(retention::run(Arc::clone(parts), stop.clone()));
}
