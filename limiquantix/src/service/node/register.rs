use std::collections::BTreeMap;
use std::sync::Arc;

use limiquantix_core::contract::{
    Changeset, IdSourceExt as _, NodeRegistration, PageRequest, Repository, Selector,
};
use limiquantix_core::identity::{Name, NodeId};
use limiquantix_core::resource::{
    AdminState, DEFAULT_THIN_OVERCOMMIT, EventKind, Labels, Meta, Node, NodeAllocation, NodePhase,
    NodeStatus, Pool, PoolAllocation, PoolDriver, PoolSpec, PoolStatus,
};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Reason, Result, validate};
use tracing::info;

use super::{LastHeartbeat, NodeService};
use crate::call::{ROUNDS, lost_race};
use crate::mutation::event;
use crate::service::alert;

impl NodeService {
    /// Makes a node known, or brings what is known of it up to date. Safe to repeat.
    ///
    /// A node is recognised by its id. One that comes without, or with one that is not known (its node was
    /// removed), is a new node and gets a new id: an id that is gone does not come back. Under the name of a
    /// node that is alive with another boot or has VMs, it is refused with `NAME_TAKEN`: two machines must not
    /// share an identity. What the administrator set is never changed by this.
    pub async fn register(&self, request: &NodeRegistration) -> Result<Arc<Node>> {
        validate::node_spec("spec", &request.spec)?;
        validate::labels("labels", &request.labels)?;
        for (field, text) in [
            ("management_ip", &request.management_ip),
            ("boot_id", &request.boot_id),
            ("agent_version", &request.agent_version),
            ("hypervisor.driver", &request.hypervisor.driver),
            ("hypervisor.version", &request.hypervisor.version),
        ] {
            validate::line(field, text)?;
        }
        if request.boot_id.is_empty() {
            return Err(Error::invalid(
                "boot_id",
                "boot_id is required: it tells one boot of a node from the next",
            ));
        }
        for _ in 0..ROUNDS {
            match self.register_once(request).await {
                Err(e) if lost_race(&e) || e.reason() == Reason::IdTaken => {}
                outcome => return outcome,
            }
        }
        Err(Error::new(
            Reason::VersionMismatch,
            format!("node {} keeps changing", request.name),
        ))
    }

    async fn register_once(&self, request: &NodeRegistration) -> Result<Arc<Node>> {
        let parts = &self.parts;
        let now = parts.clock.now();
        let known = self.recognise(request).await?;
        let id = known.as_ref().map_or_else(|| parts.ids.node(), |n| n.id);
        let node = described(request, known.as_deref(), id, now);
        let mut changes = Changeset::new();
        self.describe_pools(&node, now, &mut changes).await?;
        let news = match &known {
            None => Some((EventKind::NodeRegistered, "registered")),
            Some(k) if k.status.boot_id != node.status.boot_id => {
                Some((EventKind::NodeRegistered, "came back after a boot"))
            }
            Some(k) if k.status.phase != NodePhase::Ready => Some((EventKind::NodeReady, "connected again")),
            Some(_) => None,
        };
        if known
            .as_ref()
            .is_some_and(|k| k.status.phase == NodePhase::NotReady)
        {
            alert::node_is_ready(parts, &node, now, &mut changes).await?;
        }
        if let Some((kind, what)) = news {
            changes.create(event(parts, &node, kind, what, now));
        }
        match &known {
            Some(known) if **known == node && changes.writes.is_empty() => {}
            Some(_) => {
                changes.update(node);
            }
            None => {
                changes.create(node);
                changes.create(NodeAllocation::empty(id, Meta::created(now, Labels::new())));
            }
        }
        // A beat before the commit: the monitor must not see a ready node that was never heard of.
        let heartbeat = LastHeartbeat { at: now, usage: None };
        parts.liveness.beat(id, parts.clock.monotonic(), heartbeat);
        match known {
            Some(known) if changes.writes.is_empty() => Ok(known),
            _ => {
                let node = self
                    .commit_node(changes)
                    .await
                    .map_err(|e| outrun(e, &request.name))?;
                info!(node = %node.name, id = %node.id, cores = node.spec.cores.get(), memory_mib = node.spec.memory.get(), accel = ?node.status.hypervisor.accel, "node registered");
                Ok(node)
            }
        }
    }

