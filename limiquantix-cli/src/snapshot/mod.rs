//! `lqx snapshot`: VMs as they were at one moment.
//!
//! A snapshot is one of a VM, so every verb names the VM first.

mod create;
mod delete;
mod list;
mod revert;
mod row;
mod show;

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Format, Row};
use crate::vm::WaitArgs;
use crate::wait::{self, Progress};

pub(crate) use list::all as list_all;

/// Verbs of snapshots.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the snapshots of a VM
    List(list::Args),
    /// Show snapshots in full
    Show(show::Args),
    /// Take a snapshot of a VM; of its memory too, if it is on
    Create(create::Args),
    /// Put a VM back to a snapshot; what it has written since is lost
    Revert(revert::Args),
    /// Delete a snapshot; its VM stays as it is
    Delete(delete::Args),
}

/// Runs `lqx snapshot`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(app, args).await,
        Command::Show(args) => show::run(app, args).await,
        Command::Create(args) => create::run(app, args).await,
        Command::Revert(args) => revert::run(app, args).await,
        Command::Delete(args) => delete::run(app, args).await,
    }
}

/// An accepted change in words.
struct Accepted<'a> {
    /// As in `would revert vm "web"`.
    infinitive: &'static str,
    /// As in `reversal of vm "web"`.
    noun: &'static str,
    /// What is then true.
    achieved: &'static str,
    /// What it is about, as in `vm "web"`.
    subject: String,
    /// The task that does it.
    task: &'a str,
}

impl Accepted<'_> {
    /// Tells of it and waits for it, as far as that is wanted. Whether it is done.
    async fn done(
        &self,
        app: &App,
        client: &Client,
        args: &WaitArgs,
        answer: &impl Row,
    ) -> Result<bool, Failure> {
        let subject = &self.subject;
        if args.dry_run {
            let verb = self.infinitive;
            app.out
                .talk(&format!("would {verb} {subject}; nothing was changed"));
            app.out.outcome(answer)?;
            return Ok(false);
        }
        if args.no_wait {
            match app.out.format() {
                Format::Table | Format::Wide => app.out.data(self.task)?,
                _ => app.out.outcome(answer)?,
            }
            return Ok(false);
        }
        let mut progress = Progress::new(&app.out, "");
        let what = format!("{} of {subject}", self.noun);
        let task = wait::for_task(app, client, self.task, &what, &mut progress).await?;
        wait::success(task).inspect_err(|_| progress.end(self.noun, false))?;
        progress.end(self.achieved, true);
        Ok(true)
    }
}
