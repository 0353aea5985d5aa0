//! `lqx alert watch`.

use limiquantix_proto::alert::v1::WatchAlertsRequest;
use limiquantix_proto::event::v1::ChangeType;

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::vm::word;
use crate::wait;

/// Which alerts.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only what changes from now on, not the alerts that are there
    #[arg(long)]
    new: bool,
}

/// Shows every change until the stream ends or Ctrl-C; a broken connection continues where it broke.
pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let mut revision = 0;
    loop {
        let request = WatchAlertsRequest {
            from_revision: revision,
            initial: revision == 0 && !args.new,
            ..Default::default()
        };
        let error = match stream(app, &client, request, &mut revision).await? {
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
    request: WatchAlertsRequest,
    revision: &mut u64,
) -> Result<Option<connectrpc::ConnectError>, Failure> {
    let mut stream = match client.alert_streams().watch_alerts(request).await {
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
        if let Some(alert) = message.alert.as_option() {
            app.out
                .change(&message, &word(&message.r#type, "CHANGE_TYPE_"), alert)?;
        }
    }
}
