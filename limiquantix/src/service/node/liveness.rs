use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use limiquantix_core::identity::NodeId;
use limiquantix_core::time::{Monotonic, Timestamp};
use limiquantix_core::unit::{Bytes, MilliCpus};

/// What a node uses, as it measures it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NodeUsage {
    /// Processor time in use.
    pub cpu: MilliCpus,
    /// Memory in use.
    pub memory: Bytes,
    /// Disk space in use.
    pub disk: Bytes,
}

/// The last heartbeat of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastHeartbeat {
    /// When it arrived, by the control plane's clock.
    pub at: Timestamp,
    /// What the node uses, if it said so.
    pub usage: Option<NodeUsage>,
}

/// When each node was last heard of, by the control plane's own monotonic clock: the node's clock and steps
/// of the wall clock decide nothing.
#[derive(Debug)]
pub(crate) struct Liveness {
    started: Monotonic,
    heard: Mutex<BTreeMap<NodeId, Heard>>,
}

#[derive(Debug, Clone, Copy)]
struct Heard {
    at: Monotonic,
    heartbeat: Option<LastHeartbeat>,
}

impl Liveness {
    pub(crate) fn new(started: Monotonic) -> Self {
        Self {
            started,
            heard: Mutex::default(),
        }
    }

    pub(crate) fn beat(&self, node: NodeId, at: Monotonic, heartbeat: LastHeartbeat) {
        let heartbeat = Some(heartbeat);
        self.lock().insert(node, Heard { at, heartbeat });
    }

    /// The node was heard of by other means than a heartbeat.
    pub(crate) fn hear(&self, node: NodeId, at: Monotonic) {
        let silent = Heard { at, heartbeat: None };
        self.lock().entry(node).or_insert(silent).at = at;
    }

    /// The node was removed.
    pub(crate) fn forget(&self, node: NodeId) {
        self.lock().remove(&node);
    }

    /// How long a node has been silent. One that was never heard of is given the time since the start: after
    /// a restart of the control plane every node gets its chance to report.
    pub(crate) fn silence(&self, node: NodeId, now: Monotonic) -> Duration {
        now.since(self.lock().get(&node).map_or(self.started, |heard| heard.at))
    }

    pub(crate) fn heartbeat(&self, node: NodeId) -> Option<LastHeartbeat> {
        self.lock().get(&node)?.heartbeat
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeId, Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
