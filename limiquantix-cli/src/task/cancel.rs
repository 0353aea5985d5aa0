//! `lqx task cancel`.

use limiquantix_proto::task::v1::CancelTaskRequest;

use crate::app::App;
use crate::client::retrying;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which tasks.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ids, or unique prefixes of them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let mut exit = Exit::Ok;
    for task in resolve::tasks(app, &client, &args.ids).await? {
        let request = CancelTaskRequest {
            id: task.id.clone(),
            validate_only: args.dry_run,
            ..Default::default()
        };
        match retrying(async || client.tasks().cancel_task(request.clone()).await).await {
            Ok(answer) => {
                let what = super::describe(&task);
                match args.dry_run {
                    true => app.out.talk(&format!("would cancel the {what}")),
                    false => app.out.talk(&format!("asked to cancel the {what}")),
                }
                app.out.outcome(&answer.into_owned())?;
            }
            Err(error) => {
                // The others may still be cancelled.
                let failure = Failure::from(error);
                app.out.failure(&failure);
                exit = failure.exit();
            }
        }
    }
    Ok(exit)
}
