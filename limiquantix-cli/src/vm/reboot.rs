//! `lqx vm reboot`.

use limiquantix_proto::compute::v1::RebootVMRequest;

use super::change::{self, Danger, Verb};
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

const VERB: Verb = Verb {
    infinitive: "reboot",
    achieved: "rebooted",
    noun: "reboot",
    removes: false,
};

/// Which VMs, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    of: change::Vms,
    /// Reset at once; what the guest has not written is lost
    #[arg(long)]
    force: bool,
    /// Do not ask for a confirmation of --force
    #[arg(short, long)]
    yes: bool,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let danger = args.force.then_some(Danger {
        what: "reset",
        yes: args.yes,
    });
    change::named(app, &args.of, &VERB, danger, async |service, change| {
        let request = RebootVMRequest {
            id: change.vm.id.clone(),
            request_id: change.request_id.clone(),
            validate_only: change.validate_only,
            force: args.force,
            ..Default::default()
        };
        Ok(service.reboot_vm(request).await?.into_owned())
    })
    .await
}
