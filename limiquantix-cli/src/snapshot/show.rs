//! `lqx snapshot show`.

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which snapshots.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name, id or unique prefix of the VM
    vm: String,
    /// Names, ids, unique prefixes or globs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let vm = resolve::vm(app, &client, &args.vm).await?;
    app.out
        .records(&resolve::snapshots(&client, &vm, &args.names).await?)?;
    Ok(Exit::Ok)
}
