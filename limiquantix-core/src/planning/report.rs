use serde::{Deserialize, Serialize};

use super::{Refusal, Strategy};
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

/// A placement decision with the fate of every node. Its `Display` is a table for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[must_use]
pub struct PlacementReport {
    /// The strategy that scored nodes without a cluster; a cluster has its own.
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

impl PlacementReport {
    /// One line on why no node fits, for an error message; the details are in the verdicts.
    pub fn summary(&self) -> String {
        match self.verdicts.len() {
            0 => "there are no nodes".to_owned(),
            1 => "the only node cannot take it".to_owned(),
            n => format!("none of {n} nodes can take it"),
        }
    }

    /// The nodes that were refused, by id ascending.
    pub(super) fn refused(&self) -> impl Iterator<Item = (&Name, &Refusal)> {
        self.verdicts.iter().filter_map(|v| match &v.verdict {
            Verdict::Refused(refusal) => Some((&v.name, refusal)),
            Verdict::Scored { .. } => None,
        })
    }
}
