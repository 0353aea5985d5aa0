//! The grammar of the command line.

use clap::{Args, Parser, Subcommand};

use crate::app::App;
use crate::config::{self, Flags};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Format, Output};
use crate::{
    alert, api, cluster, completion, console, drs, event, explain, launch, login, network, node, pool, port,
    project, rule, snapshot, task, vm, volume,
};

const AFTER_HELP: &str = "\
NAME is a name, an id, a unique prefix of either, or a glob such as 'web-*'.
Exit codes: 0 ok, 1 internal, 2 usage, 3 not found, 4 conflict, 5 unauthenticated or denied,
  6 unavailable, 7 task failed, 8 timed out, 9 no capacity, 130 interrupted.";

/// Control virtual machines and the nodes that run them.
#[derive(Debug, Parser)]
#[command(name = "lqx", version, after_help = AFTER_HELP, infer_subcommands = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
struct Globals {
    /// Address of the server [env: LQX_SERVER] [default: http://127.0.0.1:8080]
    #[arg(long, global = true, value_name = "URL")]
    server: Option<String>,
    /// Context of the configuration file to use [env: LQX_CONTEXT]
    #[arg(long, global = true, value_name = "NAME")]
    context: Option<String>,
    /// Project to work in [env: LQX_PROJECT]
    #[arg(long, global = true, value_name = "ID")]
    project: Option<String>,
    /// How to print data: table, wide, json, yaml, csv, name, jsonpath=PATH [env: LQX_OUTPUT]
    #[arg(short, long, global = true, value_name = "FORMAT")]
    output: Option<String>,
    /// Longest time to wait: 30s, 5m, 1h [env: LQX_TIMEOUT]
    #[arg(long, global = true, value_name = "DURATION")]
    timeout: Option<String>,
    /// No colours [env: NO_COLOR]
    #[arg(long, global = true)]
    no_color: bool,
    /// Print data and errors, and nothing else
    #[arg(short, long, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create a VM, start it, and wait until it runs
    Launch(Box<launch::Args>),
    /// Virtual machines
    #[command(subcommand)]
    Vm(vm::Command),
    /// VMs as they were at one moment
    #[command(subcommand)]
    Snapshot(snapshot::Command),
    /// Nodes
    #[command(subcommand)]
    Node(node::Command),
    /// Nodes that share policy
    #[command(subcommand)]
    Cluster(Box<cluster::Command>),
    /// Which VMs belong together, apart, on some nodes, or off them
    #[command(subcommand)]
    Rule(Box<rule::Command>),
    /// Projects and their quotas
    #[command(subcommand)]
    Project(project::Command),
    /// Networks that VMs plug into
    #[command(subcommand)]
    Network(network::Command),
    /// Attachments of VMs to networks, with their addresses
    #[command(subcommand)]
    Port(port::Command),
    /// Storage pools
    #[command(subcommand)]
    Pool(pool::Command),
    /// Virtual disks
    #[command(subcommand)]
    Volume(volume::Command),
    /// Long-running operations
    #[command(subcommand)]
    Task(task::Command),
    /// What somebody should know until it is over
    #[command(subcommand)]
    Alert(alert::Command),
    /// What happened
    #[command(subcommand)]
    Event(event::Command),
    /// Moves that the cluster would gain from
    #[command(subcommand)]
    Drs(drs::Command),
    /// Attach to a VM's serial console, or read its log
    Console(console::Args),
    /// Say why things are as they are
    #[command(subcommand)]
    Explain(explain::Command),
    /// Make any call of the API
    Api(api::Args),
    /// Log in, and keep the token
    Login(login::Args),
    /// Run server and agent on this machine
    #[cfg(feature = "up")]
    Up(Box<crate::up::Args>),
    /// Run a simulated cluster: no root, no KVM, nothing installed
    #[cfg(feature = "up")]
    Demo(crate::demo::Args),
    /// Find out whether this machine can run VMs, and what is missing
    Doctor(crate::doctor::Args),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Print a completion script for a shell
    Completion(completion::Args),
    /// Print the version
    Version,
}

