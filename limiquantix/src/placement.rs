//! Placement on live state: the planner's snapshot, kept current from the store's log, and the commit that
//! reserves what was planned.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::StreamExt as _;
use limiquantix_core::contract::{
    Change, Changeset, Commit, Repository, Scheduler, Selector, Store, WatchFilter,
};
use limiquantix_core::identity::{ClusterId, NodeId, ProjectId, VmId};
use limiquantix_core::planning::{
    ClusterSnapshot, Constraint, NodeView, Placed, PlacementReport, PlacementRequest, Policy, RuleIndex,
    error as no_node_fits,
};
use limiquantix_core::resource::{
    AdminState, Cluster, Kind, Labels, Node, NodeAllocation, NodePhase, Object, PlacementRule, ProjectUsage,
    Revision, Vm, VmSpec,
};
use limiquantix_core::{Error, Reason, Result};
use tokio_util::sync::CancellationToken;

/// The planner's view of the nodes and the turnstile of placements.
#[derive(Debug)]
pub(crate) struct Placer {
    store: Arc<dyn Store>,
    scheduler: Arc<dyn Scheduler>,
    policy: Policy,
    view: RwLock<View>,
    /// Told whenever more of the log was followed.
    progress: tokio::sync::Notify,
    /// One placement at a time within this process: two plans on the same snapshot would choose the same
    /// node, and one would have to be thrown away. The versions in the commit are what makes it safe.
    turn: tokio::sync::Mutex<()>,
    /// Held to read while a commit is made and noted, so that [`settled`](Self::settled) can wait for it.
    noting: tokio::sync::RwLock<()>,
}

/// How long a placement waits for the store's log, which is behind by milliseconds at most where all is well.
const BEHIND: std::time::Duration = std::time::Duration::from_secs(5);

/// What a plan rests on, as it was read: the commit that carries the plan out is guarded by it.
#[derive(Debug)]
pub(crate) struct Basis {
    /// The node.
    pub(crate) node: Arc<Node>,
    /// What is promised on it.
    pub(crate) allocation: Arc<NodeAllocation>,
    /// Its cluster, whose policy the plan followed.
    pub(crate) cluster: Option<Arc<Cluster>>,
}

impl Basis {
    /// Makes `changes` fail if the node or the policy of its cluster has changed. The allocation is for the
    /// caller to update.
    pub(crate) fn guard(&self, changes: &mut Changeset) {
        changes.guard(&*self.node);
        if let Some(cluster) = &self.cluster {
            changes.guard(&**cluster);
        }
    }
}

#[derive(Debug, Default)]
struct View {
    snapshot: ClusterSnapshot,
    nodes: BTreeMap<NodeId, Arc<Node>>,
    allocations: BTreeMap<NodeId, Arc<NodeAllocation>>,
    clusters: BTreeMap<ClusterId, Arc<Cluster>>,
    rules: RuleIndex,
    /// The last commit up to which the log was followed without a gap.
    followed: Revision,
    /// Of which projects everything that was decided on their usage is known, up to which version of it: our own
    /// commits are known before the log tells of them.
    settled: BTreeMap<ProjectId, Revision>,
}

impl Placer {
    pub(crate) async fn load(
        store: Arc<dyn Store>,
        scheduler: Arc<dyn Scheduler>,
        policy: Policy,
    ) -> Result<Self> {
        let view = View::load(&store).await?;
        Ok(Self {
            store,
            scheduler,
            policy,
            view: RwLock::new(view),
            progress: tokio::sync::Notify::new(),
            turn: tokio::sync::Mutex::default(),
            noting: tokio::sync::RwLock::default(),
        })
    }

    /// Waits for this caller's turn to place.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// The best node for `request` with the versions that the plan rests on.
    pub(crate) fn plan(&self, request: &PlacementRequest) -> Option<(Placed, Basis)> {
        let view = self.read();
        let placed = self.scheduler.place(&view.snapshot, request, &self.policy)?;
        Some((placed, view.basis(placed.node)?))
    }

    pub(crate) fn explain(&self, request: &PlacementRequest) -> PlacementReport {
        self.scheduler
            .explain(&self.read().snapshot, request, &self.policy)
    }

