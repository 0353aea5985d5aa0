//! `lqx completion SHELL`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Which shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "For bash: source <(lqx completion bash)")]
pub(crate) struct Args {
    /// Shell to complete for
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(out: &Output, args: &Args) -> Result<Exit, Failure> {
    // Through memory: the generator panics when the reader goes away.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "lqx", &mut script);
    out.bytes(&script)?;
    Ok(Exit::Ok)
}
