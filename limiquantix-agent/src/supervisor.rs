//! Keeps one worker per assigned VM, and wakes workers when the hypervisor says that something happened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use limiquantix_core::Result;
use limiquantix_core::contract::InstanceEvent;
use limiquantix_core::identity::{NodeId, VmId};
use limiquantix_core::reconcile::Assignment;
use limiquantix_core::resource::Accel;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::agent::Parts;
use crate::worker::{self, Shared};

/// How many VMs are worked on at once. Starting a guest costs disk and memory bandwidth; a node that comes
/// back with a hundred VMs must not try all of them in the same second.
const AT_ONCE: usize = 8;

#[derive(Debug)]
pub(crate) struct Supervisor {
    parts: Arc<Parts>,
    accel: Accel,
    turns: Arc<Semaphore>,
    session: watch::Sender<Option<Session>>,
    workers: Arc<Mutex<BTreeMap<VmId, Handle>>>,
    /// The connection that was made and the VMs named on it, until the full list has been told. Workers hear
    /// of it then: before, what they go by may be long outdated.
    listing: Option<(Session, BTreeSet<VmId>)>,
    /// One worker at a time has a VM: one that comes back waits until the old one has let go.
    lanes: BTreeMap<VmId, Arc<tokio::sync::Mutex<()>>>,
    running: JoinSet<()>,
    stop: CancellationToken,
}

/// To whom workers report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) node: NodeId,
    pub(crate) boot_id: String,
    /// Grows with every connection: the control plane may have missed what was reported on an earlier one.
    pub(crate) number: u64,
}

#[derive(Debug)]
struct Handle {
    assignment: watch::Sender<Assignment>,
    wake: Arc<Notify>,
    stop: CancellationToken,
}

impl Supervisor {
    /// Begins to listen to the hypervisor. Workers come with assignments.
    pub(crate) async fn start(parts: Arc<Parts>, accel: Accel, stop: CancellationToken) -> Result<Self> {
        let workers: Arc<Mutex<BTreeMap<VmId, Handle>>> = Arc::default();
        let mut events = parts.hypervisor.events().await?;
        let mut running = JoinSet::new();
        let (listeners, until) = (Arc::clone(&workers), stop.clone());
        running.spawn(async move {
            loop {
                let event = tokio::select! {
                    () = until.cancelled() => return,
                    event = events.next() => event,
                };
                let workers = listeners.lock().unwrap_or_else(PoisonError::into_inner);
                match event {
                    Some(InstanceEvent::Changed(vm)) => {
                        if let Some(worker) = workers.get(&vm) {
                            worker.wake.notify_one();
                        }
                    }
                    Some(InstanceEvent::Resync) => workers.values().for_each(|w| w.wake.notify_one()),
                    None => {
                        warn!("the hypervisor's events have ended");
                        return;
                    }
                }
            }
        });
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let session = watch::Sender::new(None);
        Ok(Self {
            parts,
            accel,
            turns,
            session,
            workers,
            listing: None,
            lanes: BTreeMap::new(),
            running,
            stop,
        })
    }

    /// A connection was made; the full list follows.
    pub(crate) fn connected(&mut self, node: NodeId, boot_id: &str) {
        let number = self.session.borrow().as_ref().map_or(0, |s| s.number) + 1;
        let session = Session {
            node,
            boot_id: boot_id.to_owned(),
            number,
        };
        self.listing = Some((session, BTreeSet::new()));
    }

    /// The VM is assigned to this node, as described.
    pub(crate) fn assign(&mut self, assignment: Assignment) {
        if let Some((_, named)) = &mut self.listing {
            named.insert(assignment.vm);
        }
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = workers.get(&assignment.vm) {
            known.assignment.send_if_modified(|present| {
                let news = *present != assignment;
                if news {
                    *present = assignment;
                }
                news
            });
            return;
        }
        let vm = assignment.vm;
        let (sender, assignment) = watch::channel(assignment);
        let wake = Arc::new(Notify::new());
        let stop = self.stop.child_token();
        let shared = Shared {
            parts: Arc::clone(&self.parts),
            accel: self.accel,
            turns: Arc::clone(&self.turns),
            session: self.session.subscribe(),
            wake: Arc::clone(&wake),
            stop: stop.clone(),
        };
        let lane = Arc::clone(self.lanes.entry(vm).or_default());
        self.running.spawn(async move {
            let _lane = lane.lock_owned().await;
            worker::run(shared, assignment).await;
        });
        workers.insert(
            vm,
            Handle {
                assignment: sender,
                wake,
                stop,
            },
        );
    }

    /// The VM is not this node's any more. Its machine is not touched: only an assignment says what to do.
    pub(crate) fn withdraw(&mut self, vm: VmId) {
        let gone = self
            .workers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&vm);
        if let Some(worker) = gone {
            debug!(%vm, "no longer assigned");
            worker.stop.cancel();
        }
        while self.running.try_join_next().is_some() {}
        self.lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
    }

    /// The full list has been told: what was not named is not assigned any more.
    pub(crate) fn synced(&mut self) {
        let Some((session, named)) = self.listing.take() else {
            return;
        };
        let known: Vec<VmId> = self
            .workers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .copied()
            .collect();
        for vm in known.into_iter().filter(|vm| !named.contains(vm)) {
            self.withdraw(vm);
        }
        self.session.send_replace(Some(session));
    }

    /// Waits until every worker has put down what it was doing.
    pub(crate) async fn join(mut self) {
        self.stop.cancel();
        while self.running.join_next().await.is_some() {}
    }
}
