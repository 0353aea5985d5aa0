//! `lqx snapshot delete`.

use limiquantix_proto::compute::v1::DeleteSnapshotRequest;

use super::Accepted;
use crate::app::App;
use crate::client::{new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;
use crate::vm::WaitArgs;

/// Which snapshot.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name, id or unique prefix of the VM
    vm: String,
    /// Name, id or unique prefix of the snapshot
    name: String,
    /// Do not ask for a confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    wait: WaitArgs,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let vm = resolve::vm(app, &client, &args.vm).await?;
    let snapshot = resolve::snapshot(&client, &vm, &args.name).await?;
    if !args.wait.dry_run {
        app.confirm(args.yes, "delete", &[&snapshot.name])?;
    }
    let request = DeleteSnapshotRequest {
        id: snapshot.id.clone(),
        request_id: new_request_id(),
        validate_only: args.wait.dry_run,
        ..Default::default()
    };
    let answer = retrying(async || client.vms().delete_snapshot(request.clone()).await).await;
    let snapshot = answer?.into_owned();
    let accepted = Accepted {
        infinitive: "delete",
        noun: "deletion",
        achieved: "deleted",
        subject: format!("snapshot {:?} of vm {:?}", snapshot.name, vm.name),
        task: &snapshot.current_task_id,
    };
    if accepted.done(app, &client, &args.wait, &snapshot).await? {
        app.out.outcome(&snapshot)?;
    }
    Ok(Exit::Ok)
}
