//! Clusters: nodes that share policy.

mod change;
mod members;

use std::sync::Arc;

use limiquantix_core::contract::{PageRequest, Repository, Selector, TypedPage};
use limiquantix_core::identity::{ClusterId, Name, NodeId};
use limiquantix_core::resource::{Cluster, ClusterSpec, Labels};
use limiquantix_core::{Error, Reason, Result};
use serde::Serialize;

use crate::control_plane::Parts;

/// The use cases of clusters.
#[derive(Debug, Clone)]
pub struct ClusterService {
    parts: Arc<Parts>,
}

/// A cluster to create, without nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateCluster {
    /// Unique.
    pub name: Name,
    /// What to select it by.
    pub labels: Labels,
    /// Its policy.
    pub spec: ClusterSpec,
}

/// What to change of a cluster; `None` leaves things as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpdateCluster {
    /// Other labels, replacing all.
    pub labels: Option<Labels>,
    /// Another policy, replacing all of it.
    pub spec: Option<ClusterSpec>,
}

impl ClusterService {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The cluster; `NOT_FOUND` if there is none.
    pub async fn get(&self, id: ClusterId) -> Result<Arc<Cluster>> {
        self.repository().get(&id).await
    }

    /// The cluster with this name; `NOT_FOUND` if there is none.
    pub async fn get_by_name(&self, name: &str) -> Result<Arc<Cluster>> {
        self.find_by_name(name).await?.ok_or_else(|| {
            Error::new(Reason::NotFound, format!("no cluster is named {name:?}"))
                .with("kind", "cluster")
                .with("name", name)
        })
    }

    /// One page of clusters by id ascending, which is by age.
    pub async fn list(&self, selector: Selector, page: PageRequest) -> Result<TypedPage<Cluster>> {
        self.repository().page(selector, page).await
    }

    /// The nodes of a cluster, by id ascending. From memory.
    pub fn nodes(&self, id: ClusterId) -> Vec<NodeId> {
        self.parts.placer.nodes_of(id)
    }

    async fn find_by_name(&self, name: &str) -> Result<Option<Arc<Cluster>>> {
        let selector = Selector {
            name: Some(name.to_owned()),
            ..Selector::default()
        };
        let page = PageRequest {
            limit: 1,
            ..PageRequest::default()
        };
        Ok(self.repository().page(selector, page).await?.items.pop())
    }

    fn repository(&self) -> Repository<Cluster> {
        Repository::new(Arc::clone(&self.parts.store))
    }
}
