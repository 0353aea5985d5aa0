//! `lqx project update`.

use buffa_types::google::protobuf::FieldMask;
use limiquantix_proto::project::v1::{ProjectSpec, UpdateProjectRequest};

use super::quota::QuotaArgs;
use crate::app::App;
use crate::client::{new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;
use crate::vm::label;

/// What to change.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id, or a unique prefix of it
    #[arg(value_name = "ID")]
    id: String,
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// Free text for people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Label, replacing all that there are; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    #[command(flatten)]
    quota: QuotaArgs,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let mut paths = args.quota.named();
    let others = [
        ("spec.display_name", args.display_name.is_some()),
        ("spec.description", args.description.is_some()),
        ("labels", !args.labels.is_empty()),
    ];
    let others = others.into_iter().filter(|(_, given)| *given);
    paths.extend(others.map(|(path, _)| path.to_owned()));
    if paths.is_empty() {
        return Err(Failure::usage("nothing to change").fix("lqx project update --help"));
    }
    let client = app.client()?;
    let project = resolve::project(&client, &args.id).await?;
    let request = UpdateProjectRequest {
        id: project.id.clone(),
        labels: args.labels.iter().cloned().collect(),
        spec: ProjectSpec {
            display_name: args.display_name.clone().unwrap_or_default(),
            description: args.description.clone().unwrap_or_default(),
            quota: args.quota.quota().into(),
            ..Default::default()
        }
        .into(),
        update_mask: FieldMask {
            paths,
            ..Default::default()
        }
        .into(),
        request_id: new_request_id(),
        validate_only: args.dry_run,
        ..Default::default()
    };
    let service = client.projects();
    let changed = retrying(async || service.update_project(request.clone()).await).await?;
    match args.dry_run {
        true => app.out.talk(&format!(
            "would change project {}; nothing was changed",
            project.id
        )),
        false => app.out.talk(&format!("changed project {}", project.id)),
    }
    app.out.outcome(&changed.into_owned())?;
    Ok(Exit::Ok)
}
