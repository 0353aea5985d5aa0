//! The test runners: nextest where it is installed, otherwise cargo's own.

use std::io::{BufRead, BufReader, IsTerminal, stderr};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::summary::{self, Summary};
use crate::command::{command, line, output, run, succeeds};
use crate::root;
use crate::workspace::Workspace;

/// The one selection of crates and features for every step here, in `.ci/run` and in documentation: with another selection
/// cargo would compile the same dependencies a second time.
const SELECTION: &[&str] = &["--workspace", "--all-features"];

/// What the tests are told about their surroundings.
pub(super) struct Environment {
    pub(super) libvirt_uri: String,
    pub(super) libvirt_base: PathBuf,
    pub(super) guest: PathBuf,
}

impl Environment {
    fn apply(&self, command: &mut Command) {
        command
            .env("LQX_TEST_LIBVIRT_URI", &self.libvirt_uri)
            .env("LQX_TEST_LIBVIRT_BASE", &self.libvirt_base)
            .env("LQX_TEST_GUEST_DIR", &self.guest)
            .env("LQX_REQUIRE_BACKENDS", "libvirt");
    }
}

/// Where the caller is not root, test binaries run through sudo: they stand for an agent, which is root on a real node, and
/// read what libvirt leaves readable to root alone. Only the binaries: what cargo writes stays the caller's.
fn run_as_root(command: &mut Command) -> Result<()> {
    if root::is_root() {
        return Ok(());
    }
    let version =
        output(Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("-vV"))?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc names no host")?;
    let variable = format!("CARGO_TARGET_{}_RUNNER", host.replace('-', "_").to_uppercase());
    command.env(variable, "sudo --non-interactive --preserve-env");
    Ok(())
}

/// Compiles all tests, so that the time of the tests is theirs alone.
pub(super) fn build(workspace: &Workspace) -> Result<()> {
    run(cargo(workspace, &["test", "--no-run"]).args(SELECTION))
}

/// Runs all tests but those in documentation. Everything they print goes through; the last summary line is read.
pub(super) fn tests(
    workspace: &Workspace,
    environment: &Environment,
    passed_on: &[String],
) -> Result<Summary> {
    if succeeds(&mut cargo(workspace, &["nextest", "--version"])) {
        let colour = if stderr().is_terminal() { "always" } else { "never" };
        let mut nextest = cargo(
            workspace,
            &["nextest", "run", "--no-fail-fast", "--color", colour],
        );
        nextest.args(SELECTION).args(passed_on);
        environment.apply(&mut nextest);
        run_as_root(&mut nextest)?;
        // nextest talks on stderr; the tests' own output is part of that.
        return relay(nextest.stderr(Stdio::piped()), summary::of_nextest);
    }
    println!(
        "  note: cargo-nextest is not installed, so cargo's own runner is used (cargo install --locked cargo-nextest)"
    );
    let mut test = cargo(
        workspace,
        &[
            "test",
            "--no-fail-fast",
            "--lib",
            "--bins",
            "--tests",
            "--examples",
        ],
    );
    test.args(SELECTION).arg("--").args(passed_on);
    environment.apply(&mut test);
    run_as_root(&mut test)?;
    relay(test.stdout(Stdio::piped()), summary::of_cargo)
}

/// Runs the examples in documentation.
pub(super) fn doc_tests(workspace: &Workspace) -> Result<Summary> {
    let mut test = cargo(workspace, &["test", "--doc", "--no-fail-fast"]);
    relay(test.args(SELECTION).stdout(Stdio::piped()), summary::of_cargo)
}

fn cargo(workspace: &Workspace, args: &[&str]) -> Command {
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), args);
    cargo.current_dir(workspace.root());
    cargo
}

/// Passes a command's piped stream on, line by line, and counts. A command that failed without a single failed test (it
/// did not compile, it was killed) is an error of its own.
fn relay(command: &mut Command, count: impl Fn(&str) -> Option<Summary>) -> Result<Summary> {
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start `{}`", line(command)))?;
    let mut summary: Option<Summary> = None;
    if let Some(stream) = child.stdout.take() {
        pass_on(stream, |text| println!("{text}"), &count, &mut summary)?;
    } else if let Some(stream) = child.stderr.take() {
        pass_on(stream, |text| eprintln!("{text}"), &count, &mut summary)?;
    }
    let status = child
        .wait()
        .with_context(|| format!("cannot wait for `{}`", line(command)))?;
    match summary {
        Some(summary) if status.success() || summary.failed > 0 => Ok(summary),
        None if status.success() => Ok(Summary::default()),
        _ => bail!("`{}` ended with {status}", line(command)),
    }
}

fn pass_on(
    stream: impl std::io::Read,
    print: impl Fn(&str),
    count: impl Fn(&str) -> Option<Summary>,
    summary: &mut Option<Summary>,
) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let mut bytes = Vec::new();
    // By bytes: what a failing test prints need not be text.
    while reader
        .read_until(b'\n', &mut bytes)
        .context("cannot read a test runner's output")?
        > 0
    {
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end_matches('\n');
        print(text);
        if let Some(more) = count(text) {
            *summary = Some(summary.take().unwrap_or_default() + more);
        }
        bytes.clear();
    }
    Ok(())
}
