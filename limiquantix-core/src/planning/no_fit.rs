use std::collections::BTreeMap;

use super::PlacementReport;
use crate::error::{Error, Reason};

/// How many nodes an error names one by one. It has to fit a terminal, a log line and the metadata of an
/// RPC; the report itself has them all.
const NAMED: usize = 10;

/// `NO_NODE_FITS` for a VM that no node can take: the message says how many were asked; each `node` of the
/// context says why one of them refused, as `node-1: memory: needs 2048 MiB, …`, for the first ten by id;
/// `nodes` counts the others by what was missing, as `212 more: memory 180, cpu 32`. Names have no colon, so
/// that the first one ends the node's.
///
/// A report that has a choice is no failure; asking for its error is a bug of the caller, and the error says
/// so.
pub fn error(report: &PlacementReport, vm: &str) -> Error {
    if let Some(placed) = report.chosen {
        return Error::internal("a placement that succeeded was reported as failed")
            .with("vm", vm)
            .with("node", placed.node.to_string());
    }
    let message = format!("cannot place vm {vm:?}: {}", report.summary());
    let mut error = Error::new(Reason::NoNodeFits, message).with("vm", vm);
    for (name, refusal) in report.refused().take(NAMED) {
        error = error.with("node", format!("{name}: {refusal}"));
    }
    let mut topics: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, refusal) in report.refused().skip(NAMED) {
        *topics.entry(refusal.topic()).or_default() += 1;
    }
    if topics.is_empty() {
        return error;
    }
    let more: usize = topics.values().sum();
    let mut topics: Vec<(&str, usize)> = topics.into_iter().collect();
    // The commonest first; equals stay in the order of the alphabet.
    topics.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let counts: Vec<String> = topics.iter().map(|(topic, n)| format!("{topic} {n}")).collect();
    error.with("nodes", format!("{more} more: {}", counts.join(", ")))
}
