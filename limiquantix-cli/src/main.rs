//! `lqx`: the LimiQuantix command line.
//!
//! ```text
//! cli        the grammar: flags, nouns, verbs
//! config     flag > environment > context > default
//! app        what every command gets: settings, output, a way to the server
//! vm node cluster project network port task alert console explain api launch login    one noun each, one file per verb
//! vm node cluster project task event alert console explain api launch login    one noun each, one file per verb
//! vm node cluster rule project task alert console explain api launch login    one noun each, one file per verb
//! vm node task alert drs console explain api launch login    one noun each, one file per verb
//! vm node pool volume task alert console explain api launch login    one noun each, one file per verb
//! up demo    server and agents in this process    doctor    is this machine fit for it
//! resolve    NAME → object      wait    task → progress → exit code
//! output     the only printer   failure what, why, what to type next
//! ```
//!
//! Deliberately absent: anything that the API does not do. The command line has no side door.

mod alert;
mod api;
mod app;
mod cli;
mod client;
mod cluster;
mod completion;
mod config;
mod console;
#[cfg(feature = "up")]
mod demo;
mod doctor;
mod drs;
mod event;
mod exit;
mod explain;
mod failure;
mod launch;
mod login;
mod network;
mod node;
mod output;
mod paging;
mod pool;
mod port;
mod project;
mod quantity;
mod resolve;
mod rule;
#[cfg(feature = "up")]
mod serve;
mod snapshot;
mod task;
#[cfg(feature = "up")]
mod up;
mod vm;
mod volume;
mod wait;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::Cli::parse().run().into()
}
