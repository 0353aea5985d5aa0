use super::candidate::Candidate;
use super::recorder::{Recorder, Silent, Verdicts};
use super::{ClusterSnapshot, Placed, PlacementReport, PlacementRequest, Policy, filter, score};
use crate::contract::Scheduler;

/// The scheduler: drops the nodes that cannot take the VM, then takes the best of the others.
///
/// One pass, O(nodes); [`place`](Scheduler::place) allocates nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FilterScore;

impl Scheduler for FilterScore {
    fn place(
        &self,
        snapshot: &ClusterSnapshot,
        request: &PlacementRequest,
        policy: &Policy,
    ) -> Option<Placed> {
        decide(snapshot, request, policy, &mut Silent)
    }

    fn explain(
        &self,
        snapshot: &ClusterSnapshot,
        request: &PlacementRequest,
        policy: &Policy,
    ) -> PlacementReport {
        let mut recorder = Verdicts::with_capacity(snapshot.nodes().len());
        let chosen = decide(snapshot, request, policy, &mut recorder);
        PlacementReport {
            strategy: policy.strategy,
            chosen,
            verdicts: recorder.into_inner(),
        }
    }
}

/// The whole decision. Only a strictly better node replaces the best one so far: as nodes come by id, ties
/// go to the lowest.
fn decide<R: Recorder>(
    snapshot: &ClusterSnapshot,
    request: &PlacementRequest,
    policy: &Policy,
    recorder: &mut R,
) -> Option<Placed> {
    let mut best: Option<Placed> = None;
    for node in snapshot.nodes() {
        let candidate = Candidate::new(node, request, policy);
        // Scores are arithmetic on numbers that lie together, filters follow pointers to pools and labels.
        // A node that could not win anyhow need not be asked whether it would be let in. Nobody but the
        // fate of that node depends on it, so this is only for those who do not record fates.
        let beaten = |best: Placed| score::total(&candidate, &mut Silent) <= best.score;
        if !R::WANTS_EVERY_NODE && best.is_some_and(beaten) {
            continue;
        }
        if !filter::admits(&candidate, recorder) {
            continue;
        }
        let score = score::total(&candidate, recorder);
        recorder.accept(node, score);
        if best.is_none_or(|best| score > best.score) {
            best = Some(Placed { node: node.id, score });
        }
    }
    best
}
