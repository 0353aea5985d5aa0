//! `lqx node watch`.

use connectrpc::{ConnectError, ErrorCode};
use limiquantix_proto::compute::v1::{WatchNodesRequest, WatchNodesResponse};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::vm::{RECONNECT, label, word};
use crate::{resolve, wait};

/// Which nodes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name, id, or unique prefix. None: all nodes
    name: Option<String>,
    /// Only nodes with this label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
}

/// Shows every change until the stream ends or Ctrl-C; a broken connection continues where it broke.
pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let only = match &args.name {
        Some(name) => Some(resolve::node(&client, name).await?.id),
        None => None,
    };
    let mut revision = 0;
    loop {
        let request = WatchNodesRequest {
            labels: args.labels.iter().cloned().collect(),
            from_revision: revision,
            initial: revision == 0,
            ..Default::default()
        };
        let error = match connection(app, &client, request, only.as_deref(), &mut revision).await? {
            // Before anything has arrived, waiting could be for a server that does not exist.
            Some(error) if revision > 0 && wait::is_passing(&error) => error,
            Some(error) => return Err(error.into()),
            None => return Ok(Exit::Ok),
        };
        if error.code == ErrorCode::OutOfRange {
            revision = 0;
        }
        app.out.talk("the connection broke off; trying again");
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn connection(
    app: &App,
    client: &Client,
    request: WatchNodesRequest,
    only: Option<&str>,
    revision: &mut u64,
) -> Result<Option<ConnectError>, Failure> {
    let mut stream = match client.node_streams().watch_nodes(request).await {
        Ok(stream) => stream,
        Err(error) => return Ok(Some(error)),
    };
    loop {
        let message: WatchNodesResponse = match stream.message().await {
            Ok(Some(message)) => message.to_owned_message(),
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(error)),
        };
        *revision = message.revision;
        let node = message.node.as_option();
        if let Some(node) = node.filter(|node| only.is_none_or(|id| id == node.id)) {
            app.out
                .change(&message, &word(&message.r#type, "CHANGE_TYPE_"), node)?;
        }
    }
}