impl Cli {
    /// Runs the command, tells about a failure, and says how it ended.
    pub(crate) fn run(self) -> Exit {
        let Globals {
            server,
            context,
            project,
            output,
            timeout,
            no_color,
            quiet,
        } = self.globals;
        // For what goes wrong before it is known how to print.
        let fallback = Output::new(Format::Table, quiet, no_color);
        let flags = Flags {
            server,
            context,
            project,
            output,
            timeout,
        };
        let settings = match config::resolve(flags, &|name| std::env::var(name).ok()) {
            Ok(settings) => settings,
            Err(failure) => {
                // Completion and version work whatever the configuration says.
                return match self.command.run_offline(&fallback) {
                    Some(result) => report(&fallback, result),
                    None => report(&fallback, Err(failure)),
                };
            }
        };
        let out = Output::new(settings.output.value.clone(), quiet, no_color);
        if let Some(result) = self.command.run_offline(&out) {
            return report(&out, result);
        }
        let app = App::new(settings, out);
        let mut builder = if self.command.serves() {
            tokio::runtime::Builder::new_multi_thread()
        } else {
            // A client waits for one thing at a time, and starts faster with one thread.
            tokio::runtime::Builder::new_current_thread()
        };
        let runtime = match builder.enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                return report(
                    &app.out,
                    Err(Failure::internal(format!("cannot start the runtime: {error}"))),
                );
            }
        };
        let result = runtime.block_on(self.command.run(&app));
        // A thread may still be waiting for a key that nobody presses.
        runtime.shutdown_background();
        report(
            &app.out,
            result.map_err(|failure| failure.of_server(&app.settings.server)),
        )
    }
}

fn report(out: &Output, result: Result<Exit, Failure>) -> Exit {
    match result {
        Ok(exit) => exit,
        Err(failure) => {
            out.failure(&failure);
            failure.exit()
        }
    }
}

impl Command {
    /// Others are served by this process.
    fn serves(&self) -> bool {
        match self {
            #[cfg(feature = "up")]
            Self::Up(_) | Self::Demo(_) => true,
            _ => false,
        }
    }

    /// What needs neither configuration nor server.
    fn run_offline(&self, out: &Output) -> Option<Result<Exit, Failure>> {
        match self {
            Self::Completion(args) => Some(completion::run(out, args)),
            Self::Version => {
                let version = serde_json::json!({"version": env!("CARGO_PKG_VERSION")});
                let lines = || vec![("lqx", env!("CARGO_PKG_VERSION").to_owned())];
                Some(out.document(&version, lines).map(|()| Exit::Ok))
            }
            _ => None,
        }
    }

    async fn run(&self, app: &App) -> Result<Exit, Failure> {
        match self {
            Self::Launch(args) => launch::run(app, args).await,
            Self::Vm(command) => vm::run(app, command).await,
            Self::Snapshot(command) => snapshot::run(app, command).await,
            Self::Node(command) => node::run(app, command).await,
            Self::Cluster(command) => cluster::run(app, command).await,
            Self::Rule(command) => rule::run(app, command).await,
            Self::Project(command) => project::run(app, command).await,
            Self::Network(command) => network::run(app, command).await,
            Self::Port(command) => port::run(app, command).await,
            Self::Pool(command) => pool::run(app, command).await,
            Self::Volume(command) => volume::run(app, command).await,
            Self::Task(command) => task::run(app, command).await,
            Self::Alert(command) => alert::run(app, command).await,
            Self::Event(command) => event::run(app, command).await,
            Self::Drs(command) => drs::run(app, command).await,
            Self::Console(args) => console::run(app, args).await,
            Self::Explain(command) => explain::run(app, command).await,
            Self::Api(args) => api::run(app, args).await,
            Self::Login(args) => login::run(app, args).await,
            #[cfg(feature = "up")]
            Self::Up(args) => crate::up::run(app, args).await,
            #[cfg(feature = "up")]
            Self::Demo(args) => crate::demo::run(app, args).await,
            Self::Doctor(args) => crate::doctor::run(app, args).await,
            Self::Config(command) => config::run(app, command),
            Self::Completion(_) | Self::Version => Ok(Exit::Ok),
        }
    }
}
