//! `limiquantix-agent`: parse, build, run.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use limiquantix_agent::driver::{self, AccelMode, DriverConfig};
use limiquantix_agent::{Agent, AgentConfig, BootClock, NodeIdentity, RpcUplink, hostname};
use limiquantix_core::identity::Name;
use limiquantix_core::resource::Labels;
use limiquantix_core::unit::Mebibytes;
use limiquantix_core::{Error, Result};
use tokio_util::sync::CancellationToken;
use tracing::error;
use tracing_subscriber::EnvFilter;

/// The LimiQuantix node agent: runs the VMs of one node.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The control plane.
    #[arg(long, env = "LQX_SERVER", default_value = "http://127.0.0.1:8080")]
    server: String,
    /// The node's name; the hostname if not given.
    #[arg(long, env = "LQX_NODE_NAME")]
    name: Option<String>,
    /// Where the node's management interface answers, shown to people.
    #[arg(long, default_value = "")]
    management_ip: String,
    /// A label of the node, as KEY=VALUE. May be given several times.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
    /// The libvirt connection.
    #[arg(long, env = "LQX_LIBVIRT", default_value = "qemu:///system")]
    libvirt: String,
    /// A storage pool, as NAME=DIRECTORY. May be given several times.
    #[arg(long = "pool", value_name = "NAME=DIRECTORY", value_parser = pair, default_value = "default=/var/lib/limiquantix/pool")]
    pools: Vec<(String, String)>,
    /// Where the agent keeps its node id, console logs and cloud-init seeds.
    #[arg(long, env = "LQX_STATE_DIR", default_value = "/var/lib/limiquantix/agent")]
    state_dir: PathBuf,
    /// What guests run under. `auto` starts a tiny guest to see whether hardware virtualization works.
    #[arg(long, value_enum, default_value = "auto")]
    accel: AccelMode,
    /// Memory kept for the host itself, in MiB.
    #[arg(long, default_value_t = 1024)]
    reserved_memory: u32,
    /// What to log, as tracing filters: info, debug, limiquantix_agent=debug …
    #[arg(long, env = "LQX_LOG", default_value = "info")]
    log: String,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&args.log))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            error!(reason = e.reason().code(), fix = e.reason().fix(), cause = ?std::error::Error::source(&e), "{e}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<()> {
    let name = match &args.name {
        Some(name) => Name::parse("name", name)?,
        None => hostname()?,
    };
    let config = AgentConfig {
        name,
        management_ip: args.management_ip.clone(),
        labels: Labels::from_iter(args.labels.clone()),
        taints: Vec::new(),
        reserved_memory: Mebibytes(args.reserved_memory),
    };
    let uplink = Arc::new(RpcUplink::new(&args.server)?);
    let identity = NodeIdentity::load(&args.state_dir)?;
    let pools = args
        .pools
        .iter()
        .map(|(name, path)| Ok((Name::parse("pool", name)?, path.into())));
    let driver = DriverConfig {
        uri: args.libvirt.clone(),
        pools: pools.collect::<Result<_>>()?,
        state_dir: args.state_dir.join("libvirt"),
        accel: args.accel,
    };
    let (hypervisor, storage) = driver::connect(driver).await?;
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let clock = Arc::new(BootClock);
    Agent::new(config, identity, uplink, hypervisor, storage, clock)
        .run(stop)
        .await
}

fn stop_on_signal(stop: CancellationToken) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |e: std::io::Error| Error::internal("cannot listen for signals").caused_by(e);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    tokio::spawn(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        stop.cancel();
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        std::process::exit(130);
    });
    Ok(())
}