    /// The node that this is, if it is known.
    async fn recognise(&self, request: &NodeRegistration) -> Result<Option<Arc<Node>>> {
        let known = match &request.id {
            Some(id) => self.repository().find(id).await?,
            None => None,
        };
        let stranger = known.is_none();
        if known.as_ref().is_some_and(|node| node.name == request.name) {
            return Ok(known);
        }
        let Some(namesake) = self.find_by_name(request.name.as_str()).await? else {
            return Ok(known);
        };
        let silent = self
            .parts
            .liveness
            .silence(namesake.id, self.parts.clock.monotonic());
        let alive =
            namesake.status.phase == NodePhase::Ready && silent <= self.parts.settings.heartbeat_timeout;
        // The agent of the same boot is the same machine: it lost its notes, or never got the answer in which its
        // new id was.
        if stranger && namesake.status.boot_id == request.boot_id {
            return Ok(Some(namesake));
        }
        let taken = |why: &str| {
            let message = format!("another node is registered as {:?}{why}", request.name);
            Error::new(Reason::NameTaken, message)
                .with("field", "hostname")
                .with("name", request.name.as_str())
        };
        if request.id.is_some() || alive {
            return Err(taken(": give this one another name"));
        }
        // Silence is no proof that its guests are dead: whoever took its place would be given its VMs.
        let promised = Repository::<NodeAllocation>::new(Arc::clone(&self.parts.store))
            .find(&namesake.id)
            .await?
            .map_or(0, |a| a.vms);
        if promised > 0 {
            let why = format!(
                ", is silent, and has {promised} VMs: if this is the same machine, restore its node-id file; \
                 otherwise give this one another name"
            );
            return Err(taken(&why));
        }
        Ok(Some(namesake))
    }

    /// Writes down the pools of a node that are new or have changed.
    async fn describe_pools(&self, node: &Node, now: Timestamp, changes: &mut Changeset) -> Result<()> {
        let selector = Selector {
            node: Some(node.id),
            ..Selector::default()
        };
        let page = PageRequest {
            limit: PageRequest::MAX,
            ..PageRequest::default()
        };
        let known = Repository::<Pool>::new(Arc::clone(&self.parts.store))
            .page(selector, page)
            .await?
            .items;
        let known: BTreeMap<&Name, &Arc<Pool>> = known.iter().map(|p| (&p.name, p)).collect();
        for facts in &node.spec.pools {
            let status = PoolStatus {
                capacity: facts.capacity,
                available: facts.available,
            };
            match known.get(&facts.name) {
                Some(pool) if pool.status.capacity == status.capacity => {}
                Some(pool) => {
                    let mut pool = Pool::clone(pool);
                    pool.status = status;
                    pool.meta.updated_at = now;
                    changes.update(pool);
                }
                None => {
                    let spec = PoolSpec {
                        node: node.id,
                        driver: PoolDriver::Directory,
                        thin_overcommit: DEFAULT_THIN_OVERCOMMIT,
                    };
                    let meta = Meta::created(now, Labels::new());
                    let pool = Pool {
                        id: self.parts.ids.pool(),
                        meta: meta.clone(),
                        name: facts.name.clone(),
                        spec,
                        status,
                    };
                    changes.create(PoolAllocation::empty(&pool, meta)).create(pool);
                }
            }
        }
        Ok(())
    }
}

/// Two agents of one node may register it, or one of its pools, at the same time: the loser looks again at who
/// has the name, instead of taking its own twin for a stranger.
fn outrun(e: Error, node: &Name) -> Error {
    if e.reason() != Reason::NameTaken {
        return e;
    }
    let message = format!("node {node} or one of its pools was registered meanwhile");
    Error::new(Reason::VersionMismatch, message).caused_by(e)
}

/// The node as the agent describes it, with what the administrator said of it kept.
fn described(request: &NodeRegistration, known: Option<&Node>, id: NodeId, now: Timestamp) -> Node {
    let meta = known.map_or_else(|| Meta::created(now, Labels::new()), |k| k.meta.clone());
    let ready_since = known
        .filter(|k| k.status.phase == NodePhase::Ready)
        .map_or(now, |k| k.status.phase_since);
    let mut node = Node {
        id,
        meta,
        name: request.name.clone(),
        management_ip: request.management_ip.clone(),
        spec: request.spec.clone(),
        admin: known.map_or_else(AdminState::default, |k| k.admin.clone()),
        status: NodeStatus {
            phase: NodePhase::Ready,
            conditions: known.map_or_else(Vec::new, |k| k.status.conditions.clone()),
            labels: request.labels.clone(),
            hypervisor: request.hypervisor.clone(),
            boot_id: request.boot_id.clone(),
            agent_version: request.agent_version.clone(),
            phase_since: ready_since,
        },
    };
    node.settle_labels();
    if known.is_some_and(|known| node != *known) {
        node.meta.updated_at = now;
    }
    node
}
