//! `lqx drs`: moves that the cluster would gain from, and what people decide about them.

mod change;
mod list;
mod row;
mod show;

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use list::all as list_all;

/// Verbs of recommendations.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List recommendations that have not ended, the newest last
    List(list::Args),
    /// Show recommendations in full
    Show(show::Args),
    /// Say that recommendations may be carried out
    Approve(change::Args),
    /// Say that recommendations are not wanted
    Reject(change::Args),
}

/// Runs `lqx drs`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(app, args).await,
        Command::Show(args) => show::run(app, args).await,
        Command::Approve(args) => change::approve(app, args).await,
        Command::Reject(args) => change::reject(app, args).await,
    }
}
