//! `lqx vm stop`.

use std::time::Duration;

use buffa_types::google::protobuf;
use limiquantix_proto::compute::v1::StopVMRequest;

use super::change::{self, Verb, WaitArgs};
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::quantity::duration;
use crate::resolve;

const VERB: Verb = Verb {
    infinitive: "stop",
    achieved: "stopped",
    noun: "stop",
    removes: false,
};

/// Which VMs, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names, ids, unique prefixes or globs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Power off at once; what the guest has not written is lost
    #[arg(long)]
    force: bool,
    /// How long the guest may take to shut down before it is powered off
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "force")]
    grace: Option<Duration>,
    /// Do not ask for a confirmation of --force
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    wait: WaitArgs,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let vms = resolve::vms(app, &client, &args.names).await?;
    if args.force && !args.wait.dry_run {
        let names: Vec<&str> = vms.iter().map(|vm| vm.name.as_str()).collect();
        app.confirm(args.yes, "power off", &names)?;
    }
    change::each(app, &client, &vms, &args.wait, &VERB, async |service, change| {
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
