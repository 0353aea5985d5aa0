//! What the control plane raises and resolves by itself, in the commit of the fact it is about.

use std::time::Duration;

use super::{SYSTEM_KEYS, Trouble};
use crate::identity::{NodeId, VmId};
use crate::resource::{
    AlertSeverity, AlertSource, AlertSourceKind, EventKind, Node, StopCause, TaskState, Vm, VmPhase,
};
use crate::settle::Settled;

/// What is said when a node's alert is resolved.
pub const NODE_READY_AGAIN: &str = "heartbeats arrive again";

/// What is said when the node itself is.
pub const NODE_GONE: &str = "the node was removed";

/// What is said when the VM itself is.
pub const VM_GONE: &str = "the VM was deleted";

/// What a fact does to the alerts about its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// There is trouble.
    Raise(Trouble),
    /// If there was trouble, it is over, for the reason given.
    Resolve(&'static str),
}

/// The dedup key of a node that does not answer.
pub fn node_key(node: NodeId) -> String {
    format!("{SYSTEM_KEYS}node/{node}/not_ready")
}

/// The dedup key of a VM that does not do what it should: one at a time, because what failed last is what counts.
pub fn vm_key(vm: VmId) -> String {
    format!("{SYSTEM_KEYS}vm/{vm}/trouble")
}

/// A node fell silent. One in maintenance is expected to.
pub fn node_silent(node: &Node, silent: Duration) -> Trouble {
    Trouble {
        severity: match node.admin.maintenance {
            true => AlertSeverity::Info,
            false => AlertSeverity::Critical,
        },
        title: format!("node {} is not ready", node.name),
        message: format!(
            "no heartbeat for {} s; its VMs may or may not run, and nothing is restarted on that ground",
            silent.as_secs()
        ),
        source: AlertSource {
            kind: AlertSourceKind::Node,
            id: node.id.to_string(),
            name: node.name.to_string(),
            project: None,
            node: Some(node.id),
        },
        dedup_key: node_key(node.id),
    }
}

/// What a report about `vm` means for its alert, once it was settled. An operation that failed and a guest that
/// crashed are trouble; it is over when an operation succeeds, when the guest begins to run, and when the VM is gone.
pub fn of_report(vm: &Vm, settled: &Settled) -> Option<Change> {
    let Some(after) = &settled.vm else {
        return Some(Change::Resolve(VM_GONE));
    };
    let told = |kind: EventKind| settled.events.iter().find(|(k, _)| *k == kind);
    let trouble = |severity, title: String, message: &str| {
        Change::Raise(Trouble {
            severity,
            title,
            message: message.to_owned(),
            source: source_of(vm),
            dedup_key: vm_key(vm.id),
        })
    };
    if let Some((_, message)) = told(EventKind::VmFailed) {
        let severity = match after.status.phase {
            VmPhase::Error => AlertSeverity::Critical,
            _ => AlertSeverity::Warning,
        };
        let title = match &settled.task {
            Some(task) => format!("{} of vm {} failed", verb(task.kind.as_str()), vm.name),
            None => format!("vm {} failed", vm.name),
        };
        return Some(trouble(severity, title, message));
    }
    if told(EventKind::VmStopped).is_some() && after.status.cause == Some(StopCause::Crashed) {
        let title = format!("vm {} crashed", vm.name);
        let message = "the guest crashed; it stays off until somebody starts it";
        return Some(trouble(AlertSeverity::Critical, title, message));
    }
    if told(EventKind::VmStarted).is_some() {
        return Some(Change::Resolve("the VM runs"));
    }
    let succeeded = settled
        .task
        .as_ref()
        .is_some_and(|t| t.state == TaskState::Succeeded);
    succeeded.then_some(Change::Resolve("an operation on the VM succeeded"))
}

fn source_of(vm: &Vm) -> AlertSource {
    AlertSource {
        kind: AlertSourceKind::Vm,
        id: vm.id.to_string(),
        name: vm.name.to_string(),
        project: Some(vm.project.clone()),
        node: vm.placement.map(|p| p.node),
    }
}

/// `create_vm` is `create` to people.
fn verb(kind: &str) -> &str {
    kind.split('_').next().unwrap_or(kind)
}
