//! `lqx doctor`: can this machine run VMs, and what is missing?
//!
//! Every check says what it found and, where that is not good, what to type. None of them changes anything
//! that outlasts it.

mod host;
mod hypervisor;
mod server;

use serde::Serialize;

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Format, Table, Tone};

/// What to look at.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The libvirt connection [default: qemu:///system for root, otherwise qemu:///session]
    #[arg(long, value_name = "URI", env = "LQX_LIBVIRT")]
    libvirt: Option<String>,
}

/// What a check found.
#[derive(Debug, Clone, Serialize)]
struct Finding {
    check: &'static str,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    fix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// As it should be.
    Ok,
    /// Works, but not as well as it could.
    Warning,
    /// In the way.
    Failed,
    /// Could not be looked at.
    Skipped,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self::new(check, State::Ok, found, "")
    }

    fn new(check: &'static str, state: State, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            check,
            state,
            found: found.into(),
            fix: fix.into(),
        }
    }
}

/// Runs `lqx doctor`.
pub(crate) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let mut findings = host::check();
    let uri = args.libvirt.clone().unwrap_or_else(default_libvirt);
    app.out.live("  booting a probe guest …");
    findings.extend(hypervisor::check(&uri).await);
    app.out.live("  asking the server …");
    findings.push(server::check(app).await);
    app.out.clear();
    print(app, &findings)?;
    match findings
        .iter()
        .filter(|finding| finding.state == State::Failed)
        .count()
    {
        0 => Ok(Exit::Ok),
        failed => {
            app.out
                .talk(&format!("{failed} of {} checks failed", findings.len()));
            Ok(Exit::Conflict)
        }
    }
}

/// The connection to use where none is named: that of the system for root, who alone may use it.
pub(crate) fn default_libvirt() -> String {
    match rustix::process::geteuid().is_root() {
        true => "qemu:///system",
        false => "qemu:///session",
    }
    .to_owned()
}

fn print(app: &App, findings: &[Finding]) -> Result<(), Failure> {
    if matches!(
        app.out.format(),
        Format::Json | Format::Yaml | Format::JsonPath(_)
    ) {
        return app.out.message(&findings);
    }
    let mut table = Table::new(["CHECK", "STATE", "FOUND", "TRY"]);
    for finding in findings {
        let (state, tone) = match finding.state {
            State::Ok => ("ok", Tone::Good),
            State::Warning => ("warning", Tone::Changing),
            State::Failed => ("failed", Tone::Bad),
            State::Skipped => ("skipped", Tone::Idle),
        };
        let state = Cell::new(state).tone(tone);
        table.add([
            Cell::new(finding.check),
            state,
            Cell::new(&finding.found),
            Cell::new(&finding.fix),
        ]);
    }
    app.out.table(&table)
}
