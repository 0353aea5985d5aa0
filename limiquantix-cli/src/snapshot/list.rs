//! `lqx snapshot list`.

use limiquantix_proto::compute::v1::{ListSnapshotsRequest, ListSnapshotsResponse, Snapshot};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paging::{self, Listed};
use crate::resolve;

/// Whose snapshots.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name, id or unique prefix of the VM
    vm: String,
    #[command(flatten)]
    listed: Listed,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let vm = resolve::vm(app, &client, &args.vm).await?;
    let request = args.listed.apply(of(&vm.id));
    let answer = pages(&client, request, args.listed.most()).await?;
    app.out.list(&answer, &answer.snapshots)?;
    Ok(Exit::Ok)
}

/// Every snapshot of a VM.
pub(crate) async fn all(client: &Client, vm_id: &str) -> Result<Vec<Snapshot>, Failure> {
    Ok(pages(client, of(vm_id), usize::MAX).await?.snapshots)
}

fn of(vm_id: &str) -> ListSnapshotsRequest {
    ListSnapshotsRequest {
        vm_id: vm_id.to_owned(),
        ..Default::default()
    }
}

async fn pages(
    client: &Client,
    request: ListSnapshotsRequest,
    most: usize,
) -> Result<ListSnapshotsResponse, Failure> {
    paging::pages(request, most, async |request| {
        Ok(client.vms().list_snapshots(request).await?.into_owned())
    })
    .await
}
