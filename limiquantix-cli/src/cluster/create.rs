//! `lqx cluster create`.

use limiquantix_proto::cluster::v1::{ClusterSpec, CreateClusterRequest};

use super::policy::PolicyArgs;
use crate::app::App;
use crate::client::{new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::vm::label;

/// What to create.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name, unique among the clusters
    #[arg(value_name = "NAME")]
    name: String,
    /// Label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let request = CreateClusterRequest {
        name: args.name.clone(),
        labels: args.labels.iter().cloned().collect(),
        spec: args.policy.applied(ClusterSpec::default()).into(),
        request_id: new_request_id(),
        validate_only: args.dry_run,
        ..Default::default()
    };
    let service = client.clusters();
    let made = retrying(async || service.create_cluster(request.clone()).await).await?;
    match args.dry_run {
        true => app.out.talk(&format!(
            "would create cluster {}; nothing was changed",
            args.name
        )),
        false => app.out.talk(&format!("created cluster {}", args.name)),
    }
    app.out.outcome(&made.into_owned())?;
    Ok(Exit::Ok)
}
