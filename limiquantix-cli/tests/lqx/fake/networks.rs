use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use limiquantix_core::{Error, Reason};
use limiquantix_proto::network::v1::{
    CreateNetworkRequest, DeleteNetworkRequest, GetNetworkRequest, GetPortRequest, ListNetworksRequest,
    ListNetworksResponse, ListPortsRequest, ListPortsResponse, Network, NetworkService, NetworkSpec, Port,
    PortService, Subnet, UpdateNetworkRequest, WatchNetworksRequest, WatchNetworksResponse,
};

use super::{Shared, at, id, refusal};

/// The networks `default`, which is in use, and `lan`; and the port of `web` on the first.
pub(super) struct Networks(pub(super) Shared);

fn network(number: usize, name: &str) -> Network {
    let subnets = match name {
        "lan" => vec![Subnet {
            cidr: "10.0.0.0/24".into(),
            gateway: "10.0.0.1".into(),
            ..Default::default()
        }],
        _ => Vec::new(),
    };
    Network {
        id: id(number),
        name: name.into(),
        project_id: "default".into(),
        spec: NetworkSpec {
            backing: "br0".into(),
            shared: name == "default",
            subnets,
            ..Default::default()
        }
        .into(),
        created_at: at(7_200).into(),
        ..Default::default()
    }
}

fn networks() -> Vec<Network> {
    vec![network(200, "default"), network(201, "lan")]
}

fn port() -> Port {
    Port {
        id: id(300),
        project_id: "default".into(),
        network_id: id(200),
        network_name: "default".into(),
        vm_id: id(1),
        vm_name: "web".into(),
        mac: "52:54:00:00:00:01".into(),
        ip_addresses: vec!["10.0.0.9".into()],
        created_at: at(7_200).into(),
        ..Default::default()
    }
}

#[allow(refining_impl_trait)]
impl NetworkService for Networks {
    async fn create_network(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, CreateNetworkRequest>,
    ) -> ServiceResult<Network> {
        let request = request.to_owned_message();
        let mut state = self.0.lock().unwrap();
        state.calls.push(format!(
            "CreateNetwork {} {}",
            request.name,
            serde_json::to_string(&*request.spec).unwrap()
        ));
        state.request_ids.push(request.request_id);
        Response::ok(network(202, &request.name))
    }

    async fn get_network(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, GetNetworkRequest>,
    ) -> ServiceResult<Network> {
        let found = networks()
            .into_iter()
            .find(|n| n.id == request.id || (request.id.is_empty() && n.name == request.name));
        match found {
            Some(network) => Response::ok(network),
            None => Err(refusal(&Error::not_found("network", request.name))),
        }
    }

    async fn list_networks(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, ListNetworksRequest>,
    ) -> ServiceResult<ListNetworksResponse> {
        Response::ok(ListNetworksResponse {
            networks: networks(),
            ..Default::default()
        })
    }

    async fn update_network(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, UpdateNetworkRequest>,
    ) -> ServiceResult<Network> {
        Response::ok(network(201, "lan"))
    }

    async fn delete_network(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, DeleteNetworkRequest>,
    ) -> ServiceResult<Network> {
        let call = format!("DeleteNetwork {} {}", request.id, request.validate_only);
        self.0.lock().unwrap().calls.push(call);
        if request.id == id(200) {
            let message = "network \"default\" cannot be removed: it has 1 ports";
            return Err(refusal(&Error::new(Reason::NetworkInUse, message)));
        }
        Response::ok(network(201, "lan"))
    }

    async fn watch_networks(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, WatchNetworksRequest>,
    ) -> ServiceResult<ServiceStream<WatchNetworksResponse>> {
        Ok(Response::stream(tokio_stream::empty()))
    }
}

/// The port of `web`.
pub(super) struct Ports(pub(super) Shared);

#[allow(refining_impl_trait)]
impl PortService for Ports {
    async fn get_port(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, GetPortRequest>,
    ) -> ServiceResult<Port> {
        if request.id == port().id {
            return Response::ok(port());
        }
        Err(refusal(&Error::not_found("port", request.id)))
    }

    async fn list_ports(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, ListPortsRequest>,
    ) -> ServiceResult<ListPortsResponse> {
        let call = format!(
            "ListPorts {} {} {}",
            request.network_id, request.vm_id, request.mac
        );
        self.0.lock().unwrap().calls.push(call);
        Response::ok(ListPortsResponse {
            ports: vec![port()],
            ..Default::default()
        })
    }
}
