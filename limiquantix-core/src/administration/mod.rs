//! What an administrator does to a node, as pure functions: each answers with the node as it is to be, or with
//! nothing where it is as wanted already.
//!
//! They write the administrator's part of the node and the labels that follow from it, and nothing of what its
//! agent reports; a registration does the reverse.

mod removal;
#[cfg(test)]
mod tests;

pub use removal::{Occupants, admit_removal, removed_with_node};

use crate::error::{Error, Reason, Result};
use crate::resource::{EventKind, Labels, Node, Taint, TaintEffect};
use crate::validate::MAX_LABELS;

/// A node as it is to be, and what is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The node.
    pub node: Node,
    /// What happened.
    pub kind: EventKind,
    /// In words that go on with who did it and why.
    pub what: String,
}

/// Keeps new VMs away, for `reason`. A node that is cordoned for another reason gets the new one.
pub fn cordon(node: &Node, reason: &str) -> Option<Change> {
    let mut after = node.clone();
    after.admin.cordoned = true;
    reason.clone_into(&mut after.admin.reason);
    changed(node, after, EventKind::NodeCordoned, "cordoned".to_owned())
}

/// Lets new VMs on again. The reason goes, unless the node is in maintenance for it.
pub fn uncordon(node: &Node) -> Option<Change> {
    if !node.admin.cordoned {
        return None;
    }
    let mut after = node.clone();
    after.admin.cordoned = false;
    if !after.admin.maintenance {
        after.admin.reason.clear();
    }
    changed(node, after, EventKind::NodeUncordoned, "uncordoned".to_owned())
}

/// Describes a node, and labels it; `None` leaves things as they are.
pub fn describe(node: &Node, description: Option<&str>, labels: Option<&Labels>) -> Option<Change> {
    let mut after = node.clone();
    if let Some(description) = description {
        description.clone_into(&mut after.admin.description);
    }
    if let Some(labels) = labels {
        after.admin.labels.clone_from(labels);
        after.settle_labels();
    }
    changed(node, after, EventKind::NodeUpdated, "changed".to_owned())
}

/// Adds a taint. It takes the place of the administrator's taint of the same key and effect.
///
/// One that the agent reports is added all the same: it stays when the agent no longer does.
pub fn add_taint(node: &Node, taint: &Taint) -> Result<Option<Change>> {
    if node.admin.taints.contains(taint) {
        return Ok(None);
    }
    let mut after = node.clone();
    let taints = &mut after.admin.taints;
    taints.retain(|t| (&t.key, t.effect) != (&taint.key, taint.effect));
    if taints.len() >= MAX_LABELS {
        let message = format!("the node has {MAX_LABELS} taints, which is the most");
        return Err(Error::invalid("taint", message));
    }
    taints.push(taint.clone());
    let what = format!("tainted with {}", shown(taint));
    Ok(changed(node, after, EventKind::NodeTainted, what))
}

/// Removes the administrator's taints with this key, and with this effect if one is given.
///
/// `REPORTED_BY_AGENT` if the only ones are the agent's: it would report them again.
pub fn remove_taint(node: &Node, key: &str, effect: Option<TaintEffect>) -> Result<Option<Change>> {
    let meant = |t: &&Taint| t.key == key && effect.is_none_or(|e| e == t.effect);
    let removed: Vec<String> = node.admin.taints.iter().filter(meant).map(shown).collect();
    if !removed.is_empty() {
        let mut after = node.clone();
        after.admin.taints.retain(|t| !meant(&t));
        let what = format!("freed of the taint {}", removed.join(", "));
        return Ok(changed(node, after, EventKind::NodeUntainted, what));
    }
    match node.spec.taints.iter().find(meant) {
        None => Ok(None),
        Some(taint) => {
            let message = format!(
                "the taint {} is reported by the agent of node {}",
                shown(taint),
                node.name
            );
            Err(Error::new(Reason::ReportedByAgent, message).with("node", node.id.to_string()))
        }
    }
}

fn changed(before: &Node, node: Node, kind: EventKind, what: String) -> Option<Change> {
    (*before != node).then_some(Change { node, kind, what })
}

/// As people write it, after kubectl(1).
fn shown(taint: &Taint) -> String {
    let effect = match taint.effect {
        TaintEffect::NoSchedule => "no-schedule",
        TaintEffect::PreferNoSchedule => "prefer-no-schedule",
    };
    match taint.value.as_str() {
        "" => format!("{}:{effect}", taint.key),
        value => format!("{}={value}:{effect}", taint.key),
    }
}
