//! `lqx cluster update`.

use buffa_types::google::protobuf::FieldMask;
use limiquantix_proto::cluster::v1::UpdateClusterRequest;

use super::policy::PolicyArgs;
use crate::app::App;
use crate::client::{new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;
use crate::vm::label;

/// What to change.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name, id, or a unique prefix of either
    #[arg(value_name = "NAME")]
    name: String,
    /// Label, replacing all that there are; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let mut paths = args.policy.named();
    if !args.labels.is_empty() {
        paths.push("labels".to_owned());
    }
    if paths.is_empty() {
        return Err(Failure::usage("nothing to change").fix("lqx cluster update --help"));
    }
    let client = app.client()?;
    let cluster = resolve::cluster(&client, &args.name).await?;
    let request = UpdateClusterRequest {
        id: cluster.id.clone(),
        labels: args.labels.iter().cloned().collect(),
        // Single numbers are changed in what was read, hence only if that is still so.
        spec: args
            .policy
            .applied(cluster.spec.as_option().cloned().unwrap_or_default())
            .into(),
        etag: cluster.etag.clone(),
        update_mask: FieldMask {
            paths,
            ..Default::default()
        }
        .into(),
        request_id: new_request_id(),
        validate_only: args.dry_run,
        ..Default::default()
    };
    let service = client.clusters();
    let changed = retrying(async || service.update_cluster(request.clone()).await).await?;
    match args.dry_run {
        true => app.out.talk(&format!(
            "would change cluster {}; nothing was changed",
            cluster.name
        )),
        false => app.out.talk(&format!("changed cluster {}", cluster.name)),
    }
    app.out.outcome(&changed.into_owned())?;
    Ok(Exit::Ok)
}
