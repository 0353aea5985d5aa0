//! `lqx task list`.

use limiquantix_proto::task::v1::{ListTasksRequest, ListTasksResponse, Task, TaskState};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paging;

/// Which tasks.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only tasks of VMs of this name, also of VMs that are gone
    #[arg(long, value_name = "NAME")]
    vm: Option<String>,
    /// Only tasks in this state
    #[arg(long, value_name = "STATE")]
    state: Option<State>,
    /// Only those for which this is true, for example "kind = create_vm"
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,
    /// At most this many, the newest
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// States as people type them.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum State {
    Pending,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

impl From<State> for TaskState {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Running => Self::Running,
            State::Succeeded => Self::Succeeded,
            State::Failed => Self::Failed,
            State::Cancelled => Self::Cancelled,
        }
    }
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let request = ListTasksRequest {
        project_id: app.project(),
        target_name: args.vm.clone().unwrap_or_default(),
        state: args
            .state
            .map(|state| TaskState::from(state).into())
            .unwrap_or_default(),
        filter: args.filter.clone().unwrap_or_default(),
        order_by: "create_time desc".to_owned(),
        ..Default::default()
    };
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let mut answer = pages(&client, request, limit).await?;
    // The newest are read, and shown last, next to the prompt.
    answer.tasks.reverse();
    if !answer.next_page_token.is_empty() {
        app.out.talk("older tasks are not shown: --limit N");
    }
    app.out.list(&answer, &answer.tasks)?;
    Ok(Exit::Ok)
}

/// Every task of the project.
pub(crate) async fn all(app: &App, client: &Client) -> Result<Vec<Task>, Failure> {
    let request = ListTasksRequest {
        project_id: app.project(),
        ..Default::default()
    };
    Ok(pages(client, request, usize::MAX).await?.tasks)
}

async fn pages(
    client: &Client,
    request: ListTasksRequest,
    most: usize,
) -> Result<ListTasksResponse, Failure> {
    paging::pages(request, most, async |request| {
        Ok(client.tasks().list_tasks(request).await?.into_owned())
    })
    .await
}
