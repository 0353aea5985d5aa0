//! `lqx demo`: a cluster that exists in memory only. The control plane and the agents are the real ones;
//! what they drive is simulated.

mod cast;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use limiquantix::Settings;
use limiquantix_agent::NodeIdentity;
use limiquantix_core::resource::Labels;
use limiquantix_core::unit::Mebibytes;
use limiquantix_mock::MockNode;
use limiquantix_proto::compute::v1::{PowerState, VirtualMachine, VmState, WatchVMRequest};
use limiquantix_server::{ServerConfig, StoreConfig};

use crate::app::App;
use crate::client::Client;
use crate::config::DEFAULT_SERVER;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::quantity::show_elapsed;
use crate::serve::{NewNode, ReadyNodes, Serving, log_to_stderr};
use cast::Cast;

/// How long the VMs may take to settle before the demo is declared ready without them.
const PATIENCE: Duration = Duration::from_secs(10);

/// How large, and which of the many possible ones.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of nodes
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    nodes: u32,
    /// Number of VMs
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    vms: u32,
    /// The same seed gives the same cluster
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Where the API listens; a loopback address
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "LQX_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    listen: SocketAddr,
    /// What to log, as tracing filters: error, info, limiquantix=debug …
    #[arg(long, value_name = "FILTER", env = "LQX_LOG", default_value = "error")]
    log: String,
}

/// Runs `lqx demo`.
pub(crate) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let began = Instant::now();
    log_to_stderr(&args.log, app.out.has_colour())?;
    let config = ServerConfig {
        listen: args.listen,
        store: StoreConfig::Memory,
        settings: Settings::default(),
        dev: true,
    };
    let mut serving = Serving::start(config).await?;
    let client = serving.client()?;
    let mut ready = ReadyNodes::watch(serving.client()?);
    let mut cast = Cast::new(args.seed);
    for number in 1..=args.nodes {
        let node = MockNode::new(cast.node(number, args.nodes, args.vms));
        serving.add_node(NewNode {
            name: cast.node_name(number)?,
            labels: Labels::from([("zone".to_owned(), cast.zone(number))]),
            reserved_memory: Mebibytes(1024),
            identity: NodeIdentity::ephemeral(format!("demo-{}-{number}", args.seed)),
            hypervisor: Arc::new(node.hypervisor()),
            storage: Arc::new(node.storage()),
        })?;
        // One by one: ids are given in this order, and equal scores go to the lowest id.
        let so_far = usize::try_from(number).unwrap_or(usize::MAX);
        serving.nodes_ready(&mut ready, so_far).await?;
    }
    let mut first = String::new();
    for number in 0..args.vms {
        let request = cast.vm(number);
        if first.is_empty() {
            first.clone_from(&request.name);
        }
        // One by one, for the same reason.
        client.vms().create_vm(request).await?;
    }
    // A guest that takes its time is no reason to hold back the rest.
    let settled = tokio::time::timeout(PATIENCE, settled(&client, args.vms)).await;
    settled.unwrap_or(Ok(()))?;
    app.out.talk(&format!(
        "  cluster: {} nodes, {} VMs, seed {} (in memory; Ctrl-C forgets it), ready in {}",
        args.nodes,
        args.vms,
        args.seed,
        show_elapsed(began.elapsed())
    ));
    let mut hint = format!("  API {}   try: lqx vm list | lqx node list", serving.url());
    if !first.is_empty() {
        hint.push_str(&format!(" | lqx explain placement vm/{first}"));
    }
    app.out.talk(&hint);
    if serving.url() != DEFAULT_SERVER {
        app.out
            .talk(&format!("  first: export LQX_SERVER={}", serving.url()));
    }
    serving.until_stopped().await
}

/// Waits until so many VMs are what they are meant to be.
async fn settled(client: &Client, wanted: u32) -> Result<(), Failure> {
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let mut done = BTreeSet::new();
    if wanted == 0 {
        return Ok(());
    }
    let request = WatchVMRequest {
        initial: true,
        ..Default::default()
    };
    let mut stream = client.vm_streams().watch_vm(request).await?;
    while let Some(message) = stream.message().await? {
        let Some(vm) = message.to_owned_message().vm.into_option() else {
            continue;
        };
        if is_settled(&vm) {
            done.insert(vm.id);
        }
        if done.len() >= wanted {
            break;
        }
    }
    Ok(())
}

fn is_settled(vm: &VirtualMachine) -> bool {
    let on = vm.desired_power == PowerState::On;
    vm.status.state == if on { VmState::Running } else { VmState::Stopped }
        || vm.status.state == VmState::Error
}
