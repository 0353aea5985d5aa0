//! `lqx vm start`.

use limiquantix_proto::compute::v1::StartVMRequest;

use super::change::{self, Verb, WaitArgs};
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

const VERB: Verb = Verb {
    infinitive: "start",
    achieved: "running",
    noun: "start",
    removes: false,
};

/// Which VMs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names, ids, unique prefixes or globs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    wait: WaitArgs,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let vms = resolve::vms(app, &client, &args.names).await?;
    change::each(app, &client, &vms, &args.wait, &VERB, async |service, change| {
        let request = StartVMRequest {
            id: change.vm.id.clone(),
            request_id: change.request_id.clone(),
            validate_only: change.validate_only,
            ..Default::default()
        };
        Ok(service.start_vm(request).await?.into_owned())
    })
    .await
}
