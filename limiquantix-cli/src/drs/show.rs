//! `lqx drs show`.

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which recommendations.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ids, or unique prefixes of them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    app.out
        .records(&resolve::recommendations(&client, &args.ids).await?)?;
    Ok(Exit::Ok)
}
