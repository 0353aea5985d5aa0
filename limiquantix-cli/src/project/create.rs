//! `lqx project create`.

use limiquantix_proto::project::v1::{CreateProjectRequest, ProjectSpec};

use super::quota::QuotaArgs;
use crate::app::App;
use crate::client::{new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::vm::label;

/// What to create.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id: 1 to 63 of a-z, 0-9 and '-'; never changes
    #[arg(value_name = "ID")]
    id: String,
    /// What people call it
    #[arg(long, value_name = "TEXT", default_value = "")]
    display_name: String,
    /// Free text for people
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// Label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    #[command(flatten)]
    quota: QuotaArgs,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let request = CreateProjectRequest {
        id: args.id.clone(),
        labels: args.labels.iter().cloned().collect(),
        spec: ProjectSpec {
            display_name: args.display_name.clone(),
            description: args.description.clone(),
            quota: args.quota.quota().into(),
            ..Default::default()
        }
        .into(),
        request_id: new_request_id(),
        validate_only: args.dry_run,
        ..Default::default()
    };
    let service = client.projects();
    let made = retrying(async || service.create_project(request.clone()).await).await?;
    match args.dry_run {
        true => app
            .out
            .talk(&format!("would create project {}; nothing was changed", args.id)),
        false => app.out.talk(&format!("created project {}", args.id)),
    }
    app.out.outcome(&made.into_owned())?;
    Ok(Exit::Ok)
}
