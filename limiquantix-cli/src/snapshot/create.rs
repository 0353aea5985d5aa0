//! `lqx snapshot create`.

use limiquantix_proto::compute::v1::{CreateSnapshotRequest, GetSnapshotRequest};

use super::Accepted;
use crate::app::App;
use crate::client::{new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;
use crate::vm::{WaitArgs, label};

/// A snapshot to be taken.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name, id or unique prefix of the VM
    vm: String,
    /// Name of the snapshot, unique among those of the VM
    name: String,
    /// Free text for people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    #[command(flatten)]
    wait: WaitArgs,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let vm = resolve::vm(app, &client, &args.vm).await?;
    let request = CreateSnapshotRequest {
        vm_id: vm.id.clone(),
        name: args.name.clone(),
        description: args.description.clone().unwrap_or_default(),
        labels: args.labels.iter().cloned().collect(),
        request_id: new_request_id(),
        validate_only: args.wait.dry_run,
        ..Default::default()
    };
    let answer = retrying(async || client.vms().create_snapshot(request.clone()).await).await;
    let snapshot = answer?.into_owned();
    let accepted = Accepted {
        infinitive: "take",
        noun: "taking",
        achieved: "ready",
        subject: format!("snapshot {:?} of vm {:?}", args.name, vm.name),
        task: &snapshot.current_task_id,
    };
    if accepted.done(app, &client, &args.wait, &snapshot).await? {
        let request = GetSnapshotRequest {
            id: snapshot.id.clone(),
            ..Default::default()
        };
        app.out
            .outcome(&client.vms().get_snapshot(request).await?.into_owned())?;
    }
    Ok(Exit::Ok)
}
