//! `lqx project delete`.

use limiquantix_proto::project::v1::DeleteProjectRequest;

use crate::app::App;
use crate::client::{new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which projects.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ids, unique prefixes of them, or globs
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Do not ask for a confirmation
    #[arg(short, long)]
    yes: bool,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let projects = resolve::projects(&client, &args.ids).await?;
    if !args.dry_run {
        let ids: Vec<&str> = projects.iter().map(|project| project.id.as_str()).collect();
        app.confirm(args.yes, "delete", &ids)?;
    }
    let service = client.projects();
    let mut exit = Exit::Ok;
    for project in projects {
        let request = DeleteProjectRequest {
            id: project.id.clone(),
            request_id: new_request_id(),
            validate_only: args.dry_run,
            ..Default::default()
        };
        match retrying(async || service.delete_project(request.clone()).await).await {
            Ok(gone) => {
                match args.dry_run {
                    true => app.out.talk(&format!(
                        "would delete project {}; nothing was changed",
                        project.id
                    )),
                    false => app.out.talk(&format!("deleted project {}", project.id)),
                }
                app.out.outcome(&gone.into_owned())?;
            }
            Err(error) => {
                // The others may still be deleted.
                let failure = Failure::from(error);
                app.out.failure(&failure);
                exit = failure.exit();
            }
        }
    }
    Ok(exit)
}
