//! `lqx pool`: the places where volumes live.

mod list;
mod metrics;
mod row;
mod show;

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use list::all as list_all;

/// Verbs of pools.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List pools
    List(list::Args),
    /// Show pools in full
    Show(show::Args),
    /// Show what is promised in pools, and what they have
    Metrics(show::Args),
}

/// Runs `lqx pool`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(app, args).await,
        Command::Show(args) => show::run(app, args).await,
        Command::Metrics(args) => metrics::run(app, args).await,
    }
}
