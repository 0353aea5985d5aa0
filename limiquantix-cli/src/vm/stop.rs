//! `lqx vm stop`.

use std::time::Duration;

use buffa_types::google::protobuf;
use limiquantix_proto::compute::v1::StopVMRequest;

use super::change::{self, Danger, Verb};
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::quantity::duration;

const VERB: Verb = Verb {
    infinitive: "stop",
    achieved: "stopped",
    noun: "stop",
    removes: false,
};

/// Which VMs, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    of: change::Vms,
    /// Power off at once; what the guest has not written is lost
    #[arg(long)]
    force: bool,
    /// How long the guest may take to shut down before it is powered off
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "force")]
    grace: Option<Duration>,
    /// Do not ask for a confirmation of --force
    #[arg(short, long)]
    yes: bool,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let danger = args.force.then_some(Danger {
        what: "power off",
        yes: args.yes,
    });
    change::named(app, &args.of, &VERB, danger, async |service, change| {
        let request = StopVMRequest {
            id: change.vm.id.clone(),
            request_id: change.request_id.clone(),
            validate_only: change.validate_only,
            force: args.force,
            timeout: args
                .grace
                .map(|grace| protobuf::Duration::from(grace).into())
                .unwrap_or_default(),
            ..Default::default()
        };
        Ok(service.stop_vm(request).await?.into_owned())
    })
    .await
}