    /// Refuses another spec for a VM if its own node cannot take it in place. Otherwise the versions that
    /// this rests on: read in one go with what was checked, so that nothing fits in between.
    pub(crate) fn fits_in_place(&self, vm: &Vm, spec: &VmSpec, node: NodeId) -> Result<Basis> {
        let unknown = || Error::not_found("node", node);
        let (mut view, basis) = {
            let known = self.read();
            let view = known.snapshot.node(node).cloned().ok_or_else(unknown)?;
            (view, known.basis(node).ok_or_else(unknown)?)
        };
        // A cordoned or silent node still has what its own VMs are made of.
        view.admin = AdminState::default();
        view.phase = NodePhase::Ready;
        view.taints.clear();
        let alone = ClusterSnapshot::new(vec![view]);
        let request = PlacementRequest::new(spec, None).holding(node, &vm.spec);
        match self.scheduler.place(&alone, &request, &self.policy) {
            Some(_) => Ok(basis),
            None => Err(no_node_fits(
                &self.scheduler.explain(&alone, &request, &self.policy),
                vm.name.as_str(),
            )),
        }
    }

    pub(crate) fn node(&self, id: NodeId) -> Option<Arc<Node>> {
        self.read().nodes.get(&id).cloned()
    }

    pub(crate) fn nodes(&self) -> Vec<Arc<Node>> {
        self.read().nodes.values().cloned().collect()
    }

    /// The nodes of a cluster, by id ascending.
    pub(crate) fn nodes_of(&self, cluster: ClusterId) -> Vec<NodeId> {
        self.read().members(cluster).collect()
    }

    /// What is promised on a node.
    pub(crate) fn allocation(&self, node: NodeId) -> Option<Arc<NodeAllocation>> {
        self.read().allocations.get(&node).cloned()
    }

    /// What the rules of `project` say about a VM with these labels, `vm` where it is there already.
    pub(crate) fn constraints(
        &self,
        project: &ProjectId,
        labels: &Labels,
        vm: Option<VmId>,
    ) -> Vec<Constraint> {
        self.read().rules.constraints(project, labels, vm)
    }

    /// Waits until everything is known that was placed in a project, or ruled there, before `usage`: another
    /// replica may have done it. Whoever plans afterwards and guards the commit with `usage` has missed nothing.
    pub(crate) async fn caught_up(&self, usage: &ProjectUsage) -> Result<()> {
        let known = || {
            let view = self.read();
            let settled = view.settled.get(&usage.id).copied().unwrap_or_default();
            usage.meta.revision <= view.followed.max(settled)
        };
        let waiting = async {
            loop {
                let told = self.progress.notified();
                if known() {
                    return;
                }
                told.await;
            }
        };
        tokio::time::timeout(BEHIND, waiting).await.map_err(|_| {
            let message = "the scheduler is behind the store's log";
            Error::new(Reason::StoreUnavailable, message).with("project", usage.id.as_str())
        })
    }

    /// Makes a commit and takes note of it.
    pub(crate) async fn commit(&self, changes: Changeset) -> Result<Commit> {
        let _noting = self.noting.read().await;
        let commit = self.store.commit(changes).await?;
        self.note(&commit);
        Ok(commit)
    }

    /// Waits until every commit that is being made in this process is known here. Who follows the store
    /// hears of a new node a moment before the planner does, and must not be told that there is none.
    pub(crate) async fn settled(&self) {
        drop(self.noting.write().await);
    }

    /// Takes note of a commit, at once for our own and from the log for others'. Older news than what is
    /// known is ignored, so the two may overtake each other.
    pub(crate) fn note(&self, commit: &Commit) {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        for change in &commit.changes {
            view.settle(change);
            match &change.after {
                Some(object) => view.upsert(object),
                None => view.remove(change.before.as_ref(), commit.revision),
            }
        }
    }

    /// Reads again what a lost race has shown to be stale.
    pub(crate) async fn refresh(&self, node: NodeId) -> Result<()> {
        for key in [
            limiquantix_core::resource::ObjectKey::of::<Node>(&node),
            limiquantix_core::resource::ObjectKey::of::<NodeAllocation>(&node),
        ] {
            match self.store.get(&key).await? {
                Some(object) => self
                    .view
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .upsert(&object),
                None => self
                    .view
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .forget(node),
            }
        }
        Ok(())
    }

