mod default;
mod plug;
mod read;

use std::sync::Arc;

use limiquantix_core::contract::IdSourceExt as _;
use limiquantix_core::identity::{Name, NetworkId, ProjectId};
use limiquantix_core::resource::{
    EventKind, Labels, Meta, Network, NetworkAllocation, NetworkSpec, Object, Resource as _,
};
use limiquantix_core::{Error, Reason, Result, validate};
use serde::Serialize;

use crate::call::Call;
use crate::control_plane::Parts;
use crate::mutation::{Draft, mutate};
use crate::service::project::usage;

pub(crate) use default::ensure_default;
pub(crate) use plug::{plug, replug, unplug};

/// The use cases of networks and their ports.
#[derive(Debug, Clone)]
pub struct NetworkService {
    parts: Arc<Parts>,
}

/// A network to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateNetwork {
    /// Unique in its project.
    pub name: Name,
    /// The tenant.
    pub project: ProjectId,
    /// Free text.
    pub description: String,
    /// What to select it by.
    pub labels: Labels,
    /// What it is.
    pub spec: NetworkSpec,
}

/// What to change of a network; `None` leaves things as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpdateNetwork {
    /// Another description.
    pub description: Option<String>,
    /// Other labels, replacing all.
    pub labels: Option<Labels>,
}

impl NetworkService {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// Makes a network known. What backs it must be on the nodes already; nothing is made there.
    ///
    /// Errors: `INVALID_FIELD`, `NOT_FOUND` (the project), `NAME_TAKEN`, `REQUEST_ID_REUSED`.
    pub async fn create(&self, call: &Call, request: CreateNetwork) -> Result<Arc<Network>> {
        validate::network_spec("spec", &request.project, &request.spec)?;
        validate::labels("labels", &request.labels)?;
        validate::description("description", &request.description)?;
        mutate(&self.parts, call, "CreateNetwork", &request, async |now| {
            // The commit would refuse a taken name too; asking first serves `validate_only`.
            if let Some(other) = self.find_by_name(&request.project, request.name.as_str()).await? {
                return Err(Object::Network(other).name_taken());
            }
            let network = Network {
                id: self.parts.ids.network(),
                meta: Meta::created(now, request.labels.clone()),
                name: request.name.clone(),
                project: request.project.clone(),
                description: request.description.clone(),
                spec: request.spec.clone(),
            };
            let allocation = NetworkAllocation::empty(&network, Meta::created(now, Labels::new()));
            let mut draft = Draft::create(network).event(
                &self.parts,
                EventKind::NetworkCreated,
                format!("created on {}", request.spec.backing),
                now,
            );
            draft.changes.create(allocation);
            usage::belong(&self.parts, &request.project, now, &mut draft.changes).await?;
            Ok(draft)
        })
        .await
    }

    /// Changes a network's description and labels. What ports rest on stays as it is.
    ///
    /// Errors: `INVALID_FIELD`, `NOT_FOUND`, `VERSION_MISMATCH`, `REQUEST_ID_REUSED`.
    pub async fn update(&self, call: &Call, id: NetworkId, request: UpdateNetwork) -> Result<Arc<Network>> {
        if request == UpdateNetwork::default() {
            let message = "nothing to change: name at least one field";
            return Err(Error::invalid("update_mask", message));
        }
        if let Some(description) = &request.description {
            validate::description("description", description)?;
        }
        if let Some(labels) = &request.labels {
            validate::labels("labels", labels)?;
        }
        mutate(&self.parts, call, "UpdateNetwork", &(id, &request), async |now| {
            let network = self.get(id).await?;
            call.check_version(&network.key(), network.meta.revision)?;
            let mut changed = Network::clone(&network);
            if let Some(description) = &request.description {
                changed.description.clone_from(description);
            }
            if let Some(labels) = &request.labels {
                changed.meta.labels.clone_from(labels);
            }
            if changed == *network {
                return Ok(Draft::unchanged(changed));
            }
            let draft = Draft::update(changed, now);
            Ok(draft.event(&self.parts, EventKind::NetworkUpdated, "changed on request", now))
        })
        .await
    }

    /// Removes a network that has no ports. What backs it stays on the nodes.
    ///
    /// Errors: `NOT_FOUND`, `NETWORK_IN_USE`, `VERSION_MISMATCH`, `REQUEST_ID_REUSED`.
    pub async fn delete(&self, call: &Call, id: NetworkId) -> Result<Arc<Network>> {
        mutate(&self.parts, call, "DeleteNetwork", &id, async |now| {
            let network = self.get(id).await?;
            call.check_version(&network.key(), network.meta.revision)?;
            let allocation = self.allocation(id).await?;
            if allocation.ports > 0 {
                let (name, ports) = (network.name.as_str(), allocation.ports);
                let message = format!("network {name:?} cannot be removed: it has {ports} ports");
                return Err(Error::new(Reason::NetworkInUse, message).with("network", id.to_string()));
            }
            let mut draft =
                Draft::delete(&*network).event(&self.parts, EventKind::NetworkDeleted, "removed", now);
            // Whoever plugs in meanwhile writes this too, and one of the two decides anew.
            draft.changes.delete(&*allocation);
            Ok(draft)
        })
        .await
    }
}
