//! `cargo xtask test`: everything the tests need, then all of them, the real libvirt and QEMU ones included.
//!
//! ```text
//! packages ▸ probe guest ▸ libvirt node ▸ build ▸ tests ▸ doc tests ▸ stop
//! ```
//!
//! What the tests are told, and how a test uses it:
//!
//! | variable | meaning |
//! |---|---|
//! | `LQX_TEST_LIBVIRT_URI` | a libvirt of their own, shared by all tests of the run: name domains uniquely |
//! | `LQX_TEST_LIBVIRT_BASE` | a directory with the same path for that libvirt: pools, logs and sockets go beneath it |
//! | `LQX_TEST_GUEST_DIR` | holds `vmlinux` and `initrd.img` of the probe guest |
//! | `LQX_REQUIRE_BACKENDS` | `libvirt`: a test that cannot reach it fails, where otherwise it reports a skip |

mod runner;
mod summary;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use self::runner::Environment;
use self::summary::Summary;
use crate::apt::{self, sets::Set};
use crate::args::Args;
use crate::guest;
use crate::phase::Phases;
use crate::process::Identity;
use crate::warden::Warden;
use crate::workspace::Workspace;

/// Parses and runs.
pub(crate) fn main(mut args: Args) -> Result<()> {
    let passed_on = args.after_dashes();
    args.finish()?;
    let workspace = Workspace::find()?;
    let mut phases = Phases::new();
    let result = test(&workspace, &passed_on, &mut phases);
    println!("\n{}", phases.table());
    let summary = result?;
    println!("{summary}");
    if summary.failed == 0 {
        Ok(())
    } else {
        bail!("{} tests failed", summary.failed)
    }
}

fn test(workspace: &Workspace, passed_on: &[String], phases: &mut Phases) -> Result<Summary> {
    phases.run("packages", || apt::ensure(&[Set::Test]))?;
    let guest_directory = workspace.guest()?;
    phases.run("probe guest", || guest::ensure(&guest_directory))?;
    phases.run("build", || runner::build(workspace))?;

    let mut warden = Warden::start()?;
    let runs = workspace.products()?.join("test");
    clear_dead_runs(&runs, &mut warden)?;
    let run = claim(&runs)?;
    let lab = phases.run("libvirt node", || warden.start_lab(&run.join("a")))?;
    let environment = Environment {
        libvirt_uri: lab.uri,
        libvirt_base: lab.base.clone(),
        guest: guest_directory,
    };

    let tests = phases.run("tests", || runner::tests(workspace, &environment, passed_on));
    let doc_tests = match tests {
        // A selection of tests is no request for all the examples.
        Ok(_) if passed_on.is_empty() => phases.run("doc tests", || runner::doc_tests(workspace)),
        _ => Ok(Summary::default()),
    };
    phases.run("stop", || {
        warden.remove_lab(&lab.base)?;
        warden.delete(&run)
    })?;
    Ok(tests? + doc_tests?)
}

/// A directory for this run alone, marked with this process's identity: several runs may be at work at once.
fn claim(runs: &Path) -> Result<PathBuf> {
    let me = Identity::of(std::process::id())?;
    let run = runs.join(me.pid.to_string());
    fs::create_dir_all(&run).with_context(|| format!("cannot make {}", run.display()))?;
    fs::write(run.join("owner"), me.line()).context("cannot mark the run's directory")?;
    Ok(run)
}

/// Deletes the directories of runs that were killed together with their warden.
fn clear_dead_runs(runs: &Path, warden: &mut Warden) -> Result<()> {
    let Ok(entries) = fs::read_dir(runs) else {
        return Ok(());
    };
    for run in entries.flatten().map(|entry| entry.path()) {
        if Identity::read(&run.join("owner")).is_some_and(Identity::is_alive) {
            continue;
        }
        warden.remove_lab(&run.join("a"))?;
        warden.delete(&run)?;
    }
    Ok(())
}