    async fn refresh_cluster(&self, cluster: ClusterId) -> Result<()> {
        let found = Repository::<Cluster>::new(Arc::clone(&self.store))
            .find(&cluster)
            .await?;
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        match found {
            Some(found) => view.upsert(&Object::Cluster(found)),
            None => view.forget_cluster(cluster),
        }
        Ok(())
    }

    /// Reads again what the error of a lost race says has changed, if it is anything that is known here.
    pub(crate) async fn refresh_after(&self, lost: &Error) -> Result<()> {
        let changed = lost.get("key").and_then(|key| key.split_once('/'));
        match changed {
            Some((kind, id)) if kind == Kind::Cluster.as_str() => self.refresh_cluster(id.parse()?).await,
            Some((kind, id)) if [Kind::Node.as_str(), Kind::NodeAllocation.as_str()].contains(&kind) => {
                self.refresh(id.parse()?).await
            }
            _ => Ok(()),
        }
    }

    /// Follows the log until `stop`. When the log was cut off below us, or the store was away, everything is
    /// read anew.
    pub(crate) async fn follow(&self, stop: CancellationToken) {
        let lasting = async {
            loop {
                if let Err(e) = self.follow_once().await {
                    tracing::warn!(error = %e, "the scheduler lost the store's log; reading the nodes anew");
                }
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                match View::load(&self.store).await {
                    Ok(view) => *self.view.write().unwrap_or_else(PoisonError::into_inner) = view,
                    Err(e) => tracing::warn!(error = %e, "the scheduler cannot read the nodes"),
                }
            }
        };
        tokio::select! { () = lasting => {}, () = stop.cancelled() => {} }
    }

    async fn follow_once(&self) -> Result<()> {
        let from = self.read().followed;
        let filter = WatchFilter {
            kinds: vec![
                Kind::Node,
                Kind::NodeAllocation,
                Kind::Cluster,
                Kind::Vm,
                Kind::PlacementRule,
                Kind::ProjectUsage,
            ],
            selector: Selector::default(),
        };
        let mut log = self.store.watch(from, filter).await?;
        while let Some(commit) = log.next().await {
            let commit = commit?;
            self.note(&commit);
            self.followed_to(commit.revision);
        }
        Err(Error::new(Reason::StoreUnavailable, "the store's log ended"))
    }

