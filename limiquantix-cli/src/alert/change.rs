//! `lqx alert ack` and `lqx alert resolve`.

use connectrpc::ConnectError;
use limiquantix_proto::alert::v1::{AcknowledgeAlertRequest, Alert, ResolveAlertRequest};

use crate::app::App;
use crate::client::{Client, new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which alerts, and what to say about them.
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

pub(super) async fn acknowledge(app: &App, args: &Args) -> Result<Exit, Failure> {
    let request = |alert: &Alert| AcknowledgeAlertRequest {
        id: alert.id.clone(),
        comment: args.comment.clone(),
        request_id: new_request_id(),
        validate_only: args.dry_run,
        ..Default::default()
    };
    each(app, args, "acknowledge", "acknowledged", async |client, alert| {
        let request = request(alert);
        retrying(async || client.alerts().acknowledge_alert(request.clone()).await)
            .await
            .map(|answer| answer.into_owned())
    })
    .await
}

pub(super) async fn resolve(app: &App, args: &Args) -> Result<Exit, Failure> {
    let request = |alert: &Alert| ResolveAlertRequest {
        id: alert.id.clone(),
        comment: args.comment.clone(),
        request_id: new_request_id(),
        validate_only: args.dry_run,
        ..Default::default()
    };
    each(app, args, "resolve", "resolved", async |client, alert| {
        let request = request(alert);
        retrying(async || client.alerts().resolve_alert(request.clone()).await)
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
    change: impl AsyncFn(&Client, &Alert) -> Result<Alert, ConnectError>,
) -> Result<Exit, Failure> {
    let client = app.client()?;
    let mut exit = Exit::Ok;
    for alert in resolve::alerts(&client, &args.ids).await? {
        match change(&client, &alert).await {
            Ok(changed) => {
                match args.dry_run {
                    true => app.out.talk(&format!("would {infinitive} {:?}", alert.title)),
                    false => app.out.talk(&format!("{achieved} {:?}", alert.title)),
                }
                app.out.outcome(&changed)?;
            }
            Err(error) => {
                // The others may still be changed.
                let failure = Failure::from(error);
                app.out.failure(&failure);
                exit = failure.exit();
            }
        }
    }
    Ok(exit)
}
