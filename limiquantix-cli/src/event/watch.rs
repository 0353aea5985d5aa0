//! `lqx event watch`.

use connectrpc::{ConnectError, ErrorCode};
use limiquantix_proto::event::v1::SubscribeRequest;

use super::FilterArgs;
use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::vm::{RECONNECT, word};
use crate::wait;

/// Which events.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: FilterArgs,
    /// Begin after this revision, as a list or an earlier watch has given it. Default: now
    #[arg(long, value_name = "REVISION", default_value = "0", hide_default_value = true)]
    from: u64,
}

/// Shows events until the stream ends or Ctrl-C; a broken connection continues where it broke.
pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let filter = args.filter.read(app, &client).await?;
    let mut request = SubscribeRequest {
        resource_type: filter.resource_type,
        resource_id: filter.resource_id,
        event_types: filter.event_types,
        project_id: filter.project_id,
        node_id: filter.node_id,
        from_revision: args.from,
        ..Default::default()
    };
    loop {
        let begun = request.from_revision;
        let error = match connection(app, &client, &mut request).await? {
            None => return Ok(Exit::Ok),
            // What was missed cannot be shown, and must not be passed over in silence.
            Some(error) if error.code == ErrorCode::OutOfRange => return Err(error.into()),
            // Before anything has arrived, waiting could be for a server that does not exist.
            Some(error) if request.from_revision > begun.max(args.from) && wait::is_passing(&error) => error,
            Some(error) if begun > args.from && wait::is_passing(&error) => error,
            Some(error) => return Err(error.into()),
        };
        app.out
            .talk(&format!("the connection broke off ({error}); trying again"));
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn connection(
    app: &App,
    client: &Client,
    request: &mut SubscribeRequest,
) -> Result<Option<ConnectError>, Failure> {
    let mut stream = match client.event_streams().subscribe(request.clone()).await {
        Ok(stream) => stream,
        Err(error) => return Ok(Some(error)),
    };
    loop {
        let message = match stream.message().await {
            Ok(Some(message)) => message.to_owned_message(),
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(error)),
        };
        request.from_revision = message.revision;
        if let Some(event) = message.event.as_option() {
            app.out
                .change(&message, &word(&message.r#type, "CHANGE_TYPE_"), event)?;
        }
    }
}
