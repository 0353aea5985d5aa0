//! `lqx task wait`.

use super::watch;
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

/// Which tasks.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ids, or unique prefixes of them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    watch::until_ended(app, &app.client()?, &args.ids).await
}
