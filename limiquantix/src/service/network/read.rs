use std::sync::Arc;

use limiquantix_core::contract::{PageRequest, Repository, Selector, Store, TypedPage};
use limiquantix_core::identity::{NetworkId, PortId, ProjectId};
use limiquantix_core::resource::{Network, NetworkAllocation, Port};
use limiquantix_core::{Error, Reason, Result};

use super::NetworkService;
use crate::service::watch::{WatchItems, WatchStart, watch, watch_one};

impl NetworkService {
    /// The network; `NOT_FOUND` if there is none. O(log n).
    pub async fn get(&self, id: NetworkId) -> Result<Arc<Network>> {
        self.repository().get(&id).await
    }

    /// The network with this name; `NOT_FOUND` if there is none in the project. O(log n).
    pub async fn get_by_name(&self, project: &ProjectId, name: &str) -> Result<Arc<Network>> {
        self.find_by_name(project, name).await?.ok_or_else(|| {
            let message = format!("no network is named {name:?} in project {project}");
            Error::new(Reason::NotFound, message)
                .with("kind", "network")
                .with("name", name)
        })
    }

    /// One page of networks by id ascending, which is by age.
    pub async fn list(&self, selector: Selector, page: PageRequest) -> Result<TypedPage<Network>> {
        self.repository().page(selector, page).await
    }

    /// Follows the networks that `selector` matches.
    pub async fn watch(&self, selector: Selector, start: WatchStart) -> Result<WatchItems<Network>> {
        watch(&self.parts.store, selector, start).await
    }

    /// Follows one network, if `selector` matches it; `NOT_FOUND` if there is none to begin with.
    pub async fn watch_one(
        &self,
        id: NetworkId,
        selector: Selector,
        start: WatchStart,
    ) -> Result<WatchItems<Network>> {
        watch_one(&self.parts.store, &id, selector, start).await
    }

    /// What is taken of a network; `NOT_FOUND` if there is none.
    pub async fn allocation(&self, id: NetworkId) -> Result<Arc<NetworkAllocation>> {
        Repository::new(Arc::clone(&self.parts.store)).get(&id).await
    }

    /// The port; `NOT_FOUND` if there is none. O(log n).
    pub async fn port(&self, id: PortId) -> Result<Arc<Port>> {
        Repository::new(Arc::clone(&self.parts.store)).get(&id).await
    }

    /// One page of ports by id ascending, which is by age. Those of a network or of a VM are found by the
    /// labels of [`Port`].
    pub async fn ports(&self, selector: Selector, page: PageRequest) -> Result<TypedPage<Port>> {
        Repository::new(Arc::clone(&self.parts.store))
            .page(selector, page)
            .await
    }

    pub(super) async fn find_by_name(&self, project: &ProjectId, name: &str) -> Result<Option<Arc<Network>>> {
        find(&self.parts.store, project, name).await
    }

    fn repository(&self) -> Repository<Network> {
        Repository::new(Arc::clone(&self.parts.store))
    }
}

/// The network with this name in this project.
pub(super) async fn find(
    store: &Arc<dyn Store>,
    project: &ProjectId,
    name: &str,
) -> Result<Option<Arc<Network>>> {
    let selector = Selector {
        project: Some(project.clone()),
        name: Some(name.to_owned()),
        ..Selector::default()
    };
    let page = PageRequest {
        limit: 1,
        ..PageRequest::default()
    };
    let networks = Repository::<Network>::new(Arc::clone(store));
    Ok(networks.page(selector, page).await?.items.pop())
}
