//! `lqx volume list`.

use limiquantix_proto::storage::v1::{ListVolumesRequest, ListVolumesResponse, Volume, VolumePhase};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paging::{self, Listed};
use crate::resolve;
use crate::vm::label;

/// Which volumes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only volumes with this label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Only volumes on this node
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
    /// Only volumes in this phase
    #[arg(long, value_name = "PHASE")]
    phase: Option<Phase>,
    #[command(flatten)]
    listed: Listed,
}

/// Phases as people type them.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Phase {
    Creating,
    Available,
    InUse,
    Detaching,
    Deleting,
    Error,
}

impl From<Phase> for VolumePhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Creating => Self::Creating,
            Phase::Available => Self::Available,
            Phase::InUse => Self::InUse,
            Phase::Detaching => Self::Detaching,
            Phase::Deleting => Self::Deleting,
            Phase::Error => Self::Error,
        }
    }
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let mut request = ListVolumesRequest {
        project_id: app.project(),
        labels: args.labels.iter().cloned().collect(),
        phase: args
            .phase
            .map(|phase| VolumePhase::from(phase).into())
            .unwrap_or_default(),
        ..Default::default()
    };
    if let Some(node) = &args.node {
        request.node_id = resolve::node(&client, node).await?.id;
    }
    let answer = pages(&client, args.listed.apply(request), args.listed.most()).await?;
    app.out.list(&answer, &answer.volumes)?;
    Ok(Exit::Ok)
}

/// Every volume of the project.
pub(crate) async fn all(app: &App, client: &Client) -> Result<Vec<Volume>, Failure> {
    let request = ListVolumesRequest {
        project_id: app.project(),
        ..Default::default()
    };
    Ok(pages(client, request, usize::MAX).await?.volumes)
}

async fn pages(
    client: &Client,
    request: ListVolumesRequest,
    most: usize,
) -> Result<ListVolumesResponse, Failure> {
    paging::pages(request, most, async |request| {
        Ok(client.volumes().list_volumes(request).await?.into_owned())
    })
    .await
}
