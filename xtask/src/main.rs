//! `cargo xtask`: everything about this repository that is a command rather than a crate.
//!
//! ```text
//! quickstart ──┐                 ┌─ guest   kernel + initramfs of the probe guest
//!              ├─ apt ── build ──┤
//! test ────────┘                 └─ warden ── lab   private libvirtd in namespaces of its own
//! tidy            the repository's rules, each in a file of its own
//! ```
//!
//! Nothing here is part of the product, and nothing here links it: the product is reached through its binaries, as a user
//! reaches it. The dependencies are two (`anyhow`, `serde_json`), because this crate is compiled before anything else on a
//! machine that has only Rust and a C compiler.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to its terminal"
)]

mod apt;
mod args;
mod command;
mod guest;
mod lab;
mod phase;
mod process;
mod quickstart;
mod root;
mod suite;
mod tidy;
mod warden;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::args::Args;

const USAGE: &str = "\
cargo xtask <command>

  quickstart [--keep | --stop]     from nothing to a virtual machine whose greeting arrived through LimiQuantix
  test [-- NEXTEST-ARGS…]          install what the tests need and run all of them, those on real libvirt included
  tidy                             check the repository's rules (DESIGN: edges, purity, sizes, links …)
  coverage                         write docs/api-coverage.md: every RPC with a test that calls it

  packages [build|run|guest|test]  install distribution packages (all sets if none is named)
  guest [--force]                  build the probe guest into target/lqx/guest
  lab up|down NODE… | status       private libvirt nodes (a, b, …) in namespaces of their own
  lab virsh NODE ARGS…             virsh on such a node

LQX_XTASK_DIR moves everything these commands make (default: <target>/lqx).
";

fn main() -> ExitCode {
    let args = Args::new(std::env::args().skip(1));
    match dispatch(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(mut args: Args) -> Result<()> {
    let command = args.next_word();
    match command.as_deref() {
        Some("quickstart") => quickstart::main(args),
        Some("test") => suite::main(args),
        Some("tidy") => tidy::main(args),
        Some("coverage") => tidy::coverage::main(args),
        Some("packages") => apt::main(args),
        Some("guest") => guest::main(args),
        Some("lab") => lab::command::main(args),
        // Not in the usage: how xtask starts its own guard (see `warden`).
        Some("warden") => warden::serve::main(args),
        Some("help" | "--help" | "-h") | None => {
            print!("{USAGE}");
            Ok(())
        }
        Some(other) => bail!("there is no command `{other}`\n\n{USAGE}"),
    }
}
