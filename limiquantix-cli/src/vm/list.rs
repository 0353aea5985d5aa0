//! `lqx vm list`.

use limiquantix_proto::compute::v1::{ListVMsRequest, ListVMsResponse, VirtualMachine, VmState};

use super::{label, watch};
use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paging::{self, Listed};
use crate::resolve;

/// Which VMs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only VMs in this state
    #[arg(long, value_name = "STATE")]
    state: Option<State>,
    /// Only VMs on this node
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// Only VMs with this label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    #[command(flatten)]
    listed: Listed,
    /// Show the changes of all VMs, for ever
    #[arg(short, long, conflicts_with_all = ["state", "node", "labels", "limit", "filter", "order_by"])]
    watch: bool,
}

/// States as people type them.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum State {
    Pending,
    Provisioning,
    Stopped,
    Starting,
    Running,
    Stopping,
    Rebooting,
    Suspended,
    Migrating,
    Deleting,
    Error,
    Unknown,
}

impl From<State> for VmState {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Provisioning => Self::Provisioning,
            State::Stopped => Self::Stopped,
            State::Starting => Self::Starting,
            State::Running => Self::Running,
            State::Stopping => Self::Stopping,
            State::Rebooting => Self::Rebooting,
            State::Suspended => Self::Suspended,
            State::Migrating => Self::Migrating,
            State::Deleting => Self::Deleting,
            State::Error => Self::Error,
            State::Unknown => Self::Unknown,
        }
    }
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    if args.watch {
        return watch::stream(app, &client, "").await;
    }
    let node_id = match &args.node {
        Some(name) => resolve::node(&client, name).await?.id,
        None => String::new(),
    };
    let request = args.listed.apply(ListVMsRequest {
        project_id: app.project(),
        node_id,
        state: args
            .state
            .map(|state| VmState::from(state).into())
            .unwrap_or_default(),
        labels: args.labels.iter().cloned().collect(),
        ..Default::default()
    });
    let answer = pages(&client, request, args.listed.most()).await?;
    app.out.list(&answer, &answer.vms)?;
    Ok(Exit::Ok)
}

/// Every VM of the project.
pub(crate) async fn all(app: &App, client: &Client) -> Result<Vec<VirtualMachine>, Failure> {
    let request = ListVMsRequest {
        project_id: app.project(),
        ..Default::default()
    };
    Ok(pages(client, request, usize::MAX).await?.vms)
}

async fn pages(client: &Client, request: ListVMsRequest, most: usize) -> Result<ListVMsResponse, Failure> {
    paging::pages(request, most, async |request| {
        Ok(client.vms().list_vms(request).await?.into_owned())
    })
    .await
}
