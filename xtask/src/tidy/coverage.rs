//! `docs/api-coverage.md`: every RPC that there is and every RPC that was promised, each with a test that calls it.
//!
//! Made from the `.proto` files and the API's tests, so that it cannot say what is not so. The rule of the same name
//! fails when the page is not what these say, or when an RPC has no test.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result};

use super::Finding;
use super::repository::{File, Repository};
use crate::args::Args;
use crate::workspace::Workspace;

const PAGE: &str = "docs/api-coverage.md";
const PROTOS: &str = "limiquantix-proto/proto/limiquantix/";
const TESTS: &str = "limiquantix-server/tests/api/";
/// Calls every method there is with whatever comes: it says nothing about any one of them.
const EVERY: &str = "limiquantix-server/tests/api/every_method.rs";

/// The agent's own client, which every simulated node of the API's tests runs.
const AGENT: &str = "limiquantix-agent/src/uplink/";

/// What was promised, by package.
const PROMISED: &[(&str, &str)] = &[
    (
        "compute.v1",
        "CreateVM GetVM ListVMs UpdateVM DeleteVM StartVM StopVM RebootVM SuspendVM ResumeVM CreateSnapshot \
         ListSnapshots GetSnapshot DeleteSnapshot RevertSnapshot MigrateVM WatchVM WatchVMs CloneVM AttachDisk DetachDisk \
         AttachNic DetachNic GetConsoleLog Console ExplainPlacement RegisterNode GetNode ListNodes UpdateNode Heartbeat \
         DrainNode CordonNode UncordonNode DeleteNode GetNodeMetrics WatchNode WatchNodes AddTaint RemoveTaint",
    ),
    (
        "storage.v1",
        "CreatePool GetPool ListPools DeletePool GetPoolMetrics CreateVolume GetVolume ListVolumes AttachVolume \
         DetachVolume ResizeVolume DeleteVolume CloneVolume ImportImage ListImages DeleteImage",
    ),
    (
        "network.v1",
        "CreateNetwork GetNetwork ListNetworks DeleteNetwork CreateSecurityGroup GetSecurityGroup ListSecurityGroups \
         AddRule RemoveRule DeleteSecurityGroup AssignSecurityGroup",
    ),
    (
        "alert.v1",
        "CreateAlert GetAlert ListAlerts AcknowledgeAlert ResolveAlert GetAlertSummary",
    ),
    (
        "drs.v1",
        "ListRecommendations ApproveRecommendation ApplyRecommendation RejectRecommendation",
    ),
    ("ha.v1", "ListNodeStates ManualFailover"),
    ("event.v1", "Subscribe"),
    ("task.v1", "GetTask ListTasks CancelTask WaitTask WatchTask"),
    ("auth.v1", "Login RefreshToken Logout"),
];

/// One RPC of the `.proto` files.
#[derive(Debug, PartialEq, Eq)]
struct Rpc {
    package: String,
    service: String,
    name: String,
}

/// The rule.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    if !repository.files.iter().any(|file| file.path.starts_with(PROTOS)) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let tests = tests(&repository.files);
    for rpc in rpcs(&repository.files) {
        if !tests.contains_key(&plain(&rpc.name)) {
            let message = format!("no test in {TESTS} calls {}.{}", rpc.service, rpc.name);
            findings.push(Finding::new(PROTOS, message));
        }
    }
    let written = repository.files.iter().find(|file| file.path == PAGE);
    if written.is_none_or(|file| file.text != page(&repository.files)) {
        findings.push(Finding::new(
            PAGE,
            "is not what the protos and tests say: cargo xtask coverage",
        ));
    }
    findings
}

/// `cargo xtask coverage`: writes the page.
pub(crate) fn main(args: Args) -> Result<()> {
    args.finish()?;
    let workspace = Workspace::find()?;
    let repository = Repository::read(&workspace)?;
    let path = workspace.root().join(PAGE);
    std::fs::write(&path, page(&repository.files)).with_context(|| path.display().to_string())?;
    println!("{PAGE}");
    Ok(())
}

