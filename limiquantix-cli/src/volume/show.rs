//! `lqx volume show`.

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which volumes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names, ids, unique prefixes or globs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    app.out
        .records(&resolve::volumes(app, &client, &args.names).await?)?;
    Ok(Exit::Ok)
}
