//! What a node's agent sees of the control plane: what is assigned to its node, and where to report.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use limiquantix_core::contract::{
    BoxStream, ChangeKind, Changeset, ConsoleSource, NodeRegistration, Repository, Selector, SessionId,
    Uplink, UplinkEvent,
};
use limiquantix_core::identity::NodeId;
use limiquantix_core::reconcile::Assignment;
use limiquantix_core::resource::{Node, NodeAllocation, Snapshot, Task, Vm, Volume, VolumePhase};
use limiquantix_core::settle::{VmReport, settle};
use limiquantix_core::time::Timestamp;
use limiquantix_core::volume::enter;
use limiquantix_core::{Error, Reason, Result};
use tracing::debug;

use crate::call::{ROUNDS, lost_race};
use crate::console::AgentConsole;
use crate::control_plane::Parts;
use crate::mutation::event;
use crate::service::{NodeService, WatchEvent, WatchStart, alert, claims, settle_snapshots, snapshots_of};

/// The agents' side of the control plane.
#[derive(Debug, Clone)]
pub struct AgentLink {
    parts: Arc<Parts>,
}

impl AgentLink {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The agent has dialled back for a console: its end of it.
    pub fn console(&self, session: SessionId) -> Result<AgentConsole> {
        self.parts.consoles.serve(session)
    }

    async fn follow(&self, node: NodeId, boot_id: &str) -> Result<BoxStream<Result<UplinkEvent>>> {
        self.check_boot(node, boot_id).await?;
        let selector = Selector {
            node: Some(node),
            ..Selector::default()
        };
        let vms = crate::service::watch::<Vm>(&self.parts.store, selector, WatchStart::Initial).await?;
        let mut synced = false;
        let link = self.clone();
        let changes = vms.filter_map(move |event| {
            let news = match event {
                Err(e) => Some(Err(e)),
                Ok(WatchEvent::Bookmark(_)) if synced => None,
                Ok(WatchEvent::Bookmark(_)) => {
                    synced = true;
                    Some(Ok(News::Told(UplinkEvent::Synced)))
                }
                Ok(WatchEvent::Changed {
                    kind: ChangeKind::Deleted,
                    object,
                    ..
                }) => Some(Ok(News::Told(UplinkEvent::Removed(object.id)))),
                Ok(WatchEvent::Changed { object, .. }) => Some(Ok(News::Vm(object))),
            };
            let link = link.clone();
            async move {
                match news? {
                    Ok(News::Told(event)) => Some(Ok(event)),
                    Ok(News::Vm(vm)) => Some(link.assignment(&vm).await),
                    Err(e) => Some(Err(e)),
                }
            }
        });
        let consoles = self.parts.consoles.attach(node);
        let consoles = stream::unfold(consoles, |mut consoles| async move {
            let request = consoles.next().await?;
            Some((Ok(UplinkEvent::Console(request)), consoles))
        });
        // When another stream took over the consoles, this one ends too: one agent, one stream.
        let consoles = consoles.chain(stream::once(async {
            Err(Error::new(
                Reason::NodeSuperseded,
                "another agent of this node has connected",
            ))
        }));
        // An error is the last item, and the end follows at once: the other half may stay silent for ever.
        let both = stream::unfold(
            Some(Box::pin(stream::select(changes, consoles))),
            |rest| async move {
                let mut rest = rest?;
                let event = rest.next().await?;
                let rest = event.is_ok().then_some(rest);
                Some((event, rest))
            },
        );
        Ok(Box::pin(both))
    }

    /// What `vm` asks of its node. Its volumes are read after the VM, and are made before any guest of it runs: they
    /// may be further than the VM shows, never less far.
    async fn assignment(&self, vm: &Vm) -> Result<UplinkEvent> {
        let volumes = self.volumes(vm).await?;
        let unmade = volumes.iter().filter(|v| v.phase == VolumePhase::Creating);
        let assignment = Assignment::of(vm, &unmade.map(|v| v.id).collect())?;
        Ok(UplinkEvent::Assigned(Box::new(assignment)))
    }

    /// Settles a report and writes the outcome, in one commit.
    async fn settle(&self, node: NodeId, boot_id: &str, report: &VmReport) -> Result<()> {
        self.check_boot(node, boot_id).await?;
        // Whoever reports is alive, even if its heartbeats are held up.
        self.parts.liveness.hear(node, self.parts.clock.monotonic());
        for _ in 0..ROUNDS {
            match self.report_once(node, report).await {
                Err(e) if lost_race(&e) => self.parts.placer.refresh(node).await?,
                outcome => return outcome,
            }
        }
        Err(Error::new(
            Reason::VersionMismatch,
            format!("vm {} keeps changing", report.vm),
        ))
    }

