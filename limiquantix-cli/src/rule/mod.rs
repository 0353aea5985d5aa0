//! `lqx rule`: which VMs belong together, apart, on some nodes, or off them.

mod create;
mod delete;
mod list;
mod row;
mod show;

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use list::all as list_all;

/// Verbs of placement rules.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List rules
    List(list::Args),
    /// Show rules in full
    Show(show::Args),
    /// Create a rule; it counts for what is placed from then on
    Create(create::Args),
    /// Delete rules
    Delete(delete::Args),
}

/// Runs `lqx rule`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(app, args).await,
        Command::Show(args) => show::run(app, args).await,
        Command::Create(args) => create::run(app, args).await,
        Command::Delete(args) => delete::run(app, args).await,
    }
}
