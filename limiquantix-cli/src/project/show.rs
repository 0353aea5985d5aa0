//! `lqx project show`.

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which projects.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ids, unique prefixes of them, or globs
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    app.out.records(&resolve::projects(&client, &args.ids).await?)?;
    Ok(Exit::Ok)
}
