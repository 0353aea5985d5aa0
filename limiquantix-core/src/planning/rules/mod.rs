//! Placement rules as the planner sees them.
//!
//! ```text
//!   rules and placed VMs ─► RuleIndex ─► Constraint (per rule of one VM) ─► PlacementRequest ─► filter, score
//! ```
//!
//! A request carries what its VM's rules say, with the nodes on which the rules' other VMs are: so that a plan
//! depends on nothing but snapshot, request and policy, and can be repeated anywhere.

mod index;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::NodeView;
use crate::identity::{Name, NodeId};
use crate::resource::{Affinity, NodeSelector, Strength};

pub use index::RuleIndex;

/// What one rule says about the node of one VM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constraint {
    /// The name of the rule.
    pub rule: Name,
    /// Whether the VM is drawn to something or kept away from it.
    pub affinity: Affinity,
    /// How firmly.
    pub strength: Strength,
    /// To what, or from what.
    pub towards: Towards,
}

/// What a VM is drawn to, or kept away from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Towards {
    /// The nodes on which other VMs of the rule are, each with the name of the one with the lowest id.
    Vms(BTreeMap<NodeId, Name>),
    /// Nodes.
    Nodes(NodeSelector),
}

/// How a node breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Breach {
    /// A VM that it keeps away is there.
    VmThere(Name),
    /// The VMs that it draws to each other are elsewhere; one of them by name.
    VmElsewhere(Name),
    /// It is not one of the nodes that the rule draws to.
    NotOneOfItsNodes,
    /// It is one of the nodes that the rule keeps away from.
    OneOfItsNodes,
}

impl Constraint {
    /// How the node breaks it, if it does. The first VM of a rule that draws VMs to each other may go anywhere.
    pub(super) fn breach(&self, node: &NodeView) -> Option<BreachOf<'_>> {
        match (&self.towards, self.affinity) {
            (Towards::Vms(there), Affinity::Anti) => there.get(&node.id).map(BreachOf::VmThere),
            (Towards::Vms(there), Affinity::To) if there.contains_key(&node.id) => None,
            (Towards::Vms(there), Affinity::To) => there.values().next().map(BreachOf::VmElsewhere),
            (Towards::Nodes(nodes), affinity) => match (nodes.matches(node.id, &node.labels), affinity) {
                (true, Affinity::Anti) => Some(BreachOf::OneOfItsNodes),
                (false, Affinity::To) => Some(BreachOf::NotOneOfItsNodes),
                (true, Affinity::To) | (false, Affinity::Anti) => None,
            },
        }
    }
}

/// A [`Breach`] before anybody wants to keep it.
#[derive(Clone, Copy)]
pub(super) enum BreachOf<'a> {
    VmThere(&'a Name),
    VmElsewhere(&'a Name),
    NotOneOfItsNodes,
    OneOfItsNodes,
}

impl BreachOf<'_> {
    pub(super) fn kept(self) -> Breach {
        match self {
            Self::VmThere(vm) => Breach::VmThere(vm.clone()),
            Self::VmElsewhere(vm) => Breach::VmElsewhere(vm.clone()),
            Self::NotOneOfItsNodes => Breach::NotOneOfItsNodes,
            Self::OneOfItsNodes => Breach::OneOfItsNodes,
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VmThere(vm) => write!(f, "vm {vm} is there"),
            Self::VmElsewhere(vm) => write!(f, "vm {vm} is elsewhere"),
            Self::NotOneOfItsNodes => f.write_str("not one of its nodes"),
            Self::OneOfItsNodes => f.write_str("it keeps VMs off this node"),
        }
    }
}
