use std::fmt;

use serde::{Deserialize, Serialize};

use super::Strategy;
use crate::identity::{Name, NodeId};

/// The node that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[must_use]
pub struct Placed {
    /// The node.
    pub node: NodeId,
    /// Its total score; higher is better.
    pub score: i64,
}

/// A placement decision with the fate of every node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[must_use]
pub struct PlacementReport {
    /// The strategy that scored.
    pub strategy: Strategy,
    /// The node that was chosen, if any fits.
    pub chosen: Option<Placed>,
    /// Every node, by id ascending.
    pub verdicts: Vec<NodeVerdict>,
}

/// What became of one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeVerdict {
    /// The node.
    pub node: NodeId,
    /// Its name.
    pub name: Name,
    /// Its fate.
    pub verdict: Verdict,
}

/// The fate of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The first filter that refused it.
    Refused(Refusal),
    /// It fits; this is how good it is.
    Scored {
        /// The terms, in the order of the pipeline.
        terms: Vec<ScoreTerm>,
        /// Their weighted sum.
        total: i64,
    },
}

/// One term of a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreTerm {
    /// The scorer.
    pub scorer: String,
    /// What it gives, 0 to 1000, 1000 being best.
    pub value: i64,
    /// How much it counts.
    pub weight: i64,
}

/// Why a filter refused a node, with the numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "filter")]
#[non_exhaustive]
pub enum Refusal {
    /// Its heartbeats do not arrive.
    NotReady {
        /// `not_ready` or `unknown`.
        phase: String,
    },
    /// The administrator keeps new VMs off.
    Unschedulable {
        /// `cordoned` or `in maintenance`.
        state: String,
        /// The administrator's words.
        reason: String,
    },
    /// A label that the VM asks for is missing or different.
    Selector {
        /// The label's key.
        key: String,
        /// The value asked for.
        wanted: String,
        /// The node's value, if any.
        found: Option<String>,
    },
    /// A taint that the VM does not tolerate.
    Taint {
        /// The taint's key.
        key: String,
        /// The taint's value.
        value: String,
    },
    /// A pool that the VM asks for is not there.
    Pool {
        /// The pool.
        pool: Name,
    },
    /// Not enough cores.
    Cores {
        /// Needed.
        needed: u32,
        /// Free after overcommit.
        free: u32,
        /// The node's, before overcommit.
        total: u32,
        /// The overcommit in percent.
        overcommit: u32,
    },
    /// Not enough memory, in MiB.
    Memory {
        /// Needed.
        needed: u32,
        /// Free after overcommit and what the host keeps.
        free: u32,
        /// The node's for guests, before overcommit.
        total: u32,
        /// The overcommit in percent.
        overcommit: u32,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReady { phase } => write!(f, "node is {phase}"),
            Self::Unschedulable { state, reason } if reason.is_empty() => write!(f, "{state}"),
            Self::Unschedulable { state, reason } => write!(f, "{state} ({reason})"),
            Self::Selector {
                key,
                wanted,
                found: None,
            } => write!(f, "label {key}={wanted} is missing"),
            Self::Selector {
                key,
                wanted,
                found: Some(v),
            } => write!(f, "label {key} is {v}, needs {wanted}"),
            Self::Taint { key, value } if value.is_empty() => write!(f, "taint {key} is not tolerated"),
            Self::Taint { key, value } => write!(f, "taint {key}={value} is not tolerated"),
            Self::Pool { pool } => write!(f, "has no pool {pool}"),
            Self::Cores {
                needed,
                free,
                total,
                overcommit,
            } => {
                write!(
                    f,
                    "cpu: needs {needed} cores, {free} free of {total}×{overcommit} %"
                )
            }
            Self::Memory {
                needed,
                free,
                total,
                overcommit,
            } => {
                write!(
                    f,
                    "memory: needs {needed} MiB, {free} MiB free of {total}×{overcommit} %"
                )
            }
        }
    }
}

impl PlacementReport {
    /// One line on why no node fits, for an error message; the details are in the verdicts.
    pub fn summary(&self) -> String {
        match self.verdicts.len() {
            0 => "there are no nodes".to_owned(),
            1 => "the only node cannot take it".to_owned(),
            n => format!("none of {n} nodes can take it"),
        }
    }
}
