//! `lqx task`: long-running operations.

mod cancel;
mod list;
mod row;
mod show;
mod wait;
mod watch;

use limiquantix_proto::task::v1::{Task, TaskKind};

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use list::all as list_all;

/// Verbs of tasks.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List tasks, the newest last
    List(list::Args),
    /// Show tasks in full, with their log
    Show(show::Args),
    /// Wait for a task; without one, show the changes of all
    Watch(watch::Args),
    /// Wait for tasks to end
    Wait(wait::Args),
    /// Cancel tasks
    Cancel(cancel::Args),
}

/// Runs `lqx task`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(app, args).await,
        Command::Show(args) => show::run(app, args).await,
        Command::Watch(args) => watch::run(app, args).await,
        Command::Wait(args) => wait::run(app, args).await,
        Command::Cancel(args) => cancel::run(app, args).await,
    }
}

/// What the task does, as a noun: `start of vm "web"`.
pub(crate) fn describe(task: &Task) -> String {
    let verb = match task.kind.as_known() {
        Some(TaskKind::CreateVm) => "creation of vm",
        Some(TaskKind::StartVm) => "start of vm",
        Some(TaskKind::StopVm) => "stop of vm",
        Some(TaskKind::RebootVm) => "reboot of vm",
        Some(TaskKind::SuspendVm) => "suspension of vm",
        Some(TaskKind::ResumeVm) => "resumption of vm",
        Some(TaskKind::CreateSnapshot) => "snapshot of vm",
        Some(TaskKind::RevertSnapshot) => "reversal of vm",
        Some(TaskKind::DeleteSnapshot) => "deletion of a snapshot of vm",
        Some(TaskKind::DeleteVm) => "deletion of vm",
        Some(TaskKind::UpdateVm) => "update of vm",
        _ => return format!("task {}", task.id),
    };
    format!("{verb} {:?}", task.target.name)
}

/// What is true once the task has succeeded, in a word.
pub(crate) fn achievement(task: &Task) -> &'static str {
    match task.kind.as_known() {
        Some(TaskKind::CreateVm) => "created",
        Some(TaskKind::StartVm) => "running",
        Some(TaskKind::StopVm) => "stopped",
        Some(TaskKind::RebootVm) => "rebooted",
        Some(TaskKind::SuspendVm) => "suspended",
        Some(TaskKind::ResumeVm) => "running",
        Some(TaskKind::CreateSnapshot) => "ready",
        Some(TaskKind::RevertSnapshot) => "reverted",
        Some(TaskKind::DeleteVm | TaskKind::DeleteSnapshot) => "deleted",
        Some(TaskKind::UpdateVm) => "updated",
        _ => "done",
    }
}
