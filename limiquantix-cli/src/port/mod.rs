//! `lqx port`: which interfaces are on which networks.

mod list;
mod row;
mod show;

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use list::all as list_all;

/// Verbs of ports.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List ports
    List(list::Args),
    /// Show ports in full
    Show(show::Args),
}

/// Runs `lqx port`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(app, args).await,
        Command::Show(args) => show::run(app, args).await,
    }
}
