//! `lqx pool list`.

use limiquantix_proto::storage::v1::{ListPoolsRequest, ListPoolsResponse, Pool};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paging::{self, Listed};
use crate::resolve;

/// Which pools.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only pools of this node
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
    #[command(flatten)]
    listed: Listed,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let mut request = ListPoolsRequest::default();
    if let Some(node) = &args.node {
        request.node_id = resolve::node(&client, node).await?.id;
    }
    let answer = pages(&client, args.listed.apply(request), args.listed.most()).await?;
    app.out.list(&answer, &answer.pools)?;
    Ok(Exit::Ok)
}

/// Every pool.
pub(crate) async fn all(client: &Client) -> Result<Vec<Pool>, Failure> {
    Ok(pages(client, ListPoolsRequest::default(), usize::MAX)
        .await?
        .pools)
}

async fn pages(
    client: &Client,
    request: ListPoolsRequest,
    most: usize,
) -> Result<ListPoolsResponse, Failure> {
    paging::pages(request, most, async |request| {
        Ok(client.pools().list_pools(request).await?.into_owned())
    })
    .await
}
