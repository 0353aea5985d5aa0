//! `lqx node cordon` and `lqx node uncordon`.

use limiquantix_proto::compute::v1::{CordonNodeRequest, UncordonNodeRequest};

use super::change::{self, ChangeArgs};
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which nodes, and why.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names, ids, unique prefixes or globs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Why; shown wherever a VM is refused for it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    change: ChangeArgs,
}

/// Which nodes.
#[derive(Debug, clap::Args)]
pub(crate) struct LiftArgs {
    /// Names, ids, unique prefixes or globs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let nodes = resolve::nodes(&client, &args.names).await?;
    change::each(app, &nodes, &args.change, "cordoned", async |node, request_id| {
        let request = CordonNodeRequest {
            id: node.id.clone(),
            reason: args.reason.clone().unwrap_or_default(),
            request_id: request_id.to_owned(),
            validate_only: args.change.dry_run,
            ..Default::default()
        };
        Ok(client.nodes().cordon_node(request).await?.into_owned())
    })
    .await
}

pub(super) async fn lift(app: &App, args: &LiftArgs) -> Result<Exit, Failure> {
    let client = app.client()?;
    let nodes = resolve::nodes(&client, &args.names).await?;
    change::each(
        app,
        &nodes,
        &args.change,
        "uncordoned",
        async |node, request_id| {
            let request = UncordonNodeRequest {
                id: node.id.clone(),
                request_id: request_id.to_owned(),
                validate_only: args.change.dry_run,
                ..Default::default()
            };
            Ok(client.nodes().uncordon_node(request).await?.into_owned())
        },
    )
    .await
}
