//! `lqx vm`: virtual machines.

mod change;
mod create;
mod delete;
mod list;
mod reboot;
mod resume;
mod row;
mod show;
mod spec;
mod start;
mod stop;
mod suspend;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use buffa::{EnumValue, Enumeration};
use limiquantix_proto::compute::v1::VirtualMachine;

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use change::WaitArgs;
pub(crate) use create::{CommonArgs, Wish, carry_out};
pub(crate) use list::all as list_all;
pub(crate) use spec::{SpecArgs, label};

/// Pause before a broken stream is opened again.
pub(crate) const RECONNECT: Duration = Duration::from_secs(1);

/// Verbs of VMs.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List VMs
    List(list::Args),
    /// Show VMs in full
    Show(show::Args),
    /// Create a VM
    Create(Box<create::Args>),
    /// Start VMs
    Start(change::Vms),
    /// Stop VMs
    Stop(stop::Args),
    /// Reboot VMs
    Reboot(reboot::Args),
    /// Pause VMs; their memory stays on their nodes
    Suspend(change::Vms),
    /// Let suspended VMs go on
    Resume(change::Vms),
    /// Delete VMs with their disks
    Delete(delete::Args),
    /// Show the changes of VMs, for ever
    Watch(watch::Args),
}

/// Runs `lqx vm`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(app, args).await,
        Command::Show(args) => show::run(app, args).await,
        Command::Create(args) => create::run(app, args).await,
        Command::Start(args) => start::run(app, args).await,
        Command::Stop(args) => stop::run(app, args).await,
        Command::Reboot(args) => reboot::run(app, args).await,
        Command::Suspend(args) => suspend::run(app, args).await,
        Command::Resume(args) => resume::run(app, args).await,
        Command::Delete(args) => delete::run(app, args).await,
        Command::Watch(args) => watch::run(app, args).await,
    }
}

/// An enumeration's value as a word: `VM_STATE_RUNNING` is `running`, the unspecified one is nothing.
pub(crate) fn word<E: Enumeration>(value: &EnumValue<E>, prefix: &str) -> String {
    let Some(known) = value.as_known() else {
        return format!("({})", value.to_i32());
    };
    let name = known.proto_name();
    match name.strip_prefix(prefix).unwrap_or(name) {
        "UNSPECIFIED" => String::new(),
        name => name.to_lowercase().replace('_', " "),
    }
}

/// Labels as they are typed.
pub(crate) fn show_labels(labels: &BTreeMap<String, String>, between: &str) -> String {
    let labels = labels.iter().map(|(key, value)| format!("{key}={value}"));
    labels.collect::<Vec<_>>().join(between)
}

/// Why the VM is not running, in words; empty if that is not known.
pub(crate) fn stop_cause(vm: &VirtualMachine) -> String {
    word(&vm.status.stop_cause, "STOP_CAUSE_")
}
