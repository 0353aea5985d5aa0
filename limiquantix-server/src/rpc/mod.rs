//! The RPC services: each handler decodes, makes one call, and encodes.

mod agent;
mod alert;
mod auth;
mod authorization;
mod cluster;
mod console;
mod context;
mod drs;
mod event;
mod gate;
mod network;
mod node;
mod pool;
mod port;
mod project;
mod rule;
mod task;
mod vm;
mod volume;
mod watch;

use std::sync::Arc;

use connectrpc::{ConnectRpcService, Limits, Router};
use connectrpc_health::StaticChecker;
use limiquantix::ControlPlane;
use limiquantix_core::{Error, Result};
use limiquantix_proto::agent::v1::AGENT_SERVICE_SERVICE_NAME;
use limiquantix_proto::alert::v1::ALERT_SERVICE_SERVICE_NAME;
use limiquantix_proto::auth::v1::AUTH_SERVICE_SERVICE_NAME;
use limiquantix_proto::cluster::v1::{CLUSTER_SERVICE_SERVICE_NAME, RULE_SERVICE_SERVICE_NAME};
use limiquantix_proto::compute::v1::{NODE_SERVICE_SERVICE_NAME, VM_SERVICE_SERVICE_NAME};
use limiquantix_proto::drs::v1::DRS_SERVICE_SERVICE_NAME;
use limiquantix_proto::event::v1::EVENT_SERVICE_SERVICE_NAME;
use limiquantix_proto::network::v1::{NETWORK_SERVICE_SERVICE_NAME, PORT_SERVICE_SERVICE_NAME};
use limiquantix_proto::project::v1::PROJECT_SERVICE_SERVICE_NAME;
use limiquantix_proto::storage::v1::{POOL_SERVICE_SERVICE_NAME, VOLUME_SERVICE_SERVICE_NAME};
use limiquantix_proto::task::v1::TASK_SERVICE_SERVICE_NAME;

use crate::auth::Auth;
use authorization::Authorization;
use gate::Gate;

/// The largest request. The largest that means anything, a VM with full cloud-init documents, is a quarter.
const MAX_REQUEST: usize = 1 << 20;

/// All services behind the gate.
///
/// The checker beside it is what `grpc.health.v1` answers from.
pub(crate) fn service(
    control_plane: &ControlPlane,
    auth: Arc<Auth>,
) -> Result<(ConnectRpcService, Arc<StaticChecker>)> {
    let router = Router::new()
        .add_service(Arc::new(vm::Handler::new(control_plane)))
        .add_service(Arc::new(node::Handler::new(control_plane)))
        .add_service(Arc::new(cluster::Handler::new(control_plane)))
        .add_service(Arc::new(rule::Handler::new(control_plane)))
        .add_service(Arc::new(project::Handler::new(control_plane)))
        .add_service(Arc::new(network::Handler::new(control_plane)))
        .add_service(Arc::new(port::Handler::new(control_plane)))
        .add_service(Arc::new(pool::Handler::new(control_plane)))
        .add_service(Arc::new(volume::Handler::new(control_plane)))
        .add_service(Arc::new(task::Handler::new(control_plane)))
        .add_service(Arc::new(drs::Handler::new(control_plane)))
        .add_service(Arc::new(alert::Handler::new(control_plane)))
        .add_service(Arc::new(event::Handler::new(control_plane)))
        .add_service(Arc::new(agent::Handler::new(control_plane)))
        .add_service(Arc::new(self::auth::Handler::new(Arc::clone(&auth))));
    let names = [
        VM_SERVICE_SERVICE_NAME,
        NODE_SERVICE_SERVICE_NAME,
        CLUSTER_SERVICE_SERVICE_NAME,
        NETWORK_SERVICE_SERVICE_NAME,
        PORT_SERVICE_SERVICE_NAME,
        RULE_SERVICE_SERVICE_NAME,
        PROJECT_SERVICE_SERVICE_NAME,
        POOL_SERVICE_SERVICE_NAME,
        VOLUME_SERVICE_SERVICE_NAME,
        TASK_SERVICE_SERVICE_NAME,
        ALERT_SERVICE_SERVICE_NAME,
        EVENT_SERVICE_SERVICE_NAME,
        DRS_SERVICE_SERVICE_NAME,
        AGENT_SERVICE_SERVICE_NAME,
        AUTH_SERVICE_SERVICE_NAME,
    ];
    let (router, health) = connectrpc_health::install_static(router, names);
    let described = limiquantix_proto::FILE_DESCRIPTOR_SET;
    let reflector = connectrpc_reflection::Reflector::from_descriptor_set_bytes(described)
        .map_err(|e| Error::internal("the descriptor set cannot be read").caused_by(e))?;
    let router = connectrpc_reflection::install(router, reflector);
    let authorization = Authorization::covering(router.methods())?;
    let limits = Limits::default()
        .with_max_request_body_size(MAX_REQUEST)
        .with_max_message_size(MAX_REQUEST);
    let service = ConnectRpcService::new(router)
        .with_limits(limits)
        .with_interceptor(Gate::new(auth, authorization, control_plane.clone()));
    Ok((service, health))
}
