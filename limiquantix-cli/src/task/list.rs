//! `lqx task list`.

use limiquantix_proto::task::v1::{ListTasksRequest, ListTasksResponse, Task, TaskState};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;

/// The largest page the server gives.
const PAGE: i32 = 1000;

/// Which tasks.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only tasks of VMs of this name, also of VMs that are gone
    #[arg(long, value_name = "NAME")]
    vm: Option<String>,
    /// Only tasks in this state
    #[arg(long, value_name = "STATE")]
    state: Option<State>,
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
        ..Default::default()
    };
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let mut answer = pages(&client, request).await?;
    let older = answer.tasks.len().saturating_sub(limit);
    if older > 0 {
        answer.tasks.drain(..older);
        app.out
            .talk(&format!("{older} older tasks are not shown: --limit N"));
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
    Ok(pages(client, request).await?.tasks)
}

/// Reads page after page, and makes one answer of them.
async fn pages(client: &Client, mut request: ListTasksRequest) -> Result<ListTasksResponse, Failure> {
    request.page_size = PAGE;
    let mut all = client.tasks().list_tasks(request.clone()).await?.into_owned();
    while !all.next_page_token.is_empty() {
        request.page_token = std::mem::take(&mut all.next_page_token);
        let page = client.tasks().list_tasks(request.clone()).await?.into_owned();
        all.tasks.extend(page.tasks);
        all.next_page_token = page.next_page_token;
    }
    Ok(all)
}
