//! `lqx node`: the machines that run VMs.

mod change;
mod cordon;
mod delete;
mod label;
mod list;
mod metrics;
mod row;
mod show;
mod taint;
#[cfg(test)]
mod tests;
mod watch;

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use list::all as list_all;

/// Verbs of nodes.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List nodes
    List(list::Args),
    /// Show nodes in full
    Show(show::Args),
    /// Keep new VMs away from nodes
    Cordon(cordon::Args),
    /// Let new VMs on nodes again
    Uncordon(cordon::LiftArgs),
    /// Mark a node so that VMs without a matching toleration stay away
    Taint(taint::Args),
    /// Remove a mark from a node
    Untaint(taint::RemoveArgs),
    /// Set and remove labels of a node
    Label(label::Args),
    /// Remove nodes that are silent and empty
    Delete(delete::Args),
    /// Show what nodes have, what of it is promised, and what is in use
    Metrics(metrics::Args),
    /// Show the changes of nodes, for ever
    Watch(watch::Args),
}

/// Runs `lqx node`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(app, args).await,
        Command::Show(args) => show::run(app, args).await,
        Command::Cordon(args) => cordon::run(app, args).await,
        Command::Uncordon(args) => cordon::lift(app, args).await,
        Command::Taint(args) => taint::run(app, args).await,
        Command::Untaint(args) => taint::remove(app, args).await,
        Command::Label(args) => label::run(app, args).await,
        Command::Delete(args) => delete::run(app, args).await,
        Command::Metrics(args) => metrics::run(app, args).await,
        Command::Watch(args) => watch::run(app, args).await,
    }
}
