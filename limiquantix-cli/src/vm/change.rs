//! What all changes of VMs have in common: send, then wait.
//!
//! With several VMs every change is sent before the first is waited for, and one that fails stops none of
//! the others; the exit code is that of the first failure.

use connectrpc::ConnectError;
use connectrpc::client::HttpClient;
use limiquantix_core::Reason;
use limiquantix_proto::compute::v1::{GetVMRequest, VirtualMachine, VmServiceClient};

use crate::app::App;
use crate::client::{Client, new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;
use crate::wait::{self, Progress};

/// How a change is made.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct WaitArgs {
    /// Do not wait; print the id of the task
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Check everything, tell the effect, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Which VMs, and how they are changed.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Vms {
    /// Names, ids, unique prefixes or globs
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// What has to be confirmed before it is done.
pub(super) struct Danger {
    /// As in `power off web, db?`.
    pub(super) what: &'static str,
    /// It was confirmed on the command line.
    pub(super) yes: bool,
}

/// A change in words.
pub(super) struct Verb {
    /// What would be done, as in `would start vm "web"`.
    pub(super) infinitive: &'static str,
    /// What is then true, as in `vm "web" is already running`.
    pub(super) achieved: &'static str,
    /// What goes on, as in `start of vm "web"`.
    pub(super) noun: &'static str,
    /// The VM is gone afterwards.
    pub(super) removes: bool,
}

/// One change of one VM: what a request is made from.
pub(super) struct Change<'a> {
    pub(super) vm: &'a VirtualMachine,
    pub(super) request_id: String,
    pub(super) validate_only: bool,
}

/// An accepted change.
struct Sent {
    /// The VM as the server answered.
    vm: VirtualMachine,
    /// Nothing has to be done.
    idle: bool,
}

/// Finds the VMs, has a dangerous change confirmed, and makes it of each.
pub(super) async fn named(
    app: &App,
    args: &Vms,
    verb: &Verb,
    danger: Option<Danger>,
    send: impl AsyncFn(&VmServiceClient<HttpClient>, &Change<'_>) -> Result<VirtualMachine, ConnectError>,
) -> Result<Exit, Failure> {
    let client = app.client()?;
    let vms = resolve::vms(app, &client, &args.names).await?;
    if let Some(Danger { what, yes }) = danger.filter(|_| !args.wait.dry_run) {
        let names: Vec<&str> = vms.iter().map(|vm| vm.name.as_str()).collect();
        app.confirm(yes, what, &names)?;
    }
    each(app, &client, &vms, &args.wait, verb, send).await
}

/// Makes a change of every VM.
async fn each(
    app: &App,
    client: &Client,
    vms: &[VirtualMachine],
    args: &WaitArgs,
    verb: &Verb,
    send: impl AsyncFn(&VmServiceClient<HttpClient>, &Change<'_>) -> Result<VirtualMachine, ConnectError>,
) -> Result<Exit, Failure> {
    let mut failures = Failures { app, first: Exit::Ok };
    let mut sent = Vec::new();
    for vm in vms {
        let change = Change {
            vm,
            request_id: new_request_id(),
            validate_only: args.dry_run,
        };
        let service = client.vms();
        match retrying(async || send(&service, &change).await).await {
            Ok(answer) => sent.push(Sent {
                idle: !args.dry_run && answer.current_task_id.is_empty(),
                vm: answer,
            }),
            Err(error) => match Failure::from(error) {
                // What was wished for is so; a script that runs twice is no error.
                failure if failure.reason() == Reason::AlreadyInState.code() => {
                    sent.push(Sent {
                        vm: vm.clone(),
                        idle: true,
                    });
                }
                failure => failures.note(&failure),
            },
        }
    }
    for (position, Sent { vm, idle }) in sent.iter().enumerate() {
        if *idle {
            app.out
                .talk(&format!("vm {:?} is already {}", vm.name, verb.achieved));
            app.out.outcome(vm)?;
        } else if args.dry_run {
            app.out.talk(&format!(
                "would {} vm {:?}; nothing was changed",
                verb.infinitive, vm.name
            ));
            app.out.outcome(vm)?;
        } else if args.no_wait {
            print_task(app, vm)?;
        } else {
            let prefix = if vms.len() > 1 { vm.name.as_str() } else { "" };
            let mut progress = Progress::new(&app.out, prefix);
            match finish(app, client, vm, verb, &mut progress).await {
                Ok(()) => {}
                Err(failure) if matches!(failure.exit(), Exit::Interrupted | Exit::TimedOut) => {
                    for waiting in sent[position + 1..].iter().filter(|waiting| !waiting.idle) {
                        let task = &waiting.vm.current_task_id;
                        app.out.talk(&format!("not waited for: lqx task watch {task}"));
                    }
                    return Err(failure);
                }
                Err(failure) => failures.note(&failure),
            }
        }
    }
    Ok(failures.first)
}

/// Prints the id of the VM's task, or the VM where a message was asked for.
pub(super) fn print_task(app: &App, vm: &VirtualMachine) -> Result<(), Failure> {
    use crate::output::Format;
    match app.out.format() {
        Format::Table | Format::Wide => app.out.data(&vm.current_task_id),
        _ => app.out.outcome(vm),
    }
}

async fn finish(
    app: &App,
    client: &Client,
    vm: &VirtualMachine,
    verb: &Verb,
    progress: &mut Progress<'_>,
) -> Result<(), Failure> {
    let what = format!("{} of vm {:?}", verb.noun, vm.name);
    let task = wait::for_task(app, client, &vm.current_task_id, &what, progress).await?;
    wait::success(task).inspect_err(|_| progress.end(verb.noun, false))?;
    progress.end(verb.achieved, true);
    if verb.removes {
        return app.out.outcome(vm);
    }
    app.out.outcome(&present(client, vm).await?)
}

/// The VM as it is now.
pub(super) async fn present(client: &Client, vm: &VirtualMachine) -> Result<VirtualMachine, Failure> {
    let request = GetVMRequest {
        id: vm.id.clone(),
        ..Default::default()
    };
    Ok(client.vms().get_vm(request).await?.into_owned())
}

/// Tells of failures as they come, and remembers the first.
struct Failures<'a> {
    app: &'a App,
    first: Exit,
}

impl Failures<'_> {
    fn note(&mut self, failure: &Failure) {
        self.app.out.failure(failure);
        if self.first == Exit::Ok {
            self.first = failure.exit();
        }
    }
}
