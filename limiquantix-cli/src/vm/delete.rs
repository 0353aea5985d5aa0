//! `lqx vm delete`.

use limiquantix_proto::compute::v1::DeleteVMRequest;

use super::change::{self, Danger, Verb};
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

const VERB: Verb = Verb {
    infinitive: "delete",
    achieved: "deleted",
    noun: "deletion",
    removes: true,
};

/// Which VMs, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    of: change::Vms,
    /// Power running VMs off first
    #[arg(long)]
    force: bool,
    /// Do not ask for a confirmation
    #[arg(short, long)]
    yes: bool,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let danger = Some(Danger {
        what: "delete",
        yes: args.yes,
    });
    change::named(app, &args.of, &VERB, danger, async |service, change| {
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
