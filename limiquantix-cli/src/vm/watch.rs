//! `lqx vm watch`.

use connectrpc::{ConnectError, ErrorCode};
use limiquantix_proto::compute::v1::WatchVMRequest;
use limiquantix_proto::event::v1::ChangeType;

use super::{RECONNECT, word};
use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{resolve, wait};

/// Which VM.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name, id, or unique prefix. None: all VMs
    name: Option<String>,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let id = match &args.name {
        Some(name) => resolve::vm(app, &client, name).await?.id,
        None => String::new(),
    };
    stream(app, &client, &id).await
}

/// Shows every change until the stream ends, the VM is gone, or Ctrl-C. A broken connection continues
/// where it broke.
pub(super) async fn stream(app: &App, client: &Client, id: &str) -> Result<Exit, Failure> {
    let mut revision = 0;
    loop {
        let request = WatchVMRequest {
            vm_id: id.to_owned(),
            project_id: app.project(),
            from_revision: revision,
            initial: revision == 0,
            ..Default::default()
        };
        let error = match connection(app, client, request, &mut revision).await? {
            // Before anything has arrived, waiting could be for a server that does not exist.
            Some(error) if revision > 0 && wait::is_passing(&error) => error,
            Some(error) => return Err(error.into()),
            None => return Ok(Exit::Ok),
        };
        if error.code == ErrorCode::OutOfRange {
            revision = 0;
        }
        app.out.talk("the connection broke off; trying again");
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn connection(
    app: &App,
    client: &Client,
    request: WatchVMRequest,
    revision: &mut u64,
) -> Result<Option<ConnectError>, Failure> {
    let one = !request.vm_id.is_empty();
    let mut stream = match client.vm_streams().watch_vm(request).await {
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
        if let Some(vm) = message.vm.as_option() {
            app.out
                .change(&message, &word(&message.r#type, "CHANGE_TYPE_"), vm)?;
        }
        if one && message.r#type == ChangeType::Deleted {
            return Ok(None);
        }
    }
}
