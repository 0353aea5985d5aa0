//! `limiquantix-server`: parse, build, run.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use limiquantix::Settings;
use limiquantix_server::{Server, ServerConfig, StoreConfig};
use tokio_util::sync::CancellationToken;
use tracing::error;
use tracing_subscriber::EnvFilter;

/// The LimiQuantix control plane.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Where to listen; a loopback address.
    #[arg(long, env = "LQX_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where state is kept; made if it is not there.
    #[arg(long, env = "LQX_DATA_DIR", default_value = "/var/lib/limiquantix")]
    data_dir: PathBuf,
    /// Keep state in memory only: it is gone when the server stops.
    #[arg(long, conflicts_with = "data_dir")]
    in_memory: bool,
    /// Development mode: there is a user admin with the password admin.
    #[arg(long, env = "LQX_DEV", value_parser = clap::builder::FalseyValueParser::new())]
    dev: bool,
    /// What to log, as tracing filters: info, debug, limiquantix=debug …
    #[arg(long, env = "LQX_LOG", default_value = "info")]
    log: String,
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

async fn run(args: Args) -> limiquantix_core::Result<()> {
    let store = if args.in_memory {
        StoreConfig::Memory
    } else {
        StoreConfig::Sqlite(args.data_dir)
    };
    let config = ServerConfig {
        listen: args.listen,
        store,
        settings: Settings::default(),
        dev: args.dev,
    };
    let server = Server::start(config).await?;
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    server.run(stop).await;
    Ok(())
}

/// SIGINT and SIGTERM end the server in order; a second one ends it at once, as the default action is back.
fn stop_on_signal(stop: CancellationToken) -> limiquantix_core::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed =
        |e: std::io::Error| limiquantix_core::Error::internal("cannot listen for signals").caused_by(e);
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
