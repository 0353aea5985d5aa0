//! `lqx up`: a whole LimiQuantix on one machine, in one process.
//!
//! ```text
//! DATA_DIR/            the server's database
//! DATA_DIR/agent/      the node's id, console logs, cloud-init seeds
//! DATA_DIR/pool/       volumes, and images in images/
//! ```
//!
//! Stopping it stops no guest; the next start finds them again.

mod driver;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use limiquantix::Settings;
use limiquantix_agent::driver::AccelMode;
use limiquantix_agent::{NodeIdentity, hostname};
use limiquantix_core::identity::Name;
use limiquantix_core::resource::Labels;
use limiquantix_core::unit::Mebibytes;
use limiquantix_proto::compute::v1::{Accel, Node};
use limiquantix_server::{ServerConfig, StoreConfig};

use crate::app::App;
use crate::config::DEFAULT_SERVER;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::quantity::{memory_mib, show_elapsed, show_mib};
use crate::serve::{NewNode, ReadyNodes, Serving, log_to_stderr};
use crate::vm::{label, word};

/// How to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the API listens; a loopback address
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "LQX_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    listen: SocketAddr,
    /// Where everything is kept [default: /var/lib/limiquantix, or limiquantix in your data directory]
    #[arg(long, value_name = "DIRECTORY", env = "LQX_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Development mode: there is a user admin with the password admin
    #[arg(long)]
    dev: bool,
    /// Run the server alone; agents come from elsewhere
    #[arg(long)]
    no_agent: bool,
    /// The node's name [default: the host's]
    #[arg(long, value_name = "NAME", env = "LQX_NODE_NAME")]
    name: Option<String>,
    /// A label of the node; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// The libvirt connection [default: qemu:///system for root, otherwise qemu:///session]
    #[arg(long, value_name = "URI", env = "LQX_LIBVIRT")]
    libvirt: Option<String>,
    /// A storage pool; may be given more than once [default: default=DATA_DIR/pool]
    #[arg(long = "pool", value_name = "NAME=DIRECTORY", value_parser = label)]
    pools: Vec<(String, String)>,
    /// How guests are executed
    #[arg(long, value_name = "MODE", default_value = "auto")]
    accel: AccelMode,
    /// Memory kept for the host itself
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = memory_mib)]
    reserved_memory: i32,
    /// What to log, as tracing filters: warn, info, limiquantix=debug …
    #[arg(long, value_name = "FILTER", env = "LQX_LOG", default_value = "warn")]
    log: String,
}

/// Runs `lqx up`.
pub(crate) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let began = Instant::now();
    log_to_stderr(&args.log, app.out.has_colour())?;
    let data_dir = data_dir(args.data_dir.as_deref())?;
    // Before the server: nobody is told "ready" by a process that then finds it has no hypervisor.
    let driver = match args.no_agent {
        true => None,
        false => {
            app.out
                .live("  looking at the hypervisor; the first time a probe guest is booted …");
            let driver = driver::connect(args, &data_dir).await;
            app.out.clear();
            Some(driver?)
        }
    };
    let config = ServerConfig {
        listen: args.listen,
        store: StoreConfig::Sqlite(data_dir.clone()),
        settings: Settings::default(),
        dev: args.dev,
    };
    let mut serving = Serving::start(config).await?;
    app.out.talk(&format!("  API     {}", serving.url()));
    app.out.talk(&format!("  state   {}", data_dir.display()));
    if args.dev {
        app.out.talk(
            "  WARNING development mode: anybody on this machine can log in as admin with the password admin",
        );
    }
    let nodes = usize::from(driver.is_some());
    if let Some((hypervisor, storage)) = driver {
        serving.add_node(NewNode {
            name: node_name(args)?,
            labels: Labels::from_iter(args.labels.clone()),
            reserved_memory: Mebibytes(u32::try_from(args.reserved_memory).unwrap_or_default()),
            identity: NodeIdentity::load(&data_dir.join("agent"))?,
            hypervisor,
            storage,
        })?;
    }
    let mut ready = ReadyNodes::watch(serving.client()?);
    serving.nodes_ready(&mut ready, nodes).await?;
    for node in &ready.nodes {
        tell_node(app, node);
    }
    app.out.talk(&format!(
        "  ready in {}; Ctrl-C stops it, guests go on",
        show_elapsed(began.elapsed())
    ));
    app.out.talk(&format!(
        "  next: {}lqx launch IMAGE NAME · lqx node list",
        export(&serving.url())
    ));
    serving.until_stopped().await
}

fn tell_node(app: &App, node: &Node) {
    let hypervisor = &node.status.hypervisor;
    let accel = word(&hypervisor.accel, "ACCEL_");
    let driver = match hypervisor.version.contains(&hypervisor.driver) {
        true => hypervisor.version.clone(),
        false => format!("{} {}", hypervisor.driver, hypervisor.version),
    };
    app.out.talk(&format!(
        "  node    {}: {driver}; {accel}, {} cores, {}",
        node.hostname,
        node.spec.cpu_cores,
        show_mib(node.spec.memory_mib)
    ));
    if hypervisor.accel == Accel::Tcg {
        app.out
            .talk("          guests run in software emulation, slowly: lqx doctor says why");
    }
}

/// What has to be typed before the commands that follow, where the address is not the usual one.
fn export(url: &str) -> String {
    match url {
        DEFAULT_SERVER => String::new(),
        url => format!("export LQX_SERVER={url}; "),
    }
}

fn data_dir(given: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(given) = given {
        return std::path::absolute(given)
            .map_err(|error| Failure::usage(format!("cannot use {}: {error}", given.display())));
    }
    if rustix::process::geteuid().is_root() {
        return Ok("/var/lib/limiquantix".into());
    }
    let base = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share"));
    let base = base.or_else(home).ok_or_else(|| {
        Failure::usage("there is no place to keep anything: neither HOME nor XDG_DATA_HOME is set")
            .fix("lqx up --data-dir DIRECTORY")
    })?;
    Ok(base.join("limiquantix"))
}

fn node_name(args: &Args) -> Result<Name, Failure> {
    Ok(match &args.name {
        Some(name) => Name::parse("name", name)?,
        None => hostname()?,
    })
}
