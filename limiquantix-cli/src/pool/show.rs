//! `lqx pool show`.

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which pools.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names, ids, unique prefixes or globs; several nodes may have a pool of one name
    #[arg(required = true, value_name = "NAME")]
    pub(super) names: Vec<String>,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    app.out.records(&resolve::pools(&client, &args.names).await?)?;
    Ok(Exit::Ok)
}
