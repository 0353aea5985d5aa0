use buffa::Message as _;
use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use limiquantix::core::contract::Selector;
use limiquantix::core::identity::{Name, NetworkId, ProjectId};
use limiquantix::core::resource::Network;
use limiquantix::core::{Error, Result};
use limiquantix::{ControlPlane, CreateNetwork, NetworkService as Networks, UpdateNetwork};
use limiquantix_proto::convert::vm::project_filter;
use limiquantix_proto::convert::{id, network as convert, page};
use limiquantix_proto::event::v1::ChangeType;
use limiquantix_proto::network::v1 as wire;
use limiquantix_proto::network::v1::NetworkService;

use super::context::{call, refuse};
use super::watch;

/// `limiquantix.network.v1.NetworkService`.
#[derive(Debug)]
pub(super) struct Handler {
    networks: Networks,
}

impl Handler {
    pub(super) fn new(control_plane: &ControlPlane) -> Self {
        Self {
            networks: control_plane.networks(),
        }
    }
}

fn create_from_wire(request: &wire::CreateNetworkRequest) -> Result<CreateNetwork> {
    Ok(CreateNetwork {
        name: Name::parse("name", &request.name)?,
        project: ProjectId::parse("project_id", &request.project_id)?,
        description: request.description.clone(),
        labels: request.labels.clone(),
        spec: convert::spec_from_wire("spec", request.spec.as_option())?,
    })
}

fn network_id(text: &str) -> Result<NetworkId, ConnectError> {
    id::parse_network_id("id", text).map_err(refuse)
}

/// The answer to a mutation: the network as it is now, or as it would be.
fn answer(network: &Network, validate_only: bool) -> ServiceResult<wire::Network> {
    Response::ok(match validate_only {
        true => convert::preview_to_wire(network),
        false => convert::to_wire(network),
    })
}

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl NetworkService for Handler {
    async fn create_network(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::CreateNetworkRequest>,
    ) -> ServiceResult<wire::Network> {
        let request = request.to_owned_message();
        let create = create_from_wire(&request).map_err(refuse)?;
        let call = call(&ctx, &request.request_id, "", request.validate_only)?;
        let network = self.networks.create(&call, create).await.map_err(refuse)?;
        answer(&network, request.validate_only)
    }

    async fn get_network(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetNetworkRequest>,
    ) -> ServiceResult<wire::Network> {
        let network = match (request.id, request.name) {
            ("", "") => return Err(refuse(Error::invalid("id", "id is required, or a name"))),
            ("", name) => {
                let project = ProjectId::parse("project_id", request.project_id).map_err(refuse)?;
                self.networks.get_by_name(&project, name).await
            }
            (id, _) => self.networks.get(network_id(id)?).await,
        };
        Response::ok(convert::to_wire(&*network.map_err(refuse)?))
    }

    async fn list_networks(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ListNetworksRequest>,
    ) -> ServiceResult<wire::ListNetworksResponse> {
        let listing = convert::listing_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let found = self.networks.list(listing.selector.clone(), listing.page.clone());
        let found = found.await.map_err(refuse)?;
        Response::ok(wire::ListNetworksResponse {
            networks: found
                .items
                .iter()
                .map(|network| convert::to_wire(network))
                .collect(),
            next_page_token: listing.next_page_token(found.next.as_deref()),
            total_count: found.total.map(page::count_to_wire),
            revision: found.revision.0,
            ..Default::default()
        })
    }

    async fn update_network(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::UpdateNetworkRequest>,
    ) -> ServiceResult<wire::Network> {
        let request = request.to_owned_message();
        let id = network_id(&request.id)?;
        let mut call = call(&ctx, &request.request_id, &request.etag, request.validate_only)?;
        call.sent = Some(request.encode_to_vec());
        let changes = convert::changes_from_wire(&request).map_err(refuse)?;
        let update = UpdateNetwork {
            description: changes.description,
            labels: changes.labels,
        };
        let network = self.networks.update(&call, id, update).await.map_err(refuse)?;
        answer(&network, request.validate_only)
    }

    async fn delete_network(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::DeleteNetworkRequest>,
    ) -> ServiceResult<wire::Network> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let deleted = self.networks.delete(&call, network_id(request.id)?).await;
        answer(&*deleted.map_err(refuse)?, request.validate_only)
    }

    async fn watch_networks(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::WatchNetworksRequest>,
    ) -> ServiceResult<ServiceStream<wire::WatchNetworksResponse>> {
        let start = watch::start(request.from_revision, request.initial)?;
        let project = project_filter("project_id", request.project_id).map_err(refuse)?;
        let only = id::optional("network_id", request.network_id, id::parse_network_id).map_err(refuse)?;
        let selector = Selector {
            project,
            ..Selector::default()
        };
        let events = match only {
            Some(id) => self.networks.watch_one(id, selector, start).await,
            None => self.networks.watch(selector, start).await,
        };
        let events = events.map_err(refuse)?;
        let shown = |network: Option<&Network>, kind: ChangeType, revision| wire::WatchNetworksResponse {
            r#type: kind.into(),
            network: network.map(convert::to_wire).into(),
            revision,
            ..Default::default()
        };
        Ok(Response::stream(watch::messages(events, shown)))
    }
}