    fn followed_to(&self, revision: Revision) {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        view.followed = view.followed.max(revision);
        drop(view);
        self.progress.notify_waiters();
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View {
    async fn load(store: &Arc<dyn Store>) -> Result<Self> {
        // Read first: what is read below is at least as new, and the log tells of what is newer.
        let followed = store.revision().await?;
        let (nodes, _) = Repository::<Node>::new(Arc::clone(store))
            .all(Selector::default())
            .await?;
        let (allocations, _) = Repository::<NodeAllocation>::new(Arc::clone(store))
            .all(Selector::default())
            .await?;
        let (clusters, _) = Repository::<Cluster>::new(Arc::clone(store))
            .all(Selector::default())
            .await?;
        let (vms, _) = Repository::<Vm>::new(Arc::clone(store))
            .all(Selector::default())
            .await?;
        let (rules, _) = Repository::<PlacementRule>::new(Arc::clone(store))
            .all(Selector::default())
            .await?;
        let mut view = Self {
            followed,
            ..Self::default()
        };
        view.allocations = allocations.into_iter().map(|a| (a.id, a)).collect();
        view.clusters = clusters.into_iter().map(|c| (c.id, c)).collect();
        view.nodes = nodes.into_iter().map(|n| (n.id, n)).collect();
        vms.iter().for_each(|vm| view.rules.upsert_vm(vm));
        rules.iter().for_each(|rule| view.rules.upsert_rule(rule));
        let known: Vec<NodeId> = view.nodes.keys().copied().collect();
        known.into_iter().for_each(|id| view.project(id));
        Ok(view)
    }

    fn upsert(&mut self, object: &Object) {
        match object {
            Object::Node(node)
                if newer(
                    node.meta.revision,
                    self.nodes.get(&node.id).map(|n| n.meta.revision),
                ) =>
            {
                self.nodes.insert(node.id, Arc::clone(node));
                self.project(node.id);
            }
            Object::NodeAllocation(a)
                if newer(
                    a.meta.revision,
                    self.allocations.get(&a.id).map(|n| n.meta.revision),
                ) =>
            {
                self.allocations.insert(a.id, Arc::clone(a));
                self.project(a.id);
            }
            Object::Cluster(cluster)
                if newer(
                    cluster.meta.revision,
                    self.clusters.get(&cluster.id).map(|c| c.meta.revision),
                ) =>
            {
                self.clusters.insert(cluster.id, Arc::clone(cluster));
                self.project_all(cluster.id);
            }
            Object::Vm(vm) => self.rules.upsert_vm(vm),
            Object::PlacementRule(rule) => self.rules.upsert_rule(rule),
            _ => {}
        }
    }

    fn remove(&mut self, before: Option<&Object>, at: Revision) {
        match before {
            Some(Object::Node(node)) if self.nodes.get(&node.id).is_some_and(|n| n.meta.revision < at) => {
                self.forget(node.id);
            }
            Some(Object::Cluster(cluster))
                if self
                    .clusters
                    .get(&cluster.id)
                    .is_some_and(|c| c.meta.revision < at) =>
            {
                self.forget_cluster(cluster.id);
            }
            Some(Object::Vm(vm)) => self.rules.remove_vm(vm, at),
            Some(Object::PlacementRule(rule)) => self.rules.remove_rule(rule, at),
            _ => {}
        }
    }

    /// Takes note of which version of a project's usage is settled: the next one, if nothing is between.
    fn settle(&mut self, change: &Change) {
        let Some(Object::ProjectUsage(after)) = &change.after else {
            return;
        };
        let before = change
            .before
            .as_ref()
            .map_or(Revision::ZERO, |o| o.meta().revision);
        let known = self.settled.get(&after.id).copied().unwrap_or_default();
        if before <= known.max(self.followed) {
            self.settled
                .insert(after.id.clone(), known.max(after.meta.revision));
        }
    }

    fn forget_cluster(&mut self, id: ClusterId) {
        self.clusters.remove(&id);
        self.project_all(id);
    }

    /// The nodes of a cluster.
    fn members(&self, id: ClusterId) -> impl Iterator<Item = NodeId> + '_ {
        let members = self
            .nodes
            .values()
            .filter(move |node| node.admin.cluster == Some(id));
        members.map(|node| node.id)
    }

    fn cluster_of(&self, node: &Node) -> Option<&Arc<Cluster>> {
        self.clusters.get(&node.admin.cluster?)
    }

    /// What a plan for this node rests on.
    fn basis(&self, id: NodeId) -> Option<Basis> {
        let node = self.nodes.get(&id)?;
        Some(Basis {
            cluster: self.cluster_of(node).cloned(),
            node: Arc::clone(node),
            allocation: Arc::clone(self.allocations.get(&id)?),
        })
    }

    fn forget(&mut self, id: NodeId) {
        self.nodes.remove(&id);
        self.allocations.remove(&id);
        self.snapshot.remove(id);
    }

    /// Brings the planner's view of one node up to date. A node counts once both its parts are known.
    fn project(&mut self, id: NodeId) {
        if let (Some(node), Some(allocation)) = (self.nodes.get(&id), self.allocations.get(&id)) {
            let policy = self.cluster_of(node).map(|cluster| cluster.spec.placement);
            self.snapshot.upsert(NodeView {
                policy,
                ..NodeView::new(node, allocation)
            });
        }
    }

    /// The same for every node of a cluster.
    fn project_all(&mut self, cluster: ClusterId) {
        let members: Vec<NodeId> = self.members(cluster).collect();
        members.into_iter().for_each(|id| self.project(id));
    }
}

fn newer(this: Revision, known: Option<Revision>) -> bool {
    known.is_none_or(|known| this > known)
}
