use std::sync::Mutex;

use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use limiquantix_core::{Error, Reason};
use limiquantix_proto::compute::v1::{
    AddTaintRequest, CordonNodeRequest, DeleteNodeRequest, GetNodeMetricsRequest, GetNodeRequest,
    HeartbeatRequest, HeartbeatResponse, ListNodesRequest, ListNodesResponse, Node, NodeAllocation,
    NodeCapacity, NodeMetrics, NodePhase, NodeService, NodeSpec, NodeStatus, RegisterNodeRequest,
    RemoveTaintRequest, UncordonNodeRequest, UpdateNodeRequest, WatchNodeRequest, WatchNodeResponse,
    WatchNodesRequest, WatchNodesResponse,
};
use limiquantix_proto::event::v1::ChangeType;

use super::{Shared, at, id, refusal};

/// One node, `node-1`. It is only removed as destroyed.
pub(super) struct Nodes {
    node: Mutex<Node>,
    state: Shared,
}

impl Nodes {
    pub(super) fn new(state: Shared) -> Self {
        let node = Mutex::new(node());
        Self { node, state }
    }

    fn shown(&self) -> Node {
        self.node.lock().unwrap().clone()
    }

    /// Changes the node, unless that is only asked about or the node is another by now.
    fn change(
        &self,
        call: String,
        etag: &str,
        dry: bool,
        change: impl FnOnce(&mut Node),
    ) -> Result<Node, ConnectError> {
        self.state.lock().unwrap().calls.push(call);
        let mut node = self.node.lock().unwrap();
        if !etag.is_empty() && etag != node.etag {
            let stale = Error::new(Reason::VersionMismatch, "node-1 has changed since it was read");
            return Err(refusal(&stale));
        }
        let mut after = node.clone();
        change(&mut after);
        if !dry {
            *node = after.clone();
        }
        Ok(after)
    }
}

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
        labels: [("zone".to_owned(), "a".to_owned())].into(),
        etag: "7".into(),
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
        Response::ok(self.shown())
    }

    async fn get_node(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, GetNodeRequest>,
    ) -> ServiceResult<Node> {
        match (request.id, request.hostname) {
            (_, "node-1") => Response::ok(self.shown()),
            (wanted, _) if wanted == id(100) => Response::ok(self.shown()),
            (_, name) => Err(refusal(&Error::not_found("node", name))),
        }
    }

    async fn list_nodes(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, ListNodesRequest>,
    ) -> ServiceResult<ListNodesResponse> {
        Response::ok(ListNodesResponse {
            nodes: vec![self.shown()],
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
        let message = |kind: ChangeType| WatchNodeResponse {
            r#type: kind.into(),
            node: self.shown().into(),
            revision: 7,
            ..Default::default()
        };
        let messages = [message(ChangeType::Added), message(ChangeType::Deleted)];
        Ok(Response::stream(tokio_stream::iter(messages.map(Ok))))
    }

    async fn watch_nodes(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, WatchNodesRequest>,
    ) -> ServiceResult<ServiceStream<WatchNodesResponse>> {
        let message = WatchNodesResponse {
            r#type: ChangeType::Added.into(),
            node: self.shown().into(),
            revision: 7,
            ..Default::default()
        };
        Ok(Response::stream(tokio_stream::iter([Ok(message)])))
    }

    async fn update_node(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, UpdateNodeRequest>,
    ) -> ServiceResult<Node> {
        let request = request.to_owned_message();
        let call = format!("UpdateNode {:?} {}", request.labels, request.description);
        let node = self.change(call, &request.etag, request.validate_only, |node| {
            let mut admin = node.admin.as_option().cloned().unwrap_or_default();
            for path in &request.update_mask.paths {
                match path.as_str() {
                    "labels" => admin.labels.clone_from(&request.labels),
                    _ => admin.description.clone_from(&request.description),
                }
            }
            node.admin = admin.into();
        });
        Response::ok(node?)
    }

    async fn cordon_node(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, CordonNodeRequest>,
    ) -> ServiceResult<Node> {
        let call = format!("CordonNode {}", request.reason);
        let reason = request.reason.to_owned();
        let node = self.change(call, request.etag, request.validate_only, |node| {
            let mut admin = node.admin.as_option().cloned().unwrap_or_default();
            admin.cordoned = true;
            admin.reason = reason;
            node.admin = admin.into();
        });
        Response::ok(node?)
    }

    async fn uncordon_node(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, UncordonNodeRequest>,
    ) -> ServiceResult<Node> {
        let node = self.change(
            "UncordonNode".into(),
            request.etag,
            request.validate_only,
            |node| {
                node.admin = None.into();
            },
        );
        Response::ok(node?)
    }

    async fn add_taint(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, AddTaintRequest>,
    ) -> ServiceResult<Node> {
        let request = request.to_owned_message();
        let taint = request.taint.as_option().cloned().unwrap_or_default();
        let call = format!("AddTaint {}={} {:?}", taint.key, taint.value, taint.effect);
        let node = self.change(call, &request.etag, request.validate_only, |node| {
            let mut admin = node.admin.as_option().cloned().unwrap_or_default();
            admin.taints.push(taint);
            node.admin = admin.into();
        });
        Response::ok(node?)
    }

    async fn remove_taint(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, RemoveTaintRequest>,
    ) -> ServiceResult<Node> {
        let request = request.to_owned_message();
        let call = format!("RemoveTaint {} {:?}", request.key, request.effect);
        Response::ok(self.change(call, &request.etag, request.validate_only, |_| {})?)
    }

    async fn delete_node(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, DeleteNodeRequest>,
    ) -> ServiceResult<Node> {
        if !request.node_is_gone {
            let alive = Error::new(Reason::NodeAlive, "node node-1 is alive: its agent reports");
            return Err(refusal(&alive));
        }
        let call = format!("DeleteNode {}", request.reason);
        Response::ok(self.change(call, request.etag, request.validate_only, |_| {})?)
    }

    async fn get_node_metrics(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, GetNodeMetricsRequest>,
    ) -> ServiceResult<NodeMetrics> {
        let room = |cpu_cores| NodeCapacity {
            cpu_cores,
            memory_mib: 65_024,
            ..Default::default()
        };
        Response::ok(NodeMetrics {
            node_id: request.node_id.to_owned(),
            hostname: "node-1".into(),
            phase: NodePhase::Ready.into(),
            capacity: room(16).into(),
            cpu_overcommit_percent: 400,
            memory_overcommit_percent: 100,
            allocatable: room(64).into(),
            allocated: node().status.allocated.clone(),
            last_heartbeat_at: at(1).into(),
            ..Default::default()
        })
    }
}
