use std::sync::Arc;

use crate::error::{Error, Reason, Result};
use crate::lifecycle::cancelled;
use crate::resource::{Node, NodePhase, Task, TaskState, Vm};
use crate::time::Timestamp;

/// The most VMs that a refusal names.
const NAMED: usize = 10;

/// What is on a node.
#[derive(Debug, Clone, Copy)]
pub struct Occupants<'a> {
    /// The VMs that are placed on it.
    pub vms: &'a [Arc<Vm>],
    /// How many VMs it has promised room to: more than are placed on it, where one is on its way.
    pub promised: u32,
    /// Volumes on it that belong to none of its VMs.
    pub volumes: usize,
}

/// Decides whether a node may be removed now.
///
/// `heard` says whether it was heard of lately. `gone` is the statement that it is destroyed and never comes
/// back: VMs that are being deleted are no obstacle then, as nobody is left to confirm it, but all others are.
///
/// Refusals: `NODE_ALIVE`, whatever is stated; `NODE_NOT_EMPTY` with how many VMs and volumes are in the way.
pub fn admit_removal(node: &Node, heard: bool, here: Occupants<'_>, gone: bool) -> Result<()> {
    if heard || node.status.phase == NodePhase::Ready {
        let message = format!("node {} is alive: its agent reports", node.name);
        return Err(Error::new(Reason::NodeAlive, message).with("node", node.id.to_string()));
    }
    let in_the_way: Vec<&Arc<Vm>> = here.vms.iter().filter(|vm| !(gone && vm.deleting)).collect();
    let confirmed = here.vms.len() - in_the_way.len();
    let vms = in_the_way
        .len()
        .max((here.promised as usize).saturating_sub(confirmed));
    if vms == 0 && here.volumes == 0 {
        return Ok(());
    }
    let names: Vec<&str> = in_the_way.iter().take(NAMED).map(|vm| vm.name.as_str()).collect();
    let more = if names.len() < vms { ", …" } else { "" };
    let message = match (vms, here.volumes) {
        (0, volumes) => format!("node {} has {volumes} volumes of no VM", node.name),
        (vms, _) if gone => format!(
            "node {} has {vms} VMs that are not being deleted: {}{more}",
            node.name,
            names.join(", ")
        ),
        (vms, _) => format!("node {} has {vms} VMs: {}{more}", node.name, names.join(", ")),
    };
    Err(Error::new(Reason::NodeNotEmpty, message)
        .with("node", node.id.to_string())
        .with("vms", vms.to_string())
        .with("volumes", here.volumes.to_string()))
}

/// The task of a VM that is removed together with its node, ended as its agent would have ended it; `None` if it
/// has ended already.
pub fn removed_with_node(task: &Task, node: &Node, now: Timestamp) -> Option<Task> {
    if task.state.is_terminal() {
        return None;
    }
    let mut task = task.clone();
    task.note(now, format!("removed with node {}, which is gone", node.name));
    match task.cancel_requested {
        true => task.finish(now, TaskState::Cancelled, Some(cancelled())),
        false => task.finish(now, TaskState::Succeeded, None),
    }
    Some(task)
}
