//! `lqx node delete`.

use limiquantix_proto::compute::v1::DeleteNodeRequest;

use super::change::{self, ChangeArgs};
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which nodes, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names, ids, unique prefixes or globs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// State that the node is destroyed and will never run a VM again: VMs on it that are being deleted are
    /// removed with it
    #[arg(long, requires = "reason")]
    node_is_gone: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not ask for a confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let nodes = resolve::nodes(&client, &args.names).await?;
    if !args.change.dry_run {
        let names: Vec<&str> = nodes.iter().map(|node| node.hostname.as_str()).collect();
        app.confirm(args.yes, "delete", &names)?;
    }
    change::each(app, &nodes, &args.change, "deleted", async |node, request_id| {
        let request = DeleteNodeRequest {
            id: node.id.clone(),
            node_is_gone: args.node_is_gone,
            reason: args.reason.clone().unwrap_or_default(),
            request_id: request_id.to_owned(),
            validate_only: args.change.dry_run,
            ..Default::default()
        };
        Ok(client.nodes().delete_node(request).await?.into_owned())
    })
    .await
}
