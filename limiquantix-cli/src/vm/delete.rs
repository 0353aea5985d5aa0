//! `lqx vm delete`.

use limiquantix_proto::compute::v1::DeleteVMRequest;

use super::change::{self, Verb, WaitArgs};
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

const VERB: Verb = Verb {
    infinitive: "delete",
    achieved: "deleted",
    noun: "deletion",
    removes: true,
};

/// Which VMs, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names, ids, unique prefixes or globs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Power running VMs off first
    #[arg(long)]
    force: bool,
    /// Do not ask for a confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    wait: WaitArgs,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let vms = resolve::vms(app, &client, &args.names).await?;
    if !args.wait.dry_run {
        let names: Vec<&str> = vms.iter().map(|vm| vm.name.as_str()).collect();
        app.confirm(args.yes, "delete", &names)?;
    }
    change::each(app, &client, &vms, &args.wait, &VERB, async |service, change| {
        let request = DeleteVMRequest {
            id: change.vm.id.clone(),
            request_id: change.request_id.clone(),
            validate_only: change.validate_only,
            force: args.force,
            ..Default::default()
        };
        Ok(service.delete_vm(request).await?.into_owned())
    })
    .await
}
