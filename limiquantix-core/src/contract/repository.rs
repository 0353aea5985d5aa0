use std::marker::PhantomData;
use std::sync::Arc;

use super::{Changeset, PageRequest, Query, Selector, Store};
use crate::error::{Error, Result};
use crate::resource::{
    Alert, Cluster, Event, Network, NetworkAllocation, Node, NodeAllocation, ObjectKey, Pool, PoolAllocation,
    Port, Project, ProjectUsage, Resource, Revision, Snapshot, Task, Vm, Volume,
};

/// Typed access to one kind. Single-object conveniences over [`Store`]: whatever must happen together
/// goes through [`Store::commit`] with one changeset.
#[derive(Debug)]
pub struct Repository<R> {
    store: Arc<dyn Store>,
    kind: PhantomData<fn() -> R>,
}

/// VMs.
pub type VmRepository = Repository<Vm>;
/// Nodes.
pub type NodeRepository = Repository<Node>;
/// Promised capacity of nodes.
pub type AllocationRepository = Repository<NodeAllocation>;
/// Clusters.
pub type ClusterRepository = Repository<Cluster>;
/// Projects.
pub type ProjectRepository = Repository<Project>;
/// What projects use.
pub type ProjectUsageRepository = Repository<ProjectUsage>;
/// Pools.
pub type PoolRepository = Repository<Pool>;
/// Promised space of pools.
pub type PoolAllocationRepository = Repository<PoolAllocation>;
/// Volumes.
pub type VolumeRepository = Repository<Volume>;
/// Networks.
pub type NetworkRepository = Repository<Network>;
/// What is taken of networks.
pub type NetworkAllocationRepository = Repository<NetworkAllocation>;
/// Ports.
pub type PortRepository = Repository<Port>;
/// Snapshots.
pub type SnapshotRepository = Repository<Snapshot>;
/// Tasks.
pub type TaskRepository = Repository<Task>;
/// Events.
pub type EventRepository = Repository<Event>;
/// Alerts.
pub type AlertRepository = Repository<Alert>;

impl<R> Clone for Repository<R> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            kind: PhantomData,
        }
    }
}

impl<R: Resource> Repository<R> {
    /// A view of the `R`s in `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            kind: PhantomData,
        }
    }

    /// The object; `NOT_FOUND` if there is none.
    pub async fn get(&self, id: &R::Id) -> Result<Arc<R>> {
        self.find(id)
            .await?
            .ok_or_else(|| Error::not_found(R::KIND.as_str(), id))
    }

    /// The object, or `None`.
    pub async fn find(&self, id: &R::Id) -> Result<Option<Arc<R>>> {
        Ok(self
            .store
            .get(&ObjectKey::of::<R>(id))
            .await?
            .and_then(R::from_object))
    }

    /// One page by id ascending, the id where the next begins, the count if asked for, and the revision.
    pub async fn page(&self, selector: Selector, page: PageRequest) -> Result<TypedPage<R>> {
        let page = self
            .store
            .list(&Query {
                kind: R::KIND,
                selector,
                page,
            })
            .await?;
        let items = page.items.into_iter().filter_map(R::from_object).collect();
        Ok(TypedPage {
            items,
            next: page.next,
            total: page.total,
            revision: page.revision,
        })
    }

    /// All of them, page by page. For controllers that start up; linear, so never on a request path.
    pub async fn all(&self, selector: Selector) -> Result<(Vec<Arc<R>>, Revision)> {
        let mut items = Vec::new();
        let mut request = PageRequest {
            limit: PageRequest::MAX,
            ..PageRequest::default()
        };
        let mut from = None;
        loop {
            let page = self.page(selector.clone(), request.clone()).await?;
            let first = *from.get_or_insert(page.revision);
            items.extend(page.items);
            match page.next {
                Some(next) => request.after = Some(next),
                // The revision of the first page: a watch from there sees what changed while paging.
                None => return Ok((items, first)),
            }
        }
    }

    /// Stores a new object.
    pub async fn create(&self, resource: R) -> Result<Arc<R>> {
        let mut changes = Changeset::new();
        changes.create(resource);
        self.write(changes).await
    }

    /// Replaces an object that is still at the version it was read at.
    pub async fn update(&self, resource: R) -> Result<Arc<R>> {
        let mut changes = Changeset::new();
        changes.update(resource);
        self.write(changes).await
    }

    /// Removes an object that is still at the version it was read at.
    pub async fn delete(&self, resource: &R) -> Result<()> {
        let mut changes = Changeset::new();
        changes.delete(resource);
        self.store.commit(changes).await.map(drop)
    }

    async fn write(&self, changes: Changeset) -> Result<Arc<R>> {
        let mut commit = self.store.commit(changes).await?;
        let stored = commit
            .changes
            .pop()
            .and_then(|c| c.after)
            .and_then(R::from_object);
        stored.ok_or_else(|| Error::internal("a store returned a commit without the object written"))
    }
}

/// One page of typed objects, see [`Page`](super::Page).
#[derive(Debug, Clone)]
pub struct TypedPage<R> {
    /// The objects.
    pub items: Vec<Arc<R>>,
    /// Where the next page begins; `None` if this was the last.
    pub next: Option<String>,
    /// How many match in all, if asked for.
    pub total: Option<u64>,
    /// The page shows the state at this revision.
    pub revision: Revision,
}
