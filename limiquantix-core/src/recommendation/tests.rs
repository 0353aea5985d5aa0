use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::identity::ProjectId;
use crate::resource::Resource as _;

const NOW: Timestamp = Timestamp(1_767_225_600_000_000);
const HOUR: Duration = Duration::from_secs(3600);

fn node(n: u128) -> NodeRef {
    NodeRef {
        id: NodeId::from_uuid(Uuid::from_u128(n)),
        name: format!("node-{n}"),
    }
}

fn pending() -> Recommendation {
    let mut pending = Recommendation {
        id: RecommendationId::from_uuid(Uuid::from_u128(1)),
        meta: Meta::created(NOW, Labels::new()),
        vm: VmId::from_uuid(Uuid::from_u128(2)),
        vm_name: "web".to_owned(),
        planned_on: Revision(7),
        project: ProjectId::default(),
        source: node(1),
        target: node(2),
        priority: RecommendationPriority::High,
        reason: "cpu 93 %".to_owned(),
        impact: Impact { cpu: 12, memory: 3 },
        estimated_duration: Duration::from_secs(150),
        state: RecommendationState::Pending,
        expires_at: NOW.plus(HOUR),
        approved: None,
        rejected: None,
        message: String::new(),
    };
    pending.relabel();
    pending
}

fn decision() -> Decision {
    Decision {
        by: "alice".to_owned(),
        at: NOW,
        comment: "go".to_owned(),
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Approve(decision())),
        Just(Step::Reject(decision())),
        Just(Step::Expire("too old".to_owned())),
        Just(Step::Begin),
        Just(Step::Succeed),
        Just(Step::Fail("no room".to_owned())),
    ]
}

/// For an operator: what was rejected is carried out all the same, or what runs is forgotten.
#[test]
fn the_table() {
    use RecommendationState::{Applied, Applying, Approved, Expired, Failed, Pending, Rejected};
    let mut allowed = Vec::new();
    for from in RecommendationState::ALL {
        for to in RecommendationState::ALL {
            if may_follow(from, to) {
                allowed.push((from, to));
            }
        }
        let stuck = !RecommendationState::ALL.iter().any(|to| may_follow(from, *to));
        assert_eq!(stuck, from.is_terminal(), "{from:?}");
    }
    assert_eq!(
        allowed,
        [
            (Pending, Approved),
            (Pending, Rejected),
            (Pending, Expired),
            (Approved, Applying),
            (Approved, Rejected),
            (Approved, Expired),
            (Applying, Applied),
            (Applying, Failed),
        ]
    );
}

#[test]
fn nothing_is_approved_when_its_time_is_over() {
    let last = Timestamp(NOW.plus(HOUR).micros() - 1);
    assert!(advance(&pending(), Step::Approve(decision()), last).is_ok());
    let late = NOW.plus(HOUR);
    let e = advance(&pending(), Step::Approve(decision()), late).unwrap_err();
    assert_eq!(
        (e.reason(), e.get("state")),
        (Reason::WrongState, Some("expired"))
    );
    assert!(is_expired(&pending(), late) && !is_expired(&pending(), last));
    // It may still be rejected: that says that nobody should come back with it.
    assert!(advance(&pending(), Step::Reject(decision()), late).is_ok());
}

#[test]
fn history_is_what_ended_a_day_ago() {
    let over = advance(&pending(), Step::Reject(decision()), NOW).unwrap();
    assert!(!is_history(&over, Timestamp(NOW.plus(KEPT_FOR).micros() - 1)));
    assert!(is_history(&over, NOW.plus(KEPT_FOR)));
    assert!(
        !is_history(&pending(), NOW.plus(10 * KEPT_FOR)),
        "it has not ended"
    );
}

proptest! {
    /// Whatever happens in whatever order, only transitions of the table do; the rest is refused with its reason and
    /// changes nothing. As long as it lasts, and no longer, it is the only one of its VM.
    #[test]
    fn a_recommendation_keeps_to_the_table(steps in prop::collection::vec((step(), 0u64..4000), 0..10)) {
        let mut now = NOW;
        let mut it = pending();
        for (step, passed) in steps {
            now = now.plus(Duration::from_secs(passed));
            let to = step.leads_to();
            let late = to == RecommendationState::Approved && now >= it.expires_at;
            match advance(&it, step, now) {
                Ok(after) => {
                    prop_assert!(may_follow(it.state, to) && after.state == to && !late);
                    prop_assert_eq!(after.meta.updated_at, now);
                    prop_assert_eq!((&after.source, &after.target, after.planned_on), (&it.source, &it.target, it.planned_on));
                    it = after;
                }
                Err(e) if it.state == to => prop_assert_eq!(e.reason(), Reason::AlreadyInState),
                Err(e) => {
                    prop_assert_eq!(e.reason(), Reason::WrongState);
                    prop_assert!(!may_follow(it.state, to) || late);
                }
            }
            let vm = it.vm.to_string();
            let lasts = !it.state.is_terminal();
            prop_assert_eq!(it.index().unique, lasts.then(|| vm.clone()));
            prop_assert_eq!(it.meta.labels.get(Recommendation::LABEL_LASTING_VM), lasts.then_some(&vm));
            prop_assert_eq!(&it.meta.labels[Recommendation::LABEL_VM], &vm);
            prop_assert_eq!(it.rejected.is_some(), it.state == RecommendationState::Rejected);
        }
    }
}
