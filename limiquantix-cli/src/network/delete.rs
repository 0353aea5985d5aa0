//! `lqx network delete`.

use limiquantix_proto::network::v1::DeleteNetworkRequest;

use crate::app::App;
use crate::client::{new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which networks.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names, ids, unique prefixes or globs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Do not ask for a confirmation
    #[arg(short, long)]
    yes: bool,
    /// Check everything, tell the effect, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let networks = resolve::networks(app, &client, &args.names).await?;
    if !args.dry_run {
        let names: Vec<&str> = networks.iter().map(|network| network.name.as_str()).collect();
        app.confirm(args.yes, "delete", &names)?;
    }
    // One that is in use stops none of the others.
    let mut exit = Exit::Ok;
    for network in &networks {
        let request = DeleteNetworkRequest {
            id: network.id.clone(),
            request_id: new_request_id(),
            validate_only: args.dry_run,
            ..Default::default()
        };
        match retrying(async || client.networks().delete_network(request.clone()).await).await {
            Ok(answer) => {
                app.out.talk(&match args.dry_run {
                    true => format!("would delete network {:?}; nothing was changed", network.name),
                    false => format!("network {:?} deleted", network.name),
                });
                app.out.outcome(&answer.into_owned())?;
            }
            Err(error) => {
                let failure = Failure::from(error);
                app.out.failure(&failure);
                if exit == Exit::Ok {
                    exit = failure.exit();
                }
            }
        }
    }
    Ok(exit)
}
