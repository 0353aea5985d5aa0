use std::sync::Arc;

use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use limiquantix::core::Error;
use limiquantix::core::contract::Selector;
use limiquantix::core::identity::NodeId;
use limiquantix::core::resource::{Node, NodeAllocation};
use limiquantix::{ControlPlane, LastHeartbeat, NodeService as Nodes, NodeUsage, RemoveNode, UpdateNode};
use limiquantix_proto::compute::v1 as wire;
use limiquantix_proto::compute::v1::NodeService;
use limiquantix_proto::convert::time::duration_to_wire;
use limiquantix_proto::convert::{id, node as convert, page, update};

use limiquantix_proto::event::v1::ChangeType;

use super::context::{call, refuse};
use super::watch;

/// `limiquantix.compute.v1.NodeService`.
#[derive(Debug)]
pub(super) struct Handler {
    nodes: Nodes,
}

impl Handler {
    pub(super) fn new(control_plane: &ControlPlane) -> Self {
        Self {
            nodes: control_plane.nodes(),
        }
    }

    fn answer(&self, outcome: Result<Arc<Node>, Error>) -> ServiceResult<wire::Node> {
        Response::ok(shown(&self.nodes, &*outcome.map_err(refuse)?))
    }
}

/// The node with what is known beside it.
fn shown(nodes: &Nodes, node: &Node) -> wire::Node {
    let allocation = nodes.allocation(node.id);
    convert::to_wire(node, beside(allocation.as_deref(), nodes.last_heartbeat(node.id)))
}

fn beside(allocation: Option<&NodeAllocation>, heartbeat: Option<LastHeartbeat>) -> convert::Beside<'_> {
    let usage = |used: NodeUsage| convert::Usage {
        cpu: used.cpu,
        memory: used.memory,
        disk: used.disk,
    };
    convert::Beside {
        allocation,
        heartbeat: heartbeat.map(|last| (last.at, last.usage.map(usage))),
    }
}

