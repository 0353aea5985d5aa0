//! `lqx cluster`: nodes that share policy.

mod create;
mod delete;
mod list;
mod members;
mod policy;
mod row;
mod show;
mod update;

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use list::all as list_all;

/// Verbs of clusters.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List clusters
    List(list::Args),
    /// Show clusters in full
    Show(show::Args),
    /// Create a cluster without nodes
    Create(create::Args),
    /// Change a cluster's policy
    Update(update::Args),
    /// Delete clusters that have no nodes
    Delete(delete::Args),
    /// Put nodes into a cluster
    AddNode(members::Args),
    /// Take nodes out of a cluster; their VMs stay
    RemoveNode(members::Args),
}

/// Runs `lqx cluster`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(app, args).await,
        Command::Show(args) => show::run(app, args).await,
        Command::Create(args) => create::run(app, args).await,
        Command::Update(args) => update::run(app, args).await,
        Command::Delete(args) => delete::run(app, args).await,
        Command::AddNode(args) => members::add(app, args).await,
        Command::RemoveNode(args) => members::remove(app, args).await,
    }
}
