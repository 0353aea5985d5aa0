//! `lqx cluster add-node` and `lqx cluster remove-node`.

use limiquantix_proto::cluster::v1::{AddNodeRequest, RemoveNodeRequest};

use crate::app::App;
use crate::client::{new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which cluster, and which nodes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of the cluster, or a unique prefix of either
    #[arg(value_name = "CLUSTER")]
    cluster: String,
    /// Names, ids, unique prefixes or globs of nodes
    #[arg(required = true, value_name = "NODE")]
    nodes: Vec<String>,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn add(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let cluster = resolve::cluster(&client, &args.cluster).await?;
    let service = client.clusters();
    for node in resolve::nodes(&client, &args.nodes).await? {
        let request = AddNodeRequest {
            cluster_id: cluster.id.clone(),
            node_id: node.id.clone(),
            request_id: new_request_id(),
            validate_only: args.dry_run,
            ..Default::default()
        };
        let changed = retrying(async || service.add_node(request.clone()).await).await?;
        let what = format!("node {} to cluster {}", node.hostname, cluster.name);
        match args.dry_run {
            true => app.out.talk(&format!("would add {what}; nothing was changed")),
            false => app.out.talk(&format!("added {what}")),
        }
        app.out.outcome(&changed.into_owned())?;
    }
    Ok(Exit::Ok)
}

pub(super) async fn remove(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let cluster = resolve::cluster(&client, &args.cluster).await?;
    let service = client.clusters();
    for node in resolve::nodes(&client, &args.nodes).await? {
        let request = RemoveNodeRequest {
            cluster_id: cluster.id.clone(),
            node_id: node.id.clone(),
            request_id: new_request_id(),
            validate_only: args.dry_run,
            ..Default::default()
        };
        let changed = retrying(async || service.remove_node(request.clone()).await).await?;
        let what = format!("node {} from cluster {}", node.hostname, cluster.name);
        match args.dry_run {
            true => app.out.talk(&format!("would remove {what}; nothing was changed")),
            false => app.out.talk(&format!("removed {what}")),
        }
        app.out.outcome(&changed.into_owned())?;
    }
    Ok(Exit::Ok)
}
