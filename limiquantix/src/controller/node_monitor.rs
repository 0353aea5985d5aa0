//! Notices that a node fell silent: shows the node as not ready and its VMs as unknown. Nothing is
//! restarted: silence is no proof that the guests are dead.

use std::sync::Arc;

use limiquantix_core::Result;
use limiquantix_core::contract::{Changeset, Repository, Selector};
use limiquantix_core::identity::NodeId;
use limiquantix_core::lifecycle::lose_sight;
use limiquantix_core::resource::{EventKind, Node, NodePhase, Vm, VmPhase};
use tokio_util::sync::CancellationToken;

use crate::call::lost_race;
use crate::control_plane::Parts;
use crate::mutation::event;
use crate::service::alert;

pub(super) async fn run(parts: Arc<Parts>, stop: CancellationToken) {
    // Twice per interval: silence is noticed at most half an interval late.
    let mut tick = tokio::time::interval(parts.settings.heartbeat_interval / 2);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        for node in parts.placer.nodes() {
            if let Err(e) = check(&parts, &node).await {
                tracing::warn!(node = %node.name, error = %e, "cannot record the state of a node");
            }
        }
    }
}

async fn check(parts: &Parts, node: &Node) -> Result<()> {
    let silent = parts.liveness.silence(node.id, parts.clock.monotonic());
    match node.status.phase {
        NodePhase::Ready if silent > parts.settings.heartbeat_timeout => {
            mark_not_ready(parts, node, silent).await?;
            mark_vms_unknown(parts, node.id).await
        }
        // Finishes the marking when it was interrupted, and marks what was placed in between.
        NodePhase::NotReady if silent > parts.settings.heartbeat_timeout => {
            mark_vms_unknown(parts, node.id).await
        }
        _ => Ok(()),
    }
}

async fn mark_not_ready(parts: &Parts, node: &Node, silent: std::time::Duration) -> Result<()> {
    let now = parts.clock.now();
    let mut changed = node.clone();
    changed.status.phase = NodePhase::NotReady;
    changed.status.phase_since = now;
    changed.meta.updated_at = now;
    let message = format!("no heartbeat for {} s", silent.as_secs());
    tracing::warn!(node = %node.name, %message, "node is not ready");
    let event = event(parts, &changed, EventKind::NodeNotReady, message, now);
    let mut changes = Changeset::new();
    alert::node_is_silent(parts, &changed, silent, now, &mut changes).await?;
    changes.update(changed).create(event);
    commit_unless_raced(parts, changes).await
}

/// In batches: a node may have hundreds of VMs, and one busy one must not hold up the others.
async fn mark_vms_unknown(parts: &Parts, node: NodeId) -> Result<()> {
    const BATCH: usize = 64;
    let now = parts.clock.now();
    let phases = VmPhase::ALL
        .iter()
        .filter(|p| **p != VmPhase::Unknown && **p != VmPhase::Deleting);
    let selector = Selector {
        node: Some(node),
        phases: phases.map(|p| p.as_str()).collect(),
        ..Selector::default()
    };
    let (vms, _) = Repository::<Vm>::new(Arc::clone(&parts.store))
        .all(selector)
        .await?;
    let lost: Vec<Vm> = vms.iter().filter_map(|vm| lose_sight(vm, now)).collect();
    for batch in lost.chunks(BATCH) {
        let mut changes = Changeset::new();
        for vm in batch {
            changes.update(vm.clone());
        }
        commit_unless_raced(parts, changes).await?;
    }
    Ok(())
}

/// What changed meanwhile is looked at again on the next tick.
async fn commit_unless_raced(parts: &Parts, changes: Changeset) -> Result<()> {
    match parts.placer.commit(changes).await {
        Ok(_) => Ok(()),
        Err(e) if lost_race(&e) => Ok(()),
        Err(e) => Err(e),
    }
}
