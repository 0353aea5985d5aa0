//! `lqx alert`: what somebody should know until it is over.

mod change;
mod create;
mod list;
mod row;
mod show;
mod summary;
mod watch;

use limiquantix_proto::alert::v1::{AlertSeverity, AlertState};

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use list::all as list_all;

/// Verbs of alerts.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List alerts that are not over, the newest last
    List(list::Args),
    /// Show alerts in full
    Show(show::Args),
    /// Raise an alert
    Create(create::Args),
    /// Say that you take care of alerts
    Ack(change::Args),
    /// Say that alerts are over
    Resolve(change::Args),
    /// Count alerts by state and severity
    Summary,
    /// Show the changes of alerts, for ever
    Watch(watch::Args),
}

/// Runs `lqx alert`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(app, args).await,
        Command::Show(args) => show::run(app, args).await,
        Command::Create(args) => create::run(app, args).await,
        Command::Ack(args) => change::acknowledge(app, args).await,
        Command::Resolve(args) => change::resolve(app, args).await,
        Command::Summary => summary::run(app).await,
        Command::Watch(args) => watch::run(app, args).await,
    }
}

/// Severities as people type them.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Severity {
    Critical,
    Warning,
    Info,
}

impl From<Severity> for AlertSeverity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Critical,
            Severity::Warning => Self::Warning,
            Severity::Info => Self::Info,
        }
    }
}

/// States as people type them.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum State {
    Open,
    Acknowledged,
    Resolved,
}

impl From<State> for AlertState {
    fn from(state: State) -> Self {
        match state {
            State::Open => Self::Open,
            State::Acknowledged => Self::Acknowledged,
            State::Resolved => Self::Resolved,
        }
    }
}
