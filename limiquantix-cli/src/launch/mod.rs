//! `lqx launch`: from an image to a running guest in one line.

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::vm::{self, CommonArgs, Wish};

/// A VM to be created and started.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "lqx launch [OPTIONS] [IMAGE] <NAME>",
    allow_missing_positional = true
)]
pub(crate) struct Args {
    /// Image that the first disk is made from; not needed with --kernel
    image: Option<String>,
    /// Name of the VM, unique within the project
    #[arg(required = true)]
    name: String,
    #[command(flatten)]
    common: CommonArgs,
}

/// Runs `lqx launch`.
pub(crate) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let Args { image, name, common } = args;
    let launched = vm::carry_out(
        app,
        &Wish {
            name,
            image: image.as_deref(),
            start: true,
            common,
        },
    )
    .await?;
    if launched.is_some() {
        app.out
            .talk(&format!("  next: lqx console {name} · lqx vm show {name}"));
    }
    Ok(Exit::Ok)
}
