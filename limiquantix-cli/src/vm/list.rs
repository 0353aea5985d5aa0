//! `lqx vm list`.

use limiquantix_proto::compute::v1::{ListVMsRequest, ListVMsResponse, VirtualMachine, VmState};

use super::{label, watch};
use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// The largest page the server gives.
const PAGE: i32 = 1000;

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
    /// At most this many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Show the changes of all VMs, for ever
    #[arg(short, long, conflicts_with_all = ["state", "node", "labels", "limit"])]
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
    let request = ListVMsRequest {
        project_id: app.project(),
        node_id,
        state: args
            .state
            .map(|state| VmState::from(state).into())
            .unwrap_or_default(),
        labels: args.labels.iter().cloned().collect(),
        ..Default::default()
    };
    let limit = args
        .limit
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(usize::MAX);
    let answer = pages(&client, request, limit).await?;
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

/// Reads page after page, and makes one answer of them. If there are more than `limit`, its page token is
/// that of the rest.
async fn pages(
    client: &Client,
    mut request: ListVMsRequest,
    limit: usize,
) -> Result<ListVMsResponse, Failure> {
    let mut all: Option<ListVMsResponse> = None;
    loop {
        let have = all.as_ref().map_or(0, |all| all.vms.len());
        request.page_size = i32::try_from(limit - have).unwrap_or(PAGE).min(PAGE);
        let page = client.vms().list_vms(request.clone()).await?.into_owned();
        request.page_token.clone_from(&page.next_page_token);
        let all = match &mut all {
            None => all.insert(page),
            Some(all) => {
                all.vms.extend(page.vms);
                all.next_page_token = page.next_page_token;
                all
            }
        };
        if request.page_token.is_empty() || all.vms.len() >= limit {
            return Ok(std::mem::take(all));
        }
    }
}
