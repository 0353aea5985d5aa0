use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use limiquantix::core::contract::Selector;
use limiquantix::core::resource::Node;
use limiquantix::core::{Error, Result};
use limiquantix::{ControlPlane, NodeService as Nodes, NodeUsage};
use limiquantix_proto::compute::v1 as wire;
use limiquantix_proto::compute::v1::NodeService;
use limiquantix_proto::convert::time::duration_to_wire;
use limiquantix_proto::convert::{id, node as convert, page};

use limiquantix_proto::event::v1::ChangeType;

use super::context::refuse;
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
}

/// The node with what is known beside it.
fn shown(nodes: &Nodes, node: &Node) -> wire::Node {
    let allocation = nodes.allocation(node.id);
    let usage = nodes.usage(node.id).map(|u| {
        let usage = convert::Usage {
            cpu: u.cpu,
            memory: u.memory,
            disk: u.disk,
        };
        (usage, u.seen_at)
    });
    convert::to_wire(
        node,
        convert::Beside {
            allocation: allocation.as_deref(),
            usage,
        },
    )
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
            (id, _) => self
                .nodes
                .get(id::parse_node_id("id", id).map_err(refuse)?)
                .await
                .map_err(refuse)?,
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
        let only = id::optional("node_id", request.node_id, id::parse_node_id).map_err(refuse)?;
        let events = match only {
            Some(id) => self.nodes.watch_one(id, Selector::default(), start).await,
            None => self.nodes.watch(Selector::default(), start).await,
        };
        let events = events.map_err(refuse)?;
        let nodes = self.nodes.clone();
        let shown = move |node: Option<&Node>, kind: ChangeType, revision| wire::WatchNodeResponse {
            r#type: kind.into(),
            node: node.map(|node| shown(&nodes, node)).into(),
            revision,
            ..Default::default()
        };
        Ok(Response::stream(watch::messages(events, shown)))
    }
}

fn usage_from_wire(request: &wire::HeartbeatRequest) -> Result<NodeUsage> {
    let Some(resources) = request.resources.as_option() else {
        return Ok(NodeUsage::default());
    };
    let usage = convert::usage_from_wire("resources", resources)?;
    Ok(NodeUsage {
        cpu: usage.cpu,
        memory: usage.memory,
        disk: usage.disk,
        ..NodeUsage::default()
    })
}
