//! `lqx task watch`.

use limiquantix_proto::event::v1::ChangeType;
use limiquantix_proto::task::v1::WatchTaskRequest;

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;
use crate::vm::word;
use crate::wait::{self, Progress};

/// Which task.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id, or a unique prefix of it. None: show the changes of all tasks, for ever
    id: Option<String>,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let Some(id) = &args.id else {
        return all(app, &client).await;
    };
    until_ended(app, &client, std::slice::from_ref(id)).await
}

/// Waits for the end of each, and shows how far it is. Ends as the last that did not succeed has ended.
pub(super) async fn until_ended(app: &App, client: &Client, ids: &[String]) -> Result<Exit, Failure> {
    let found = resolve::tasks(app, client, ids).await?;
    let mut exit = Exit::Ok;
    for task in &found {
        let mut progress = Progress::new(&app.out, if found.len() > 1 { &task.target.name } else { "" });
        let ended = wait::for_task(app, client, &task.id, &super::describe(task), &mut progress).await?;
        app.out.outcome(&ended)?;
        match wait::success(ended) {
            Ok(task) => progress.end(super::achievement(&task), true),
            Err(failure) => {
                app.out.failure(&failure);
                exit = failure.exit();
            }
        }
    }
    Ok(exit)
}

/// Shows every change until the stream ends or Ctrl-C; a broken connection continues where it broke.
async fn all(app: &App, client: &Client) -> Result<Exit, Failure> {
    let mut revision = 0;
    loop {
        let request = WatchTaskRequest {
            project_id: app.project(),
            from_revision: revision,
            initial: revision == 0,
            ..Default::default()
        };
        let error = match stream(app, client, request, &mut revision).await? {
            // Before anything has arrived, waiting could be for a server that does not exist.
            Some(error) if revision > 0 && wait::is_passing(&error) => error,
            Some(error) => return Err(error.into()),
            None => return Ok(Exit::Ok),
        };
        if error.code == connectrpc::ErrorCode::OutOfRange {
            revision = 0;
        }
        app.out.talk("the connection broke off; trying again");
        tokio::time::sleep(crate::vm::RECONNECT).await;
    }
}

async fn stream(
    app: &App,
    client: &Client,
    request: WatchTaskRequest,
    revision: &mut u64,
) -> Result<Option<connectrpc::ConnectError>, Failure> {
    let mut stream = match client.task_streams().watch_task(request).await {
        Ok(stream) => stream,
        Err(error) => return Ok(Some(error)),
    };
    loop {
        let message = match stream.message().await {
            Ok(Some(message)) => message.to_owned_message(),
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(error)),
        };
        *revision = message.revision;
        if message.r#type == ChangeType::Bookmark {
            continue;
        }
        if let Some(task) = message.task.as_option() {
            app.out
                .change(&message, &word(&message.r#type, "CHANGE_TYPE_"), task)?;
        }
    }
}
