//! `lqx rule delete`.

use limiquantix_proto::cluster::v1::DeleteRuleRequest;

use crate::app::App;
use crate::client::{new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which rules.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names, ids, unique prefixes or globs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Do not ask for a confirmation
    #[arg(short, long)]
    yes: bool,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let rules = resolve::rules(app, &client, &args.names).await?;
    if !args.dry_run {
        let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
        app.confirm(args.yes, "delete", &names)?;
    }
    let service = client.rules();
    let mut exit = Exit::Ok;
    for rule in rules {
        let request = DeleteRuleRequest {
            id: rule.id.clone(),
            request_id: new_request_id(),
            validate_only: args.dry_run,
            ..Default::default()
        };
        match retrying(async || service.delete_rule(request.clone()).await).await {
            Ok(gone) => {
                match args.dry_run {
                    true => app
                        .out
                        .talk(&format!("would delete rule {}; nothing was changed", rule.name)),
                    false => app.out.talk(&format!("deleted rule {}", rule.name)),
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
