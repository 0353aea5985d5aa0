//! `lqx network list`.

use limiquantix_proto::network::v1::{ListNetworksRequest, ListNetworksResponse, Network};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paging::{self, Listed};
use crate::vm::label;

/// Which networks.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only networks with this label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    #[command(flatten)]
    listed: Listed,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let request = ListNetworksRequest {
        project_id: app.project(),
        labels: args.labels.iter().cloned().collect(),
        ..Default::default()
    };
    let answer = pages(&app.client()?, args.listed.apply(request), args.listed.most()).await?;
    app.out.list(&answer, &answer.networks)?;
    Ok(Exit::Ok)
}

/// Every network of the project.
pub(crate) async fn all(app: &App, client: &Client) -> Result<Vec<Network>, Failure> {
    let request = ListNetworksRequest {
        project_id: app.project(),
        ..Default::default()
    };
    Ok(pages(client, request, usize::MAX).await?.networks)
}

async fn pages(
    client: &Client,
    request: ListNetworksRequest,
    most: usize,
) -> Result<ListNetworksResponse, Failure> {
    paging::pages(request, most, async |request| {
        Ok(client.networks().list_networks(request).await?.into_owned())
    })
    .await
}
