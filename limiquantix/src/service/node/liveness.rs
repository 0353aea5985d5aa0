use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use limiquantix_core::identity::NodeId;
use limiquantix_core::time::{Monotonic, Timestamp};
use limiquantix_core::unit::{Bytes, MilliCpus};

/// What a node uses, as it says itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NodeUsage {
    /// Processor time in use.
    pub cpu: MilliCpus,
    /// Memory in use.
    pub memory: Bytes,
    /// Disk space in use.
    pub disk: Bytes,
    /// When it was said, by the control plane's clock.
    pub seen_at: Timestamp,
}

/// When each node was last heard of, by the control plane's own monotonic clock: the node's clock and steps
/// of the wall clock decide nothing.
#[derive(Debug)]
pub(crate) struct Liveness {
    started: Monotonic,
    beats: Mutex<BTreeMap<NodeId, (Monotonic, NodeUsage)>>,
}

impl Liveness {
    pub(crate) fn new(started: Monotonic) -> Self {
        Self {
            started,
            beats: Mutex::default(),
        }
    }

    pub(crate) fn beat(&self, node: NodeId, at: Monotonic, usage: NodeUsage) {
        self.beats
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(node, (at, usage));
    }

    /// The node was heard of by other means than a heartbeat.
    pub(crate) fn hear(&self, node: NodeId, at: Monotonic) {
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats.entry(node).or_insert((at, NodeUsage::default())).0 = at;
    }

    /// How long a node has been silent. One that was never heard of is given the time since the start: after
    /// a restart of the control plane every node gets its chance to report.
    pub(crate) fn silence(&self, node: NodeId, now: Monotonic) -> Duration {
        let beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        now.since(beats.get(&node).map_or(self.started, |(at, _)| *at))
    }

    pub(crate) fn usage(&self, node: NodeId) -> Option<NodeUsage> {
        self.beats
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&node)
            .map(|(_, usage)| *usage)
    }
}
