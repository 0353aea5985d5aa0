//! How the server is reached.
//!
//! ```text
//! calls            Connect over HTTP/1.1     what curl does, through every proxy
//! watches, console gRPC over HTTP/2          bytes both ways, pings that notice a dead peer
//! ```

mod raw;
mod retry;

use std::time::Duration;

use connectrpc::Protocol;
use connectrpc::client::{ClientConfig, Http2Connection, HttpClient, SharedHttp2Connection};
use http::Uri;
use limiquantix_proto::alert::v1::AlertServiceClient;
use limiquantix_proto::auth::v1::AuthServiceClient;
use limiquantix_proto::cluster::v1::{ClusterServiceClient, RuleServiceClient};
use limiquantix_proto::compute::v1::{NodeServiceClient, VmServiceClient};
use limiquantix_proto::drs::v1::DrsServiceClient;
use limiquantix_proto::event::v1::EventServiceClient;
use limiquantix_proto::network::v1::{NetworkServiceClient, PortServiceClient};
use limiquantix_proto::project::v1::ProjectServiceClient;
use limiquantix_proto::storage::v1::{PoolServiceClient, VolumeServiceClient};
use limiquantix_proto::task::v1::TaskServiceClient;

use crate::config::Settings;
use crate::failure::Failure;

pub(crate) use raw::Raw;
pub(crate) use retry::{new_request_id, retrying};

/// Longest wait for the answer to a call, where nobody said how long. Calls only read or record a wish, so
/// a server that takes longer is in trouble.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a quiet stream is asked whether its peer is alive, and how long it may take to say so. Half a
/// minute to notice a cut cable, and little enough traffic for thousands of watchers.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// The services of one server.
pub(crate) struct Client {
    uri: Uri,
    http: HttpClient,
    streams: SharedHttp2Connection,
    calls: ClientConfig,
    watches: ClientConfig,
    timeout: Duration,
}

impl Client {
    /// Nothing is sent before the first call.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Failure> {
        let timeout = settings.timeout.value.unwrap_or(CALL_TIMEOUT);
        Self::with_token(&settings.server.value, settings.access_token()?, timeout)
    }

    /// A server of this process, which takes everybody on this machine for its administrator.
    #[cfg(feature = "up")]
    pub(crate) fn of_own_server(address: &str) -> Result<Self, Failure> {
        Self::with_token(address, None, CALL_TIMEOUT)
    }

    fn with_token(address: &str, token: Option<String>, timeout: Duration) -> Result<Self, Failure> {
        let bad = || Failure::usage(format!("{address:?} is not a server address"));
        let uri: Uri = address.parse().map_err(|_| bad())?;
        let mut calls = ClientConfig::new(uri.clone()).with_default_timeout(timeout);
        let mut watches = ClientConfig::new(uri.clone()).with_protocol(Protocol::Grpc);
        if let Some(token) = token {
            let value = http::HeaderValue::try_from(format!("Bearer {token}"));
            let mut value =
                value.map_err(|_| Failure::usage("the access token is not valid").fix("lqx login"))?;
            value.set_sensitive(true);
            calls = calls.with_default_header("authorization", value.clone());
            watches = watches.with_default_header("authorization", value);
        }
        let streams = Http2Connection::builder()
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .lazy_plaintext(uri.clone())
            .shared(64);
        Ok(Self {
            uri,
            http: HttpClient::plaintext(),
            streams,
            calls,
            watches,
            timeout,
        })
    }

    /// Virtual machines.
    pub(crate) fn vms(&self) -> VmServiceClient<HttpClient> {
        VmServiceClient::new(self.http.clone(), self.calls.clone())
    }

    /// Streams of virtual machines and consoles.
    pub(crate) fn vm_streams(&self) -> VmServiceClient<SharedHttp2Connection> {
        VmServiceClient::new(self.streams.clone(), self.watches.clone())
    }

    /// Nodes.
    pub(crate) fn nodes(&self) -> NodeServiceClient<HttpClient> {
        NodeServiceClient::new(self.http.clone(), self.calls.clone())
    }

    /// Streams of nodes.
    pub(crate) fn node_streams(&self) -> NodeServiceClient<SharedHttp2Connection> {
        NodeServiceClient::new(self.streams.clone(), self.watches.clone())
    }

    /// Clusters.
    pub(crate) fn clusters(&self) -> ClusterServiceClient<HttpClient> {
        ClusterServiceClient::new(self.http.clone(), self.calls.clone())
    }

    /// Placement rules.
    pub(crate) fn rules(&self) -> RuleServiceClient<HttpClient> {
        RuleServiceClient::new(self.http.clone(), self.calls.clone())
    }

    /// Projects.
    pub(crate) fn projects(&self) -> ProjectServiceClient<HttpClient> {
        ProjectServiceClient::new(self.http.clone(), self.calls.clone())
    }

    /// Networks.
    pub(crate) fn networks(&self) -> NetworkServiceClient<HttpClient> {
        NetworkServiceClient::new(self.http.clone(), self.calls.clone())
    }

    /// Ports.
    pub(crate) fn ports(&self) -> PortServiceClient<HttpClient> {
        PortServiceClient::new(self.http.clone(), self.calls.clone())
    }

    /// Storage pools.
    pub(crate) fn pools(&self) -> PoolServiceClient<HttpClient> {
        PoolServiceClient::new(self.http.clone(), self.calls.clone())
    }

    /// Virtual disks.
    pub(crate) fn volumes(&self) -> VolumeServiceClient<HttpClient> {
        VolumeServiceClient::new(self.http.clone(), self.calls.clone())
    }

    /// Tasks.
    pub(crate) fn tasks(&self) -> TaskServiceClient<HttpClient> {
        TaskServiceClient::new(self.http.clone(), self.calls.clone())
    }

    /// Streams of tasks.
    pub(crate) fn task_streams(&self) -> TaskServiceClient<SharedHttp2Connection> {
        TaskServiceClient::new(self.streams.clone(), self.watches.clone())
    }

    /// Alerts.
    pub(crate) fn alerts(&self) -> AlertServiceClient<HttpClient> {
        AlertServiceClient::new(self.http.clone(), self.calls.clone())
    }

    /// Streams of alerts.
    pub(crate) fn alert_streams(&self) -> AlertServiceClient<SharedHttp2Connection> {
        AlertServiceClient::new(self.streams.clone(), self.watches.clone())
    }

    /// Events.
    pub(crate) fn events(&self) -> EventServiceClient<HttpClient> {
        EventServiceClient::new(self.http.clone(), self.calls.clone())
    }

    /// Streams of events.
    pub(crate) fn event_streams(&self) -> EventServiceClient<SharedHttp2Connection> {
        EventServiceClient::new(self.streams.clone(), self.watches.clone())
    }

    /// Recommendations.
    pub(crate) fn drs(&self) -> DrsServiceClient<HttpClient> {
        DrsServiceClient::new(self.http.clone(), self.calls.clone())
    }

    /// Sessions.
    pub(crate) fn auth(&self) -> AuthServiceClient<HttpClient> {
        AuthServiceClient::new(self.http.clone(), self.calls.clone())
    }
}
