//! `lqx explain`: why things are as they are.

mod placement;

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

/// What is to be explained.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Why a VM sits where it sits, or where one would go
    Placement(Box<placement::Args>),
}

/// Runs `lqx explain`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Placement(args) => placement::run(app, args).await,
    }
}
