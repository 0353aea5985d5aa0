//! `lqx network`: what VMs plug into.

mod create;
mod delete;
mod list;
mod row;
mod show;

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use list::all as list_all;

/// Verbs of networks.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List networks
    List(list::Args),
    /// Show networks in full
    Show(show::Args),
    /// Make a network of the nodes known, for VMs to plug into
    Create(Box<create::Args>),
    /// Delete networks that nothing is plugged into
    Delete(delete::Args),
}

/// Runs `lqx network`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(app, args).await,
        Command::Show(args) => show::run(app, args).await,
        Command::Create(args) => create::run(app, args).await,
        Command::Delete(args) => delete::run(app, args).await,
    }
}
