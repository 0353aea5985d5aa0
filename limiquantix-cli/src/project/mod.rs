//! `lqx project`: tenants and their quotas.

mod create;
mod delete;
mod list;
mod quota;
mod row;
mod show;
mod update;
mod usage;

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use list::all as list_all;

/// Verbs of projects.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List projects
    List(list::Args),
    /// Show projects in full
    Show(show::Args),
    /// Create a project
    Create(create::Args),
    /// Change a project or its quota
    Update(update::Args),
    /// Delete projects that own nothing
    Delete(delete::Args),
    /// Show what a project uses of its quota
    Usage(usage::Args),
}

/// Runs `lqx project`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(app, args).await,
        Command::Show(args) => show::run(app, args).await,
        Command::Create(args) => create::run(app, args).await,
        Command::Update(args) => update::run(app, args).await,
        Command::Delete(args) => delete::run(app, args).await,
        Command::Usage(args) => usage::run(app, args).await,
    }
}