    async fn report_once(&self, node: NodeId, report: &VmReport) -> Result<()> {
        let parts = &self.parts;
        let vm = Repository::<Vm>::new(Arc::clone(&parts.store))
            .get(&report.vm)
            .await?;
        if vm.placement.is_none_or(|p| p.node != node) {
            return Err(Error::new(
                Reason::StaleEpoch,
                format!("vm {} is not assigned to this node", vm.id),
            ));
        }
        let _turn = match vm.deleting {
            true => Some(parts.releases.lock().await),
            false => None,
        };
        let task = match &vm.operation {
            Some(op) => {
                Repository::<Task>::new(Arc::clone(&parts.store))
                    .find(&op.task)
                    .await?
            }
            None => None,
        };
        let now = parts.clock.now();
        let settled = settle(&vm, task.as_deref(), report, now)?;
        let mut changes = Changeset::new();
        alert::follow_report(parts, &vm, &settled, now, &mut changes).await?;
        match settled.vm {
            Some(mut after) => {
                self.volumes_made(&vm, report, now, &mut changes).await?;
                settle_snapshots(parts, &vm, &mut after, report, now, &mut changes).await?;
                if after != *vm {
                    changes.update(after);
                }
            }
            None => self.forget(&vm, now, &mut changes).await?,
        }
        if let Some(task) = settled.task {
            changes.update(task);
        }
        for (kind, message) in settled.events {
            debug!(vm = %vm.id, name = %vm.name, ?kind, %message, "vm event");
            changes.create(event(parts, &*vm, kind, message, now));
        }
        if changes.writes.is_empty() {
            return Ok(());
        }
        parts.placer.commit(changes).await.map(drop)
    }

    /// The VM is gone from its node: its record, its volumes and its reservation go in the same commit.
    pub(crate) async fn forget(&self, vm: &Vm, now: Timestamp, changes: &mut Changeset) -> Result<()> {
        changes.delete(vm);
        let volumes = self.volumes(vm).await?;
        for volume in &volumes {
            changes.delete(&**volume);
        }
        let snapshots = Repository::<Snapshot>::new(Arc::clone(&self.parts.store));
        for snapshot in snapshots_of(&snapshots, vm).await? {
            changes.delete(&*snapshot);
        }
        claims::release(&self.parts, vm, &volumes, now, changes).await?;
        let Some(placement) = vm.placement else {
            return Ok(());
        };
        let allocations = Repository::<NodeAllocation>::new(Arc::clone(&self.parts.store));
        let mut promised = NodeAllocation::clone(&*allocations.get(&placement.node).await?);
        promised.release(&vm.spec)?;
        promised.meta.updated_at = now;
        changes.update(promised);
        Ok(())
    }

    /// Writes down that volumes have been made, so that nothing ever makes them again.
    async fn volumes_made(
        &self,
        vm: &Vm,
        report: &VmReport,
        now: Timestamp,
        changes: &mut Changeset,
    ) -> Result<()> {
        if report.made.is_empty() {
            return Ok(());
        }
        let made = |v: &Volume| v.phase == VolumePhase::Creating && report.made.contains(&v.id);
        for volume in self.volumes(vm).await?.into_iter().filter(|v| made(v)) {
            changes.update(enter(&volume, VolumePhase::InUse, now)?);
        }
        Ok(())
    }

    async fn volumes(&self, vm: &Vm) -> Result<Vec<Arc<Volume>>> {
        let repository = Repository::<Volume>::new(Arc::clone(&self.parts.store));
        let mut found = Vec::with_capacity(vm.volumes.len());
        for id in &vm.volumes {
            found.extend(repository.find(id).await?);
        }
        Ok(found)
    }

    async fn check_boot(&self, id: NodeId, boot_id: &str) -> Result<()> {
        let node = match self.parts.placer.node(id) {
            Some(node) => node,
            None => {
                Repository::<Node>::new(Arc::clone(&self.parts.store))
                    .get(&id)
                    .await?
            }
        };
        if node.status.boot_id == boot_id {
            return Ok(());
        }
        let message = format!("node {} has registered with another boot", node.name);
        Err(Error::new(Reason::NodeSuperseded, message).with("node", id.to_string()))
    }
}

/// What a change is to a node's agent.
enum News {
    Told(UplinkEvent),
    Vm(Arc<Vm>),
}

#[async_trait]
impl Uplink for AgentLink {
    async fn register(&self, node: &NodeRegistration) -> Result<NodeId> {
        NodeService::new(Arc::clone(&self.parts))
            .register(node)
            .await
            .map(|n| n.id)
    }

    async fn heartbeat(&self, node: NodeId, boot_id: &str) -> Result<Duration> {
        let nodes = NodeService::new(Arc::clone(&self.parts));
        nodes.heartbeat(node, boot_id, None).await.map(|h| h.next)
    }

    async fn assignments(&self, node: NodeId, boot_id: &str) -> Result<BoxStream<Result<UplinkEvent>>> {
        self.follow(node, boot_id).await
    }

    async fn report(&self, node: NodeId, boot_id: &str, report: &VmReport) -> Result<()> {
        self.settle(node, boot_id, report).await
    }

    async fn serve_console(
        &self,
        session: SessionId,
        from_guest: BoxStream<ConsoleSource>,
    ) -> Result<BoxStream<Vec<u8>>> {
        let AgentConsole { sender, mut receiver } = self.console(session)?;
        tokio::spawn(async move {
            let mut from_guest = from_guest;
            loop {
                tokio::select! {
                    () = sender.closed() => return,
                    chunk = from_guest.next() => {
                        let Some(chunk) = chunk else { return };
                        if sender.send(chunk).await.is_err() {
                            return;
                        }
                    }
                }
            }
        });
        Ok(Box::pin(stream::poll_fn(move |cx| receiver.poll_recv(cx))))
    }
}
