//! `lqx node list`.

use limiquantix_proto::compute::v1::{ListNodesRequest, ListNodesResponse, Node, NodePhase};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::vm::label;

/// The largest page the server gives.
const PAGE: i32 = 1000;

/// Which nodes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only nodes with this label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Only nodes in this state
    #[arg(long, value_name = "STATE")]
    state: Option<Phase>,
}

/// Phases as people type them.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Phase {
    Ready,
    NotReady,
    Unknown,
}

impl From<Phase> for NodePhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Ready => Self::Ready,
            Phase::NotReady => Self::NotReady,
            Phase::Unknown => Self::Unknown,
        }
    }
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let request = ListNodesRequest {
        labels: args.labels.iter().cloned().collect(),
        phase: args
            .state
            .map(|state| NodePhase::from(state).into())
            .unwrap_or_default(),
        ..Default::default()
    };
    let answer = pages(&app.client()?, request).await?;
    app.out.list(&answer, &answer.nodes)?;
    Ok(Exit::Ok)
}

/// Every node.
pub(crate) async fn all(client: &Client) -> Result<Vec<Node>, Failure> {
    Ok(pages(client, ListNodesRequest::default()).await?.nodes)
}

/// Reads page after page, and makes one answer of them.
async fn pages(client: &Client, mut request: ListNodesRequest) -> Result<ListNodesResponse, Failure> {
    request.page_size = PAGE;
    let mut all = client.nodes().list_nodes(request.clone()).await?.into_owned();
    while !all.next_page_token.is_empty() {
        request.page_token = std::mem::take(&mut all.next_page_token);
        let page = client.nodes().list_nodes(request.clone()).await?.into_owned();
        all.nodes.extend(page.nodes);
        all.next_page_token = page.next_page_token;
    }
    Ok(all)
}
