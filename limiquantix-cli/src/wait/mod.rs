//! Waiting for work that goes on without us.
//!
//! ```text
//!           ┌ the task ended ──────────► its end
//! attended ─┼ Ctrl-C ──────────────────► 130, and how to come back
//!           ├ --timeout is over ───────► 8, what was waited for, and that the work goes on
//!           └ a tenth of a second ─────► the spinner turns
//! ```
//!
//! A connection that breaks is made again: a server that restarts ends no wait.

mod progress;
mod steps;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::time::{Duration, Instant};

use connectrpc::ConnectError;
use limiquantix_core::{ErrorKind, Reason};
use limiquantix_proto::compute::v1::{PowerState, VirtualMachine, VmState, WatchVMRequest};
use limiquantix_proto::error::from_connect;
use limiquantix_proto::event::v1::ChangeType;
use limiquantix_proto::task::v1::{Task, TaskState, WatchTaskRequest};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::quantity::show_elapsed;

pub(crate) use progress::Progress;

/// How often the live line is drawn: often enough to look alive, too seldom to cost anything.
const FRAME: Duration = Duration::from_millis(100);

/// First and longest pause before a broken connection is made again.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long the server may be away before waiting for it makes no sense any more: longer than a restart
/// with a large store, shorter than anybody's patience.
const GIVE_UP: Duration = Duration::from_secs(60);

/// Waits until the task has ended, in whatever way, and shows how far it is.
pub(crate) async fn for_task(
    app: &App,
    client: &Client,
    id: &str,
    what: &str,
    progress: &mut Progress<'_>,
) -> Result<Task, Failure> {
    let progress = RefCell::new(progress);
    let work = task_end(app, client, id, &progress);
    attended(app, &progress, what, &format!("lqx task watch {id}"), work).await
}

/// Waits until the VM, which is meant to run, does; `Err` if it will not do so by itself.
pub(crate) async fn for_running(
    app: &App,
    client: &Client,
    vm: &VirtualMachine,
    progress: &mut Progress<'_>,
) -> Result<VirtualMachine, Failure> {
    progress.enter("starting");
    let progress = RefCell::new(progress);
    let work = vm_running(app, client, vm);
    let what = format!("start of vm {:?}", vm.name);
    attended(app, &progress, &what, &format!("lqx vm watch {}", vm.name), work).await
}

/// The end of a task as a result: `Err` unless it succeeded.
pub(crate) fn success(task: Task) -> Result<Task, Failure> {
    if task.state == TaskState::Succeeded {
        Ok(task)
    } else {
        Err(Failure::task(&task))
    }
}

