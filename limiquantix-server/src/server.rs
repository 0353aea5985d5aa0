use std::net::SocketAddr;
use std::sync::Arc;

use connectrpc_health::StaticChecker;
use limiquantix::ControlPlane;
use limiquantix_core::contract::Store;
use limiquantix_core::{Error, Reason, Result};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::auth::Auth;
use crate::config::{ServerConfig, StoreConfig};
use crate::{http_routes, net, rpc, wire};

/// A server that is ready to be run.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    control_plane: ControlPlane,
    health: Arc<StaticChecker>,
    app: axum::Router,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Opens the store, starts the control plane and takes the port. After this, connections are queued;
    /// they are answered when [`run`](Self::run) is polled.
    pub async fn start(config: ServerConfig) -> Result<Self> {
        config.check()?;
        let store = wire::open_store(&config.store).await?;
        Self::start_on(store, config).await
    }

    /// The same on a store that is open already; what `config` says of the store only names it in the log.
    pub async fn start_on(store: Arc<dyn Store>, config: ServerConfig) -> Result<Self> {
        config.check()?;
        let control_plane = ControlPlane::builder()
            .store(Arc::clone(&store))
            .settings(config.settings.clone())
            .build()
            .await?;
        let listener = TcpListener::bind(config.listen).await.map_err(|e| {
            let message = format!("cannot listen on {}: {e}", config.listen);
            Error::new(Reason::InvalidField, message)
                .with("field", "listen")
                .caused_by(e)
        })?;
        let address = listener
            .local_addr()
            .map_err(|e| Error::internal("a bound socket has no address").caused_by(e))?;
        let auth = Arc::new(Auth::new(config.dev));
        let (rpc, health) = rpc::service(&control_plane, auth)?;
        let rpc = net::only_for_this_machine(axum::Router::new().fallback_service(rpc));
        let app = http_routes::router(store).fallback_service(rpc);
        if config.dev {
            warn!("development mode: anybody on this machine can log in as admin with the password admin");
        }
        let kept = match &config.store {
            StoreConfig::Memory => "in memory".to_owned(),
            StoreConfig::Sqlite(directory) => directory.display().to_string(),
        };
        info!(%address, state = kept, "ready");
        Ok(Self {
            listener,
            address,
            control_plane,
            health,
            app,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The control plane behind it.
    pub fn control_plane(&self) -> &ControlPlane {
        &self.control_plane
    }

    /// Serves until `stop`, then ends open streams, lets calls finish, and returns.
    pub async fn run(self, stop: CancellationToken) {
        let (control_plane, health) = (self.control_plane.clone(), self.health);
        let ending = stop.clone();
        // Streams never end by themselves: their clients are told to resume elsewhere.
        tokio::spawn(async move {
            ending.cancelled().await;
            health.shutdown();
            control_plane.shutdown();
        });
        net::serve(self.listener, self.app, stop).await;
        info!("stopped");
    }
}
