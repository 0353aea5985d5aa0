//! `lqx cluster list`.

use limiquantix_proto::cluster::v1::{Cluster, ListClustersRequest, ListClustersResponse};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::vm::label;

/// The largest page the server gives.
const PAGE: i32 = 1000;

/// Which clusters.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only clusters with this label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let request = ListClustersRequest {
        labels: args.labels.iter().cloned().collect(),
        ..Default::default()
    };
    let answer = pages(&app.client()?, request).await?;
    app.out.list(&answer, &answer.clusters)?;
    Ok(Exit::Ok)
}

/// Every cluster.
pub(crate) async fn all(client: &Client) -> Result<Vec<Cluster>, Failure> {
    Ok(pages(client, ListClustersRequest::default()).await?.clusters)
}

/// Reads page after page, and makes one answer of them.
async fn pages(client: &Client, mut request: ListClustersRequest) -> Result<ListClustersResponse, Failure> {
    request.page_size = PAGE;
    let service = client.clusters();
    let mut all = service.list_clusters(request.clone()).await?.into_owned();
    while !all.next_page_token.is_empty() {
        request.page_token = std::mem::take(&mut all.next_page_token);
        let page = service.list_clusters(request.clone()).await?.into_owned();
        all.clusters.extend(page.clusters);
        all.next_page_token = page.next_page_token;
    }
    Ok(all)
}
