//! A server whose every answer is known beforehand. What a VM does depends on its name.
//!
//! | name | behaviour |
//! |---|---|
//! | `web`, `db` | run on node-1 |
//! | `web-2` | is stopped; starts and is done at once |
//! | `flaky` | refuses two calls before it starts |
//! | `stuck` | starts for ever |
//! | `broken` | fails to start, for want of an image |
//! | `blink` | its task's watch breaks off once |

mod auth;
mod drs;
mod events;
mod networks;
mod nodes;
mod storage;
mod tasks;
mod vms;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::serve::ListenerExt;
use buffa_types::google::protobuf::Timestamp;
use connectrpc::{ConnectError, ConnectRpcService, Router};
use limiquantix_core::Error;
use limiquantix_proto::compute::v1::{
    CpuConfig, DiskConfig, MemoryConfig, PowerState, Snapshot, VirtualMachine, VmSpec, VmState, VmStatus,
};
use limiquantix_proto::error::to_connect;

/// What the server holds and has seen.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) vms: BTreeMap<String, VirtualMachine>,
    pub(crate) snapshots: Vec<Snapshot>,
    /// Every call, by method and what it was about.
    pub(crate) calls: Vec<String>,
    /// Request ids of changes, in order.
    pub(crate) request_ids: Vec<String>,
    /// The last `authorization` header.
    pub(crate) authorization: Option<String>,
    /// What the guest has written.
    pub(crate) log: Vec<u8>,
    /// Answers to one call in so many are refused; counts down.
    refusals: usize,
    /// Watches of `blink` that have been broken off.
    broken: usize,
}

/// A running server.
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    pub(crate) state: Shared,
}

/// The state, for every service.
pub(crate) type Shared = Arc<Mutex<State>>;

impl Fake {
    /// Starts on a free port; ends with the test's runtime.
    pub(crate) async fn start() -> Self {
        let mut state = State {
            refusals: 2,
            log: b"booting\nLQX READY\n".to_vec(),
            ..Default::default()
        };
        for (number, (name, power)) in [
            ("web", PowerState::On),
            ("web-2", PowerState::Off),
            ("db", PowerState::On),
            ("flaky", PowerState::Off),
            ("stuck", PowerState::Off),
            ("broken", PowerState::Off),
            ("blink", PowerState::Off),
        ]
        .into_iter()
        .enumerate()
        {
            let vm = vm(number + 1, name, power);
            state.vms.insert(vm.id.clone(), vm);
        }
        let state = Arc::new(Mutex::new(state));
        let router = Router::new()
            .add_service(Arc::new(vms::Vms(state.clone())))
            .add_service(Arc::new(nodes::Nodes::new(state.clone())))
            .add_service(Arc::new(networks::Networks(state.clone())))
            .add_service(Arc::new(networks::Ports(state.clone())))
            .add_service(Arc::new(tasks::Tasks(state.clone())))
            .add_service(Arc::new(events::Events(state.clone())))
            .add_service(Arc::new(drs::Drs(state.clone())))
            .add_service(Arc::new(storage::Pools))
            .add_service(Arc::new(storage::Volumes))
            .add_service(Arc::new(auth::Auth));
        let app = axum::Router::new().fallback_service(ConnectRpcService::new(router));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listener = listener.tap_io(|connection| connection.set_nodelay(true).unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, state }
    }

    /// How often a call was made.
    pub(crate) fn count(&self, call: &str) -> usize {
        self.state
            .lock()
            .unwrap()
            .calls
            .iter()
            .filter(|seen| seen.starts_with(call))
            .count()
    }
}

/// The id of the VM with this number.
pub(crate) fn id(number: usize) -> String {
    format!("0190c2a4-6f1e-7c3a-9d2b-{number:012x}")
}

pub(crate) fn at(seconds_ago: u64) -> Timestamp {
    Timestamp::from(SystemTime::now() - Duration::from_secs(seconds_ago))
}

fn vm(number: usize, name: &str, power: PowerState) -> VirtualMachine {
    let state = if power == PowerState::On {
        VmState::Running
    } else {
        VmState::Stopped
    };
    VirtualMachine {
        id: id(number),
        name: name.into(),
        project_id: "default".into(),
        labels: [("app".to_owned(), name.to_owned())].into(),
        spec: VmSpec {
            cpu: CpuConfig {
                cores: 2,
                ..Default::default()
            }
            .into(),
            memory: MemoryConfig {
                size_mib: 2048,
                ..Default::default()
            }
            .into(),
            disks: vec![DiskConfig {
                name: "disk0".into(),
                size_gib: 20,
                ..Default::default()
            }],
            ..Default::default()
        }
        .into(),
        status: VmStatus {
            state: state.into(),
            node_id: id(100),
            node_name: "node-1".into(),
            ..Default::default()
        }
        .into(),
        etag: "1".into(),
        revision: u64::try_from(number).unwrap(),
        created_at: at(7_200).into(),
        desired_power: power.into(),
        ..Default::default()
    }
}

/// The error as a server of ours sends it.
pub(crate) fn refusal(error: &Error) -> ConnectError {
    to_connect(error, Some("req-1"))
}
