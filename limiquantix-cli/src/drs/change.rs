//! `lqx drs approve` and `lqx drs reject`.

use connectrpc::ConnectError;
use limiquantix_proto::drs::v1::{ApproveRecommendationRequest, Recommendation, RejectRecommendationRequest};

use crate::app::App;
use crate::client::{Client, new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which recommendations, and what to say about them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ids, or unique prefixes of them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// What to say about it, on one line
    #[arg(short, long, value_name = "TEXT", default_value = "")]
    comment: String,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn approve(app: &App, args: &Args) -> Result<Exit, Failure> {
    each(app, args, "approve", "approved", async |client, it| {
        let request = ApproveRecommendationRequest {
            id: it.id.clone(),
            comment: args.comment.clone(),
            request_id: new_request_id(),
            validate_only: args.dry_run,
            ..Default::default()
        };
        retrying(async || client.drs().approve_recommendation(request.clone()).await)
            .await
            .map(|answer| answer.into_owned())
    })
    .await
}

pub(super) async fn reject(app: &App, args: &Args) -> Result<Exit, Failure> {
    each(app, args, "reject", "rejected", async |client, it| {
        let request = RejectRecommendationRequest {
            id: it.id.clone(),
            comment: args.comment.clone(),
            request_id: new_request_id(),
            validate_only: args.dry_run,
            ..Default::default()
        };
        retrying(async || client.drs().reject_recommendation(request.clone()).await)
            .await
            .map(|answer| answer.into_owned())
    })
    .await
}

async fn each(
    app: &App,
    args: &Args,
    infinitive: &str,
    achieved: &str,
    change: impl AsyncFn(&Client, &Recommendation) -> Result<Recommendation, ConnectError>,
) -> Result<Exit, Failure> {
    let client = app.client()?;
    let mut exit = Exit::Ok;
    for it in resolve::recommendations(&client, &args.ids).await? {
        match change(&client, &it).await {
            Ok(changed) => {
                let what = format!("the move of {} to {}", it.vm_name, it.target_node_name);
                match args.dry_run {
                    true => app.out.talk(&format!("would {infinitive} {what}")),
                    false => app.out.talk(&format!("{achieved} {what}")),
                }
                app.out.outcome(&changed)?;
            }
            Err(error) => {
                // The others may still be decided.
                let failure = Failure::from(error);
                app.out.failure(&failure);
                exit = failure.exit();
            }
        }
    }
    Ok(exit)
}
