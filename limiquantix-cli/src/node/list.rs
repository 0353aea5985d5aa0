//! `lqx node list`.

use limiquantix_proto::compute::v1::{ListNodesRequest, ListNodesResponse, Node, NodePhase};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paging::{self, Listed};
use crate::vm::label;

/// Which nodes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only nodes with this label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Only nodes in this state
    #[arg(long, value_name = "STATE")]
    state: Option<Phase>,
    #[command(flatten)]
    listed: Listed,
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
    let request = args.listed.apply(ListNodesRequest {
        labels: args.labels.iter().cloned().collect(),
        phase: args
            .state
            .map(|state| NodePhase::from(state).into())
            .unwrap_or_default(),
        ..Default::default()
    });
    let answer = pages(&app.client()?, request, args.listed.most()).await?;
    app.out.list(&answer, &answer.nodes)?;
    Ok(Exit::Ok)
}

/// Every node.
pub(crate) async fn all(client: &Client) -> Result<Vec<Node>, Failure> {
    Ok(pages(client, ListNodesRequest::default(), usize::MAX)
        .await?
        .nodes)
}

async fn pages(
    client: &Client,
    request: ListNodesRequest,
    most: usize,
) -> Result<ListNodesResponse, Failure> {
    paging::pages(request, most, async |request| {
        Ok(client.nodes().list_nodes(request).await?.into_owned())
    })
    .await
}
