//! `lqx console`: a VM's serial console, live or as a log.

mod interactive;
mod keys;
mod log;
pub(crate) mod terminal;

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which console, and how.
#[derive(Debug, clap::Args)]
#[command(after_help = "Ctrl-] leaves an interactive console; the guest goes on.")]
pub(crate) struct Args {
    /// Name, id, or unique prefix of the VM
    name: String,
    /// Print what the guest has written so far, and end
    #[arg(long)]
    log: bool,
    /// With --log, do not end
    #[arg(short, long, requires = "log")]
    follow: bool,
    /// With --log, begin at this byte; negative counts from its end
    #[arg(
        long,
        value_name = "N",
        requires = "log",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    offset: i64,
}

/// Runs `lqx console`.
pub(crate) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let vm = resolve::vm(app, &client, &args.name).await?;
    match args.log {
        true => log::run(app, &client, &vm, args.offset, args.follow).await,
        false => interactive::run(app, &client, &vm).await,
    }
}
