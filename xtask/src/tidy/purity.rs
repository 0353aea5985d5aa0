//! Core links nothing that waits, stores, transmits or rolls dice, not even through somebody else.

use super::Finding;
use super::repository::Repository;

pub(super) const CORE: &str = "limiquantix-core";

/// A name stands for the crate and for everything named `<crate>-…` or `<crate>_…`.
const BANNED: &[(&str, &str)] = &[
    ("tokio", "an async runtime"),
    ("async-std", "an async runtime"),
    ("smol", "an async runtime"),
    ("mio", "I/O"),
    ("hyper", "I/O"),
    ("reqwest", "I/O"),
    ("axum", "I/O"),
    ("sqlx", "a database"),
    ("rusqlite", "a database"),
    ("prost", "a wire format"),
    ("buffa", "a wire format"),
    ("connectrpc", "a wire format"),
    ("tonic", "a wire format"),
    ("rand", "randomness"),
    ("getrandom", "randomness"),
    ("fastrand", "randomness"),
];

/// Checks `cargo tree` of core's normal dependencies.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut linked: Vec<&str> = repository
        .core_tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    linked.sort_unstable();
    linked.dedup();
    let mut findings = Vec::new();
    for name in linked {
        if let Some((banned, what)) = BANNED.iter().find(|(banned, _)| stands_for(banned, name)) {
            let message = format!(
                "{CORE} links {name} ({what}); find out through whom: cargo tree -p {CORE} --edges normal --invert {banned}"
            );
            findings.push(Finding::new("limiquantix-core/Cargo.toml", message));
        }
    }
    findings
}

fn stands_for(banned: &str, name: &str) -> bool {
    name.strip_prefix(banned)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}
