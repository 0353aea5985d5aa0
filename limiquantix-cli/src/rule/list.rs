//! `lqx rule list`.

use limiquantix_proto::cluster::v1::{ListRulesRequest, ListRulesResponse, PlacementRule};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paging::{self, Listed};
use crate::vm::label;

/// Which rules.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only rules with this label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    #[command(flatten)]
    listed: Listed,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let labels = args.labels.iter().cloned().collect();
    let request = ListRulesRequest {
        project_id: app.project(),
        labels,
        ..Default::default()
    };
    let answer = pages(&app.client()?, args.listed.apply(request), args.listed.most()).await?;
    app.out.list(&answer, &answer.rules)?;
    Ok(Exit::Ok)
}

/// Every rule of the project.
pub(crate) async fn all(app: &App, client: &Client) -> Result<Vec<PlacementRule>, Failure> {
    let request = ListRulesRequest {
        project_id: app.project(),
        ..Default::default()
    };
    Ok(pages(client, request, usize::MAX).await?.rules)
}

async fn pages(
    client: &Client,
    request: ListRulesRequest,
    most: usize,
) -> Result<ListRulesResponse, Failure> {
    paging::pages(request, most, async |request| {
        Ok(client.rules().list_rules(request).await?.into_owned())
    })
    .await
}