fn node_id(text: &str) -> Result<NodeId, ConnectError> {
    id::parse_node_id("id", text).map_err(refuse)
}

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl NodeService for Handler {
    async fn register_node(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::RegisterNodeRequest>,
    ) -> ServiceResult<wire::Node> {
        let registration = convert::registration_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let node = self.nodes.register(&registration).await.map_err(refuse)?;
        Response::ok(shown(&self.nodes, &node))
    }

    async fn get_node(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetNodeRequest>,
    ) -> ServiceResult<wire::Node> {
        let node = match (request.id, request.hostname) {
            ("", "") => return Err(refuse(Error::invalid("id", "id is required, or a hostname"))),
            ("", hostname) => self.nodes.get_by_name(hostname).await.map_err(refuse)?,
            (id, _) => self.nodes.get(node_id(id)?).await.map_err(refuse)?,
        };
        Response::ok(shown(&self.nodes, &node))
    }

    async fn list_nodes(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ListNodesRequest>,
    ) -> ServiceResult<wire::ListNodesResponse> {
        let listing = convert::listing_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let found = self
            .nodes
            .list(listing.selector.clone(), listing.page.clone())
            .await
            .map_err(refuse)?;
        Response::ok(wire::ListNodesResponse {
            nodes: found.items.iter().map(|node| shown(&self.nodes, node)).collect(),
            next_page_token: listing.next_page_token(found.next.as_deref()),
            total_count: found.total.map(page::count_to_wire),
            revision: found.revision.0,
            ..Default::default()
        })
    }

    async fn heartbeat(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::HeartbeatRequest>,
    ) -> ServiceResult<wire::HeartbeatResponse> {
        let request = request.to_owned_message();
        let id = id::parse_node_id("node_id", &request.node_id).map_err(refuse)?;
        let usage = usage_from_wire(&request).map_err(refuse)?;
        let answer = self
            .nodes
            .heartbeat(id, &request.boot_id, usage)
            .await
            .map_err(refuse)?;
        Response::ok(wire::HeartbeatResponse {
            next_heartbeat: duration_to_wire(answer.next).into(),
            ..Default::default()
        })
    }

    async fn watch_node(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::WatchNodeRequest>,
    ) -> ServiceResult<ServiceStream<wire::WatchNodeResponse>> {
        let start = watch::start(request.from_revision, request.initial)?;
        let id = id::parse_node_id("node_id", request.node_id).map_err(refuse)?;
        let events = self.nodes.watch_one(id, Selector::default(), start).await;
        let nodes = self.nodes.clone();
        let shown = move |node: Option<&Node>, kind: ChangeType, revision| wire::WatchNodeResponse {
            r#type: kind.into(),
            node: node.map(|node| shown(&nodes, node)).into(),
            revision,
            ..Default::default()
        };
        Ok(Response::stream(watch::messages(events.map_err(refuse)?, shown)))
    }

    async fn watch_nodes(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::WatchNodesRequest>,
    ) -> ServiceResult<ServiceStream<wire::WatchNodesResponse>> {
        let request = request.to_owned_message();
        let start = watch::start(request.from_revision, request.initial)?;
        let selector = convert::watched_from_wire(&request).map_err(refuse)?;
        let events = self.nodes.watch(selector, start).await.map_err(refuse)?;
        let nodes = self.nodes.clone();
        let shown = move |node: Option<&Node>, kind: ChangeType, revision| wire::WatchNodesResponse {
            r#type: kind.into(),
            node: node.map(|node| shown(&nodes, node)).into(),
            revision,
            ..Default::default()
        };
        Ok(Response::stream(watch::messages(events, shown)))
    }

    async fn update_node(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::UpdateNodeRequest>,
    ) -> ServiceResult<wire::Node> {
        let request = request.to_owned_message();
        let call = call(&ctx, &request.request_id, &request.etag, request.validate_only)?;
        let changes = update::node_from_wire(&request).map_err(refuse)?;
        let update = UpdateNode {
            description: changes.description,
            labels: changes.labels,
        };
        self.answer(self.nodes.update(&call, node_id(&request.id)?, update).await)
    }

    async fn cordon_node(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::CordonNodeRequest>,
    ) -> ServiceResult<wire::Node> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let id = node_id(request.id)?;
        self.answer(self.nodes.cordon(&call, id, request.reason).await)
    }

    async fn uncordon_node(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::UncordonNodeRequest>,
    ) -> ServiceResult<wire::Node> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let id = node_id(request.id)?;
        self.answer(self.nodes.uncordon(&call, id, request.reason).await)
    }

    async fn add_taint(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::AddTaintRequest>,
    ) -> ServiceResult<wire::Node> {
        let request = request.to_owned_message();
        let call = call(&ctx, &request.request_id, &request.etag, request.validate_only)?;
        let id = node_id(&request.id)?;
        let missing = || refuse(Error::invalid("taint", "taint is required"));
        let taint = request.taint.as_option().ok_or_else(missing)?;
        let taint = convert::taint_from_wire("taint", taint).map_err(refuse)?;
        self.answer(self.nodes.add_taint(&call, id, &taint, &request.reason).await)
    }

    async fn remove_taint(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::RemoveTaintRequest>,
    ) -> ServiceResult<wire::Node> {
        let request = request.to_owned_message();
        let call = call(&ctx, &request.request_id, &request.etag, request.validate_only)?;
        let id = node_id(&request.id)?;
        let effect = convert::effect_from_wire("effect", request.effect).map_err(refuse)?;
        let removed = self
            .nodes
            .remove_taint(&call, id, &request.key, effect, &request.reason);
        self.answer(removed.await)
    }

    async fn delete_node(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::DeleteNodeRequest>,
    ) -> ServiceResult<wire::Node> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let how = RemoveNode {
            gone: request.node_is_gone,
            reason: request.reason.to_owned(),
        };
        self.answer(self.nodes.remove(&call, node_id(request.id)?, &how).await)
    }

    async fn get_node_metrics(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetNodeMetricsRequest>,
    ) -> ServiceResult<wire::NodeMetrics> {
        let id = id::parse_node_id("node_id", request.node_id).map_err(refuse)?;
        let metrics = self.nodes.metrics(id).await.map_err(refuse)?;
        let room = convert::Room {
            capacity: metrics.capacity,
            overcommit: metrics.overcommit,
            allocatable: metrics.allocatable,
        };
        let beside = beside(metrics.allocated.as_deref(), metrics.last_heartbeat);
        Response::ok(convert::metrics_to_wire(&metrics.node, room, beside))
    }
}

fn usage_from_wire(request: &wire::HeartbeatRequest) -> Result<Option<NodeUsage>, Error> {
    let Some(resources) = request.resources.as_option() else {
        return Ok(None);
    };
    let usage = convert::usage_from_wire("resources", resources)?;
    Ok(Some(NodeUsage {
        cpu: usage.cpu,
        memory: usage.memory,
        disk: usage.disk,
    }))
}
