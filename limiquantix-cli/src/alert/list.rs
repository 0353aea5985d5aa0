//! `lqx alert list`.

use limiquantix_proto::alert::v1::{Alert, AlertSeverity, AlertState, ListAlertsRequest, ListAlertsResponse};

use super::{Severity, State};
use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paging::{self, Listed};

/// Which alerts.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only alerts in this state; may be given more than once
    #[arg(long = "state", value_name = "STATE")]
    states: Vec<State>,
    /// Also alerts that are over
    #[arg(short, long, conflicts_with = "states")]
    all: bool,
    /// Only alerts of this severity
    #[arg(long, value_name = "SEVERITY")]
    severity: Option<Severity>,
    /// Only alerts about the VM, node or other object with this id
    #[arg(long, value_name = "ID")]
    about: Option<String>,
    #[command(flatten)]
    listed: Listed,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let states = match (args.all, args.states.as_slice()) {
        (true, _) => Vec::new(),
        (false, []) => vec![AlertState::Open, AlertState::Acknowledged],
        (false, states) => states.iter().map(|state| AlertState::from(*state)).collect(),
    };
    let request = args.listed.apply(ListAlertsRequest {
        states: states.into_iter().map(Into::into).collect(),
        severity: args
            .severity
            .map(|severity| AlertSeverity::from(severity).into())
            .unwrap_or_default(),
        source_id: args.about.clone().unwrap_or_default(),
        ..Default::default()
    });
    let answer = pages(&app.client()?, request, args.listed.most()).await?;
    app.out.list(&answer, &answer.alerts)?;
    Ok(Exit::Ok)
}

/// Every alert, also those that are over.
pub(crate) async fn all(client: &Client) -> Result<Vec<Alert>, Failure> {
    Ok(pages(client, ListAlertsRequest::default(), usize::MAX)
        .await?
        .alerts)
}

async fn pages(
    client: &Client,
    request: ListAlertsRequest,
    most: usize,
) -> Result<ListAlertsResponse, Failure> {
    paging::pages(request, most, async |request| {
        Ok(client.alerts().list_alerts(request).await?.into_owned())
    })
    .await
}
