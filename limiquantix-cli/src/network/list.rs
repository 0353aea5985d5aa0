//! `lqx network list`.

use limiquantix_proto::network::v1::{ListNetworksRequest, ListNetworksResponse, Network};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::vm::label;

/// The largest page the server gives.
const PAGE: i32 = 1000;

/// Which networks.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only networks with this label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let request = ListNetworksRequest {
        project_id: app.project(),
        labels: args.labels.iter().cloned().collect(),
        ..Default::default()
    };
    let answer = pages(&app.client()?, request).await?;
    app.out.list(&answer, &answer.networks)?;
    Ok(Exit::Ok)
}

/// Every network of the project.
pub(crate) async fn all(app: &App, client: &Client) -> Result<Vec<Network>, Failure> {
    let request = ListNetworksRequest {
        project_id: app.project(),
        ..Default::default()
    };
    Ok(pages(client, request).await?.networks)
}

/// Reads page after page, and makes one answer of them.
async fn pages(client: &Client, mut request: ListNetworksRequest) -> Result<ListNetworksResponse, Failure> {
    request.page_size = PAGE;
    let service = client.networks();
    let mut all = service.list_networks(request.clone()).await?.into_owned();
    while !all.next_page_token.is_empty() {
        request.page_token = std::mem::take(&mut all.next_page_token);
        let page = service.list_networks(request.clone()).await?.into_owned();
        all.networks.extend(page.networks);
        all.next_page_token = page.next_page_token;
    }
    Ok(all)
}
