//! `lqx cluster list`.

use limiquantix_proto::cluster::v1::{Cluster, ListClustersRequest, ListClustersResponse};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paging::{self, Listed};
use crate::vm::label;

/// Which clusters.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only clusters with this label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    #[command(flatten)]
    listed: Listed,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let request = ListClustersRequest {
        labels: args.labels.iter().cloned().collect(),
        ..Default::default()
    };
    let answer = pages(&app.client()?, args.listed.apply(request), args.listed.most()).await?;
    app.out.list(&answer, &answer.clusters)?;
    Ok(Exit::Ok)
}

/// Every cluster.
pub(crate) async fn all(client: &Client) -> Result<Vec<Cluster>, Failure> {
    Ok(pages(client, ListClustersRequest::default(), usize::MAX)
        .await?
        .clusters)
}

async fn pages(
    client: &Client,
    request: ListClustersRequest,
    most: usize,
) -> Result<ListClustersResponse, Failure> {
    paging::pages(request, most, async |request| {
        Ok(client.clusters().list_clusters(request).await?.into_owned())
    })
    .await
}
