use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use limiquantix_core::Error;
use limiquantix_proto::compute::v1::{
    GetNodeRequest, HeartbeatRequest, HeartbeatResponse, ListNodesRequest, ListNodesResponse, Node,
    NodeAllocation, NodePhase, NodeService, NodeSpec, NodeStatus, RegisterNodeRequest, WatchNodeRequest,
    WatchNodeResponse,
};

use super::{at, id, refusal};

/// One node, `node-1`.
pub(super) struct Nodes;

fn node() -> Node {
    Node {
        id: id(100),
        hostname: "node-1".into(),
        spec: NodeSpec {
            cpu_cores: 16,
            memory_mib: 65_536,
            ..Default::default()
        }
        .into(),
        status: NodeStatus {
            phase: NodePhase::Ready.into(),
            allocated: NodeAllocation {
                cpu_cores: 4,
                memory_mib: 4096,
                vms: 2,
                ..Default::default()
            }
            .into(),
            last_heartbeat_at: at(1).into(),
            ..Default::default()
        }
        .into(),
        created_at: at(86_400 * 3).into(),
        ..Default::default()
    }
}

#[allow(refining_impl_trait)]
impl NodeService for Nodes {
    async fn register_node(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, RegisterNodeRequest>,
    ) -> ServiceResult<Node> {
        Response::ok(node())
    }

    async fn get_node(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, GetNodeRequest>,
    ) -> ServiceResult<Node> {
        match (request.id, request.hostname) {
            (_, "node-1") => Response::ok(node()),
            (wanted, _) if wanted == id(100) => Response::ok(node()),
            (_, name) => Err(refusal(&Error::not_found("node", name))),
        }
    }

    async fn list_nodes(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, ListNodesRequest>,
    ) -> ServiceResult<ListNodesResponse> {
        Response::ok(ListNodesResponse {
            nodes: vec![node()],
            ..Default::default()
        })
    }

    async fn heartbeat(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, HeartbeatRequest>,
    ) -> ServiceResult<HeartbeatResponse> {
        Response::ok(HeartbeatResponse::default())
    }

    async fn watch_node(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, WatchNodeRequest>,
    ) -> ServiceResult<ServiceStream<WatchNodeResponse>> {
        Ok(Response::stream(tokio_stream::empty()))
    }
}
