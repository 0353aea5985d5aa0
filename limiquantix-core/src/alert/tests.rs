use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::*;
use crate::resource::{AlertShard, AlertSourceKind, AlertTally};

const NOW: Timestamp = Timestamp(1_767_225_600_000_000);

fn trouble(severity: AlertSeverity, dedup_key: &str) -> Trouble {
    Trouble {
        severity,
        title: "disk is nearly full".to_owned(),
        message: "91 %".to_owned(),
        source: AlertSource {
            kind: AlertSourceKind::Storage,
            id: "pool-1".to_owned(),
            name: "fast".to_owned(),
            project: None,
            node: None,
        },
        dedup_key: dedup_key.to_owned(),
    }
}

fn fresh(key: &str) -> Alert {
    raise(
        AlertId::from_uuid(Uuid::from_u128(7)),
        trouble(AlertSeverity::Warning, key),
        NOW,
    )
}

/// What a person or the control plane does to an alert.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Again(AlertSeverity),
    Acknowledge,
    Resolve,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        select(&AlertSeverity::ALL[..]).prop_map(Deed::Again),
        Just(Deed::Acknowledge),
        Just(Deed::Resolve),
    ]
}

fn done(alert: &Alert, deed: Deed, now: Timestamp) -> Result<Alert> {
    match deed {
        Deed::Again(severity) => again(alert, trouble(severity, &alert.dedup_key), now),
        Deed::Acknowledge => acknowledge(alert, "alice", "on it", now),
        Deed::Resolve => resolve(alert, "bob", "", now),
    }
}

/// For an operator: an alert that is over comes back to life, or one that lasts is lost.
#[test]
fn the_table_is_open_acknowledged_resolved_and_nothing_else() {
    let allowed: Vec<_> = AlertState::ALL
        .iter()
        .flat_map(|from| AlertState::ALL.iter().map(move |to| (*from, *to)))
        .filter(|(from, to)| may_follow(*from, *to))
        .collect();
    use AlertState::{Acknowledged, Open, Resolved};
    assert_eq!(
        allowed,
        [(Open, Acknowledged), (Open, Resolved), (Acknowledged, Resolved)]
    );
}

#[test]
fn a_refusal_says_who_was_faster() {
    let taken = acknowledge(&fresh("k"), "alice", "", NOW).unwrap();
    let e = acknowledge(&taken, "bob", "", NOW).unwrap_err();
    assert_eq!(e.reason(), Reason::AlreadyInState);
    assert!(e.message().contains("acknowledged by alice"), "{e}");
    let over = resolve(&taken, "carol", "replaced", NOW).unwrap();
    let e = resolve(&over, "bob", "", NOW).unwrap_err();
    assert!(e.message().contains("resolved by carol"), "{e}");
    let e = acknowledge(&over, "bob", "", NOW).unwrap_err();
    assert_eq!(
        (e.reason(), e.get("state")),
        (Reason::WrongState, Some("resolved"))
    );
    assert_eq!(
        over.acknowledged.unwrap().by,
        "alice",
        "who took care is not forgotten"
    );
}

#[test]
fn troubles_with_other_keys_or_none_are_not_counted_together() {
    for (key, other) in [("a", "b"), ("", "")] {
        let e = again(&fresh(key), trouble(AlertSeverity::Info, other), NOW).unwrap_err();
        assert_eq!(e.reason(), Reason::Internal);
    }
}

proptest! {
    /// Whatever is done in whatever order: only transitions of the table happen, refusals have their reasons, the
    /// index entry has the key as long as the alert lasts and no longer, and the labels say what is.
    #[test]
    fn an_alert_keeps_to_the_table(key in "[a-z]{0,3}", deeds in prop::collection::vec(deed(), 0..12)) {
        let mut alert = fresh(&key);
        for (n, deed) in (1..).zip(deeds) {
            let now = Timestamp(NOW.micros() + n);
            match done(&alert, deed, now) {
                Ok(after) => {
                    prop_assert!(after.state == alert.state || may_follow(alert.state, after.state));
                    prop_assert!(after.severity >= alert.severity);
                    prop_assert!(after.last_seen >= alert.last_seen);
                    prop_assert_eq!(after.meta.updated_at, now);
                    prop_assert_eq!(after.count, alert.count + u32::from(matches!(deed, Deed::Again(_))));
                    prop_assert_eq!(AlertShard::of(&after), AlertShard::of(&alert));
                    alert = after;
                }
                Err(e) => match deed {
                    Deed::Again(_) if key.is_empty() && alert.state != AlertState::Resolved => {
                        prop_assert_eq!(e.reason(), Reason::Internal);
                    }
                    Deed::Again(_) => {
                        prop_assert_eq!((e.reason(), alert.state), (Reason::WrongState, AlertState::Resolved));
                    }
                    Deed::Acknowledge if alert.state == AlertState::Resolved => {
                        prop_assert_eq!(e.reason(), Reason::WrongState);
                    }
                    Deed::Acknowledge => {
                        prop_assert_eq!((e.reason(), alert.state), (Reason::AlreadyInState, AlertState::Acknowledged));
                    }
                    Deed::Resolve => {
                        prop_assert_eq!((e.reason(), alert.state), (Reason::AlreadyInState, AlertState::Resolved));
                    }
                },
            }
            let lasts = alert.state != AlertState::Resolved && !key.is_empty();
            let entry = crate::resource::Resource::index(&alert);
            prop_assert_eq!(entry.unique.as_deref(), lasts.then_some(key.as_str()));
            let mut relabelled = alert.clone();
            relabelled.relabel();
            prop_assert_eq!(&relabelled.meta.labels, &alert.meta.labels);
            prop_assert_eq!(alert.meta.labels.contains_key(Alert::LABEL_DEDUP_KEY), lasts);
            prop_assert_eq!(alert.meta.labels[Alert::LABEL_SEVERITY].as_str(), alert.severity.as_str());
            prop_assert!(alert.state != AlertState::Acknowledged || alert.acknowledged.is_some());
            prop_assert_eq!(alert.resolved.is_some(), alert.state == AlertState::Resolved);
        }
    }

    /// The counters, told of every change, are what a recount finds, over any number of shards.
    #[test]
    fn counters_agree_with_a_recount(deeds in prop::collection::vec((0u8..6, deed()), 0..60)) {
        let mut alerts: BTreeMap<u8, Alert> = BTreeMap::new();
        let mut shards: BTreeMap<AlertShard, AlertTally> = BTreeMap::new();
        for (slot, deed) in deeds {
            let before = alerts.get(&slot).cloned();
            let after = match &before {
                None => {
                    let id = AlertId::from_uuid(Uuid::from_u128(u128::from(slot)));
                    raise(id, trouble(AlertSeverity::Info, &format!("key-{slot}")), NOW)
                }
                Some(alert) => match done(alert, deed, NOW) {
                    Ok(after) => after,
                    Err(_) => continue,
                },
            };
            shards.entry(AlertShard::of(&after)).or_default().note(before.as_ref(), &after);
            alerts.insert(slot, after);
        }
        let mut sum = AlertTally::default();
        shards.values().for_each(|tally| sum.add(tally));
        let mut recount = AlertTally::default();
        alerts.values().for_each(|alert| recount.note(None, alert));
        prop_assert_eq!(sum, recount);
        let all: u32 = AlertState::ALL
            .iter()
            .flat_map(|state| AlertSeverity::ALL.iter().map(|severity| sum.get(*state, *severity)))
            .sum();
        prop_assert_eq!(all as usize, alerts.len());
    }
}
