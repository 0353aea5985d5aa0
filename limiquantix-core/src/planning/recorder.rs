use super::score::Term;
use super::{NodeVerdict, NodeView, Refusal, ScoreTerm, Verdict};

/// Hears what the pipeline finds, node by node: either one `refuse`, or every `term` and then `accept`.
pub(super) trait Recorder {
    /// Whether it must hear of nodes that cannot change the decision.
    const WANTS_EVERY_NODE: bool;

    /// A filter refused the node. The reason is made only if somebody wants it.
    fn refuse(&mut self, node: &NodeView, why: impl FnOnce() -> Refusal);
    /// A scorer gave its opinion of the node that is being looked at.
    fn term(&mut self, term: Term);
    /// The node fits, with this total.
    fn accept(&mut self, node: &NodeView, total: i64);
}

/// Hears nothing: what remains of the pipeline is comparisons and arithmetic.
pub(super) struct Silent;

impl Recorder for Silent {
    const WANTS_EVERY_NODE: bool = false;

    fn refuse(&mut self, _: &NodeView, _: impl FnOnce() -> Refusal) {}
    fn term(&mut self, _: Term) {}
    fn accept(&mut self, _: &NodeView, _: i64) {}
}

/// Writes down the fate of every node.
pub(super) struct Verdicts {
    terms: Vec<ScoreTerm>,
    verdicts: Vec<NodeVerdict>,
}

impl Verdicts {
    pub(super) fn with_capacity(nodes: usize) -> Self {
        Self {
            terms: Vec::new(),
            verdicts: Vec::with_capacity(nodes),
        }
    }

    pub(super) fn into_inner(self) -> Vec<NodeVerdict> {
        self.verdicts
    }

    fn push(&mut self, node: &NodeView, verdict: Verdict) {
        self.verdicts.push(NodeVerdict {
            node: node.id,
            name: node.name.clone(),
            verdict,
        });
    }
}

impl Recorder for Verdicts {
    const WANTS_EVERY_NODE: bool = true;

    fn refuse(&mut self, node: &NodeView, why: impl FnOnce() -> Refusal) {
        self.push(node, Verdict::Refused(why()));
    }

    fn term(&mut self, term: Term) {
        self.terms.push(ScoreTerm {
            scorer: term.scorer.to_owned(),
            value: i64::from(term.value),
            weight: i64::from(term.weight),
        });
    }

    fn accept(&mut self, node: &NodeView, total: i64) {
        let terms = std::mem::take(&mut self.terms);
        self.push(node, Verdict::Scored { terms, total });
    }
}
