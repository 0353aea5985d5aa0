//! `lqx vm create`, and what `lqx launch` does with the same wish.

use limiquantix_core::Reason;
use limiquantix_proto::compute::v1::{CreateVMRequest, VirtualMachine};

use super::change::{WaitArgs, present, print_task};
use super::{SpecArgs, label};
use crate::app::App;
use crate::client::{Client, new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::wait::{self, Progress};

/// A VM to be created.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the VM, unique within the project
    name: String,
    /// Image that the first disk is made from
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// Start it
    #[arg(long)]
    start: bool,
    #[command(flatten)]
    common: CommonArgs,
}

/// What `vm create` and `launch` share.
#[derive(Debug, clap::Args)]
pub(crate) struct CommonArgs {
    #[command(flatten)]
    spec: SpecArgs,
    /// A label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Free text for people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    wait: WaitArgs,
}

/// What is wanted.
pub(crate) struct Wish<'a> {
    /// Name of the VM.
    pub(crate) name: &'a str,
    /// Image of the first disk.
    pub(crate) image: Option<&'a str>,
    /// It is to run.
    pub(crate) start: bool,
    /// Everything else.
    pub(crate) common: &'a CommonArgs,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let Args {
        name,
        image,
        start,
        common,
    } = args;
    carry_out(
        app,
        &Wish {
            name,
            image: image.as_deref(),
            start: *start,
            common,
        },
    )
    .await?;
    Ok(Exit::Ok)
}

/// Creates the VM and waits until it is what was wished for. Answers with the VM if it was waited for.
pub(crate) async fn carry_out(app: &App, wish: &Wish<'_>) -> Result<Option<VirtualMachine>, Failure> {
    let client = app.client()?;
    let common = wish.common;
    let request = CreateVMRequest {
        name: wish.name.to_owned(),
        project_id: app.project(),
        description: common.description.clone().unwrap_or_default(),
        labels: common.labels.iter().cloned().collect(),
        spec: common.spec.spec(wish.image)?.into(),
        start: wish.start,
        request_id: new_request_id(),
        validate_only: common.wait.dry_run,
        ..Default::default()
    };
    let answer = retrying(async || client.vms().create_vm(request.clone()).await).await;
    let vm = answer
        .map_err(|error| explained(error.into(), &common.spec))?
        .into_owned();
    if common.wait.dry_run {
        let node = [&vm.placement_report.node_name, &vm.status.node_name]
            .into_iter()
            .find(|name| !name.is_empty());
        let place = node.map(|node| format!(" on {node}")).unwrap_or_default();
        app.out.talk(&format!(
            "would create vm {:?}{place}; nothing was changed",
            wish.name
        ));
        app.out.outcome(&vm)?;
        return Ok(None);
    }
    if common.wait.no_wait {
        print_task(app, &vm)?;
        return Ok(None);
    }
    let vm = finish(app, &client, wish, vm).await?;
    app.out.outcome(&vm)?;
    Ok(Some(vm))
}

async fn finish(
    app: &App,
    client: &Client,
    wish: &Wish<'_>,
    vm: VirtualMachine,
) -> Result<VirtualMachine, Failure> {
    let mut progress = Progress::new(&app.out, "");
    if !vm.current_task_id.is_empty() {
        let what = format!("creation of vm {:?}", wish.name);
        let task = wait::for_task(app, client, &vm.current_task_id, &what, &mut progress).await?;
        wait::success(task).inspect_err(|_| progress.end("created", false))?;
    }
    if !wish.start {
        progress.end("created", true);
        return present(client, &vm).await;
    }
    // The task creates; that the guest then runs is the agent's business, and what was asked for.
    let running = wait::for_running(app, client, &vm, &mut progress).await;
    progress.end("running", running.is_ok());
    running
}

/// There is no VM yet whose placement could be explained; that of one like it can.
fn explained(failure: Failure, spec: &SpecArgs) -> Failure {
    if failure.reason() == Reason::NoNodeFits.code() {
        failure.fix(spec.explanation())
    } else {
        failure
    }
}
