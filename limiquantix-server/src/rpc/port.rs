use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult};
use limiquantix::{ControlPlane, NetworkService as Networks};
use limiquantix_proto::convert::{id, network as convert, page};
use limiquantix_proto::network::v1 as wire;
use limiquantix_proto::network::v1::PortService;

use super::context::refuse;

/// `limiquantix.network.v1.PortService`.
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

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl PortService for Handler {
    async fn get_port(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetPortRequest>,
    ) -> ServiceResult<wire::Port> {
        let id = id::parse_port_id("id", request.id).map_err(refuse)?;
        let port = self.networks.port(id).await.map_err(refuse)?;
        Response::ok(convert::port_to_wire(&port))
    }

    async fn list_ports(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ListPortsRequest>,
    ) -> ServiceResult<wire::ListPortsResponse> {
        let listing = convert::ports_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let found = self
            .networks
            .ports(listing.selector.clone(), listing.page.clone());
        let found = found.await.map_err(refuse)?;
        Response::ok(wire::ListPortsResponse {
            ports: found
                .items
                .iter()
                .map(|port| convert::port_to_wire(port))
                .collect(),
            next_page_token: listing.next_page_token(found.next.as_deref()),
            total_count: found.total.map(page::count_to_wire),
            revision: found.revision.0,
            ..Default::default()
        })
    }
}
