//! `lqx snapshot list`.

use limiquantix_proto::compute::v1::{ListSnapshotsRequest, ListSnapshotsResponse, Snapshot};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// The largest page the server gives.
const PAGE: i32 = 1000;

/// Whose snapshots.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name, id or unique prefix of the VM
    vm: String,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let vm = resolve::vm(app, &client, &args.vm).await?;
    let answer = pages(&client, &vm.id).await?;
    app.out.list(&answer, &answer.snapshots)?;
    Ok(Exit::Ok)
}

/// Every snapshot of a VM.
pub(crate) async fn all(client: &Client, vm_id: &str) -> Result<Vec<Snapshot>, Failure> {
    Ok(pages(client, vm_id).await?.snapshots)
}

/// Reads page after page, and makes one answer of them.
async fn pages(client: &Client, vm_id: &str) -> Result<ListSnapshotsResponse, Failure> {
    let mut request = ListSnapshotsRequest {
        vm_id: vm_id.to_owned(),
        page_size: PAGE,
        ..Default::default()
    };
    let mut all = client.vms().list_snapshots(request.clone()).await?.into_owned();
    while !all.next_page_token.is_empty() {
        request.page_token = std::mem::take(&mut all.next_page_token);
        let page = client.vms().list_snapshots(request.clone()).await?.into_owned();
        all.snapshots.extend(page.snapshots);
        all.next_page_token = page.next_page_token;
    }
    Ok(all)
}
