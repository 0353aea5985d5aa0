//! Every member inherits the workspace's lints.

use super::Finding;
use super::repository::Repository;

/// Looks for `workspace = true` under `[lints]` in every manifest.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let without = repository
        .members
        .iter()
        .filter(|member| !inherits(&member.manifest));
    without
        .map(|member| {
            Finding::new(
                format!("{}/Cargo.toml", member.directory),
                "does not inherit the workspace's lints: add\n[lints]\nworkspace = true",
            )
        })
        .collect()
}

fn inherits(manifest: &str) -> bool {
    let lines = manifest.lines().map(|line| {
        line.split('#')
            .next()
            .unwrap_or_default()
            .replace([' ', '\t'], "")
    });
    let mut table = String::new();
    for line in lines {
        if line.starts_with('[') {
            table = line;
        } else if (table == "[lints]" && line == "workspace=true")
            || (table.is_empty() && line == "lints.workspace=true")
        {
            return true;
        }
    }
    false
}