/// Does the work while keeping an eye on the keyboard, the clock and the screen.
async fn attended<T>(
    app: &App,
    progress: &RefCell<&mut Progress<'_>>,
    what: &str,
    reattach: &str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let began = Instant::now();
    // Pinned once and polled to its end: the streams in it may not be interrupted between two messages.
    let mut work = pin!(work);
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    let mut late = pin!(at(app.deadline()));
    let mut frames = tokio::time::interval(FRAME);
    let result = loop {
        tokio::select! {
            biased;
            result = &mut work => break result,
            _ = &mut interrupt => break Err(detached(what, reattach)),
            () = &mut late => break Err(timed_out(what, reattach, began.elapsed(), progress.borrow().phase())),
            _ = frames.tick() => progress.borrow_mut().draw(),
        }
    };
    app.out.clear();
    result
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

fn detached(what: &str, reattach: &str) -> Failure {
    Failure::new(Exit::Interrupted, "", format!("{what} goes on")).fix(reattach)
}

fn timed_out(what: &str, reattach: &str, waited: Duration, phase: &str) -> Failure {
    let still = if phase.is_empty() {
        "which has not begun".to_owned()
    } else {
        format!("which is still at {phase:?}")
    };
    let message = format!(
        "waited {} for the {what}, {still}; the work goes on",
        show_elapsed(waited)
    );
    Failure::new(Exit::TimedOut, Reason::Timeout.code(), message).fix(reattach)
}

async fn task_end(
    app: &App,
    client: &Client,
    id: &str,
    progress: &RefCell<&mut Progress<'_>>,
) -> Result<Task, Failure> {
    let once = async |contact: &dyn Fn()| {
        let request = WatchTaskRequest {
            task_id: id.to_owned(),
            initial: true,
            ..Default::default()
        };
        let mut stream = client.task_streams().watch_task(request).await?;
        while let Some(message) = stream.message().await? {
            contact();
            let Some(task) = message.to_owned_message().task.into_option() else {
                continue;
            };
            progress.borrow_mut().update(&task);
            if has_ended(&task) {
                return Ok(Some(Ok(task)));
            }
        }
        Ok(None)
    };
    again_and_again(app, once).await
}

async fn vm_running(app: &App, client: &Client, vm: &VirtualMachine) -> Result<VirtualMachine, Failure> {
    let once = async |contact: &dyn Fn()| {
        let request = WatchVMRequest {
            vm_id: vm.id.clone(),
            initial: true,
            ..Default::default()
        };
        let mut stream = client.vm_streams().watch_vm(request).await?;
        while let Some(message) = stream.message().await? {
            contact();
            let message = message.to_owned_message();
            let gone = message.r#type == ChangeType::Deleted;
            let Some(vm) = message.vm.into_option() else {
                continue;
            };
            if let Some(verdict) = verdict(vm, gone) {
                return Ok(Some(verdict));
            }
        }
        Ok(None)
    };
    again_and_again(app, once).await
}

/// What a state says about a VM that is meant to run; none while it may still get there.
fn verdict(vm: VirtualMachine, gone: bool) -> Option<Result<VirtualMachine, Failure>> {
    let failed = |reason: &str, text: String| {
        let advice = format!("lqx vm show {}", vm.name);
        Some(Err(Failure::new(Exit::TaskFailed, reason, text).fix(advice)))
    };
    let why = if vm.status.message.is_empty() {
        "it says nothing about why"
    } else {
        vm.status.message.as_str()
    };
    if gone || vm.deleting {
        return failed("DELETED", format!("vm {:?} was deleted before it ran", vm.name));
    }
    if vm.status.state == VmState::Running {
        return Some(Ok(vm));
    }
    if vm.status.state == VmState::Error {
        return failed("START_FAILED", format!("vm {:?} does not run: {why}", vm.name));
    }
    if vm.desired_power == PowerState::Off {
        return failed("STOPPED", format!("vm {:?} was stopped before it ran", vm.name));
    }
    // Stopped, and for a reason: it has been up in the meantime, or could not get there.
    let cause = crate::vm::stop_cause(&vm);
    if vm.status.state == VmState::Stopped && !cause.is_empty() {
        return failed(
            "STOPPED",
            format!("vm {:?} has stopped again ({cause}): {why}", vm.name),
        );
    }
    None
}

/// Watches until there is a result. `once` is one connection; it ends without a result when the
/// connection does, and calls its argument whenever the server has been heard of.
async fn again_and_again<T>(
    app: &App,
    once: impl AsyncFn(&dyn Fn()) -> Result<Option<Result<T, Failure>>, ConnectError>,
) -> Result<T, Failure> {
    let heard = Cell::new(Instant::now());
    let pause = Cell::new(FIRST_PAUSE);
    let contact = || {
        heard.set(Instant::now());
        pause.set(FIRST_PAUSE);
    };
    let mut told = false;
    loop {
        let lost = match once(&contact).await {
            Ok(Some(result)) => return result,
            Ok(None) => None,
            Err(error) if is_passing(&error) => Some(error),
            Err(error) => return Err(error.into()),
        };
        if let Some(error) = lost.filter(|_| heard.get().elapsed() > GIVE_UP) {
            return Err(error.into());
        }
        if !std::mem::replace(&mut told, true) {
            app.out.talk("the connection broke off; trying again");
        }
        tokio::time::sleep(pause.get()).await;
        pause.set((pause.get() * 2).min(LONGEST_PAUSE));
    }
}

/// An error that a later attempt may not meet: the server is away, or the watch fell behind.
pub(crate) fn is_passing(error: &ConnectError) -> bool {
    // By way of core's error, which knows in how many ways a connection breaks.
    let kind = from_connect(error.clone()).kind();
    matches!(kind, ErrorKind::Unavailable | ErrorKind::Expired)
}

/// True if the task will never change again.
pub(crate) fn has_ended(task: &Task) -> bool {
    [TaskState::Succeeded, TaskState::Failed, TaskState::Cancelled]
        .iter()
        .any(|state| task.state == *state)
}
