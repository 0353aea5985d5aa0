//! Accepts connections, keeps them alive, and drains them at the end.

mod caller_host;
#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

pub(crate) use caller_host::only_for_this_machine;

/// A peer that vanished without a word is noticed after these two together: soon enough that its watches do
/// not pile up, seldom enough that ten thousand idle agents cost nothing.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// A client that sends its request's headers slower than this wants to occupy the connection.
const HEADER_PATIENCE: Duration = Duration::from_secs(20);

/// How long open calls may take to end once the server is asked to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// Streams of one connection that may be open at once.
const STREAMS_PER_CONNECTION: u32 = 1024;

/// Serves `app` on `listener` until `stop`, then drains.
pub(crate) async fn serve(listener: TcpListener, app: Router, stop: CancellationToken) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_PATIENCE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .max_concurrent_streams(STREAMS_PER_CONNECTION);
    let open = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(e) => {
                    // Out of file descriptors, mostly: those who are connected go on, others wait.
                    warn!(error = %e, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let connection = open.watch(connection(&builder, stream, &app).into_owned());
        tokio::spawn(async move {
            if let Err(e) = connection.await {
                debug!(error = %e, "connection ended");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, open.shutdown()).await.is_err() {
        warn!("some calls did not end in time and are cut off");
    }
}

fn connection<'a>(
    builder: &'a auto::Builder<TokioExecutor>,
    stream: TcpStream,
    app: &Router,
) -> auto::UpgradeableConnection<'a, TokioIo<TcpStream>, TowerToHyperService<Router>, TokioExecutor> {
    // Small messages go out at once: with Nagle's algorithm each waits for the peer's delayed acknowledgement.
    if let Err(e) = stream.set_nodelay(true) {
        debug!(error = %e, "cannot set TCP_NODELAY");
    }
    builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(app.clone()))
}
