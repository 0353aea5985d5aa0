//! The edges between the crates: who may depend on whom.

use super::Finding;
use super::repository::{Edge, Kind, Member, Repository};

/// One crate's row: what it may always link, and what it may link behind a feature.
struct Row {
    name: &'static str,
    always: &'static [&'static str],
    optional: &'static [&'static str],
    /// In tests, beyond the two above and the testkit.
    tests: &'static [&'static str],
}

const CORE: &str = "limiquantix-core";
const PROTO: &str = "limiquantix-proto";
const SDK: &str = "limiquantix";
const TESTKIT: &str = "limiquantix-testkit";
const SERVER: &str = "limiquantix-server";
const AGENT: &str = "limiquantix-agent";
const MEMORY: &str = "limiquantix-memory";
const MOCK: &str = "limiquantix-mock";
const SQLITE: &str = "limiquantix-sqlite";
const LIBVIRT: &str = "limiquantix-libvirt";

/// The whole table. A new backend adds itself to the last columns of those who wire it.
///
/// Core is in every row: its types are the vocabulary. The agent reaches a hypervisor only behind a feature, because its
/// library is about the contract. Backends have no row: they may know core and nothing else.
const TABLE: &[Row] = &[
    Row {
        name: CORE,
        always: &[],
        optional: &[],
        tests: &[],
    },
    Row {
        name: PROTO,
        always: &[CORE],
        optional: &[],
        tests: &[],
    },
    Row {
        name: TESTKIT,
        always: &[CORE],
        optional: &[],
        tests: &[],
    },
    Row {
        name: SDK,
        always: &[CORE, MEMORY, MOCK],
        optional: &[SQLITE, LIBVIRT],
        tests: &[SQLITE],
    },
    Row {
        name: AGENT,
        always: &[CORE, PROTO],
        optional: &[MOCK, LIBVIRT],
        tests: &[SDK, SERVER, MEMORY, MOCK],
    },
    Row {
        name: SERVER,
        always: &[CORE, PROTO, SDK, MEMORY, MOCK, SQLITE],
        optional: &[LIBVIRT],
        tests: &[AGENT],
    },
    Row {
        name: "limiquantix-cli",
        always: &[CORE, PROTO, SDK, SERVER, AGENT, MEMORY, MOCK, SQLITE],
        optional: &[LIBVIRT],
        tests: &[],
    },
    Row {
        name: "limiquantix-py",
        always: &[CORE, PROTO, SDK],
        optional: &[],
        tests: &[],
    },
    Row {
        name: "xtask",
        always: &[],
        optional: &[],
        tests: &[],
    },
];

/// Checks every edge against the table.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    repository.members.iter().flat_map(check_member).collect()
}

fn check_member(member: &Member) -> Vec<Finding> {
    let place = format!("{}/Cargo.toml", member.directory);
    let backend = Row {
        name: "a backend",
        always: &[CORE],
        optional: &[],
        tests: &[],
    };
    let row = match TABLE.iter().find(|row| row.name == member.name) {
        Some(row) => row,
        None if member.directory.starts_with("limiquantix-backends/") => &backend,
        // Programs that only use the product from outside.
        None if ["examples", "benches", "fuzz", "tests"]
            .iter()
            .any(|folder| member.directory.starts_with(folder)) =>
        {
            return Vec::new();
        }
        None => {
            let message = "the crate has no row in xtask/src/tidy/edges.rs: decide what it may depend on";
            return vec![Finding::new(place, message)];
        }
    };
    // A crate that depends on itself in tests does so to switch one of its own features on there.
    let others = member.edges.iter().filter(|edge| edge.to != member.name);
    let forbidden = others.filter(|edge| !is_allowed(row, edge));
    forbidden
        .map(|edge| Finding::new(place.clone(), explain(row, edge, &member.name)))
        .collect()
}

fn is_allowed(row: &Row, edge: &Edge) -> bool {
    let to = edge.to.as_str();
    match edge.kind {
        Kind::Normal => row.always.contains(&to) || (edge.optional && row.optional.contains(&to)),
        Kind::Build => false,
        Kind::Dev => {
            to == TESTKIT
                || [row.always, row.optional, row.tests]
                    .iter()
                    .any(|column| column.contains(&to))
        }
    }
}

fn explain(row: &Row, edge: &Edge, from: &str) -> String {
    if edge.kind == Kind::Normal && row.optional.contains(&edge.to.as_str()) {
        return format!("{from} may depend on {} only as an optional dependency", edge.to);
    }
    let kind = match edge.kind {
        Kind::Normal => "",
        Kind::Build => " at build time",
        Kind::Dev => " in tests",
    };
    let allowed = if row.always.is_empty() {
        "none of our crates".to_owned()
    } else {
        row.always.join(", ")
    };
    format!(
        "{from} may not depend on {}{kind}; it may depend on {allowed}",
        edge.to
    )
}
