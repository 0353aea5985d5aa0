//! The server names its backends in `wire.rs` and nowhere else: everything else there is written against contracts.

use super::Finding;
use super::repository::Repository;

const SOURCES: &str = "limiquantix-server/src/";
const WIRE: &str = "limiquantix-server/src/wire.rs";

/// Looks for the backends' crate names in the server's sources.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let backends: Vec<String> = repository
        .members
        .iter()
        .filter(|member| member.directory.starts_with("limiquantix-backends/"))
        .map(|member| member.name.replace('-', "_"))
        .collect();
    let mut findings = Vec::new();
    let elsewhere = |path: &str| path.starts_with(SOURCES) && path != WIRE && !super::length::is_test(path);
    for file in repository
        .files_ending(".rs")
        .filter(|file| elsewhere(&file.path))
    {
        for (number, line) in (1..).zip(file.text.lines()) {
            if let Some(backend) = backends.iter().find(|backend| line.contains(backend.as_str())) {
                let message = format!("names the backend {backend}; only {WIRE} may");
                findings.push(Finding::new(format!("{}:{number}", file.path), message));
            }
        }
    }
    findings
}
