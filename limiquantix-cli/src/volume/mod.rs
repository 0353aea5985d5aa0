//! `lqx volume`: virtual disks.

mod list;
mod row;
mod show;

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use list::all as list_all;

/// Verbs of volumes.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List volumes
    List(list::Args),
    /// Show volumes in full
    Show(show::Args),
}

/// Runs `lqx volume`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(app, args).await,
        Command::Show(args) => show::run(app, args).await,
    }
}