pub(super) fn page(files: &[File]) -> String {
    let (rpcs, tests) = (rpcs(files), tests(files));
    let mut packages: Vec<&str> = rpcs.iter().map(|rpc| rpc.package.as_str()).collect();
    packages.extend(PROMISED.iter().map(|(package, _)| *package));
    packages.sort_unstable();
    packages.dedup();
    let mut page = "# The API and its tests\n\nMade by `cargo xtask coverage`; do not edit. For each RPC a test that calls it over the wire.\n".to_owned();
    let mut missing = Vec::new();
    for package in packages {
        // Writing to a string cannot fail.
        let _ = write!(page, "\n## limiquantix.{package}\n\n| RPC | test |\n|---|---|\n");
        let ours = rpcs.iter().filter(|rpc| rpc.package == package);
        for rpc in ours.clone() {
            let test = tests.get(&plain(&rpc.name)).map_or("none", String::as_str);
            let _ = writeln!(page, "| `{}/{}` | {test} |", rpc.service, rpc.name);
        }
        let promised = PROMISED.iter().filter(|(of, _)| *of == package);
        for name in promised.flat_map(|(_, names)| names.split_whitespace()) {
            if !ours.clone().any(|rpc| rpc.name == name) {
                missing.push(format!("limiquantix.{package}: `{name}`"));
            }
        }
    }
    page.push_str("\n## Not offered yet\n\n");
    if missing.is_empty() {
        page.push_str("Nothing.\n");
    }
    for name in missing {
        let _ = writeln!(page, "- {name}");
    }
    page
}

fn rpcs(files: &[File]) -> Vec<Rpc> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with(PROTOS)) {
        let (mut package, mut service) = ("", "");
        for line in file.text.lines() {
            if let Some(rest) = line.strip_prefix("package limiquantix.") {
                package = rest.trim_end_matches(';');
            } else if let Some(rest) = line.strip_prefix("service ") {
                service = rest.split_whitespace().next().unwrap_or_default();
            } else if let Some(rest) = line.trim_start().strip_prefix("rpc ") {
                let name = rest.split('(').next().unwrap_or_default();
                found.push(Rpc {
                    package: package.to_owned(),
                    service: service.to_owned(),
                    name: name.to_owned(),
                });
            }
        }
    }
    found.sort_by(|a, b| (&a.package, &a.service, &a.name).cmp(&(&b.package, &b.service, &b.name)));
    found
}

/// By the plain name of an RPC: the first test that calls it, by method or by path.
fn tests(files: &[File]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let ours = files
        .iter()
        .filter(|file| file.path.starts_with(TESTS) && file.path != EVERY);
    // A test of what is refused is named only where no other calls the RPC.
    let refused = |file: &&File| file.path.trim_start_matches(TESTS).starts_with("bad_");
    let (last, first): (Vec<&File>, Vec<&File>) = ours.partition(refused);
    for file in first.into_iter().chain(last) {
        let short = file.path.trim_start_matches("limiquantix-server/");
        // What a helper calls is called by the tests of its file.
        let mut place = short.to_owned();
        let mut marked = false;
        for line in file.text.lines() {
            let code = line.trim_start();
            if code.starts_with("#[tokio::test") || code.starts_with("#[test]") {
                marked = true;
            } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| !line.starts_with("    ")) {
                let name = rest.split(['(', '<']).next().unwrap_or_default();
                place = if marked {
                    format!("{short} `{name}`")
                } else {
                    short.to_owned()
                };
                marked = false;
            }
            for called in calls(code) {
                found.entry(called).or_insert_with(|| place.clone());
            }
        }
    }
    for file in files.iter().filter(|file| file.path.starts_with(AGENT)) {
        for called in file.text.lines().flat_map(calls) {
            let place = || "tests/api/harness, the agent of every simulated node".to_owned();
            found.entry(called).or_insert_with(place);
        }
    }
    found
}

/// The plain names of what a line calls: `.create_vm(`, `"…VMService/CreateVM"` and `"CreateVM"`.
fn calls(line: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect()
    };
    let methods = line.split('.').skip(1).filter_map(|rest| {
        let name = word(rest);
        rest[name.len()..].starts_with('(').then_some(name)
    });
    let paths = line.split("Service/").skip(1).map(word);
    let quoted = line.split('"').skip(1).step_by(2).map(word);
    methods
        .chain(paths)
        .chain(quoted)
        .map(|name| plain(&name))
        .collect()
}

/// A name as its letters alone: `ListVMs`, `list_vms` and `list_v_ms` are one.
fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
