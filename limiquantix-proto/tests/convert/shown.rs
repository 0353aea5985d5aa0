//! What the API shows of what core has: nothing is lost or mixed up, and every value has a JSON form.

use limiquantix_core::planning::{
    NodeVerdict, Placed, PlacementReport, Refusal, ScoreTerm, Strategy as PlanStrategy, Verdict,
};
use limiquantix_core::resource::Revision;
use limiquantix_core::time::Timestamp;
use limiquantix_core::unit::{Bytes, MilliCpus};
use limiquantix_proto::compute::v1 as wire;
use limiquantix_proto::compute::v1::node_verdict::Outcome;
use limiquantix_proto::convert::node::{Beside, Usage};
use limiquantix_proto::convert::{alert, node, placement, task, vm};
use limiquantix_testkit::fixtures;
use limiquantix_testkit::strategies::{any_alert, any_allocation, any_node, any_task, any_vm};
use proptest::prelude::*;

/// The suffix of an enum value is the name that core stores, so that the two cannot drift apart.
fn suffix(shown: &serde_json::Value, prefix: &str) -> String {
    shown
        .as_str()
        .unwrap()
        .strip_prefix(prefix)
        .unwrap()
        .to_lowercase()
}

proptest! {
    #[test]
    fn a_vm(object in any_vm()) {
        let shown = vm::to_wire(&object, Some("node-1"));
        let json = serde_json::to_value(&shown).unwrap();
        prop_assert_eq!(&shown.id, &object.id.to_string());
        prop_assert_eq!(shown.name.as_str(), object.name.as_str());
        prop_assert_eq!(shown.project_id.as_str(), object.project.as_str());
        prop_assert_eq!(&shown.description, &object.description);
        prop_assert_eq!(&shown.labels, &object.meta.labels);
        prop_assert_eq!(suffix(&json["status"]["state"], "VM_STATE_"), object.status.phase.as_str());
        prop_assert_eq!(shown.current_task_id.is_empty(), object.operation.is_none());
        prop_assert_eq!(shown.status.node_id.is_empty(), object.placement.is_none());
        prop_assert_eq!(shown.status.node_name.is_empty(), object.placement.is_none());
        prop_assert_eq!(shown.status.run_epoch, object.placement.map_or(0, |p| p.epoch));
        prop_assert_eq!(shown.status.stop_cause == wire::StopCause::Unspecified, object.status.cause.is_none());
        prop_assert_eq!(shown.status.accel == wire::Accel::Unspecified, object.status.accel.is_none());
        prop_assert_eq!(shown.status.started_at.is_set(), object.status.started_at.is_some());
        prop_assert_eq!(&shown.status.ip_addresses, &object.status.addresses);
        prop_assert_eq!(shown.deleting, object.deleting);
    }

    #[test]
    fn a_node(object in any_node(), promised in any_allocation()) {
        let usage = Usage { cpu: MilliCpus(u32::MAX), memory: Bytes(u64::MAX), disk: Bytes(7) };
        let beside = Beside { allocation: Some(&promised), heartbeat: Some((Timestamp(1), Some(usage))) };
        let shown = node::to_wire(&object, beside);
        let json = serde_json::to_value(&shown).unwrap();
        prop_assert_eq!(&shown.id, &object.id.to_string());
        prop_assert_eq!(shown.hostname.as_str(), object.name.as_str());
        prop_assert_eq!(&shown.labels, &object.meta.labels);
        prop_assert_eq!(suffix(&json["status"]["phase"], "NODE_PHASE_"), object.status.phase.as_str());
        prop_assert_eq!(shown.admin.cordoned, object.admin.cordoned);
        prop_assert_eq!(shown.admin.maintenance, object.admin.maintenance);
        prop_assert_eq!(&shown.admin.reason, &object.admin.reason);
        prop_assert_eq!(&shown.admin.description, &object.admin.description);
        prop_assert_eq!(&shown.admin.labels, &object.admin.labels);
        for (shown, taint) in shown.admin.taints.iter().zip(&object.admin.taints) {
            prop_assert_eq!(&node::taint_from_wire("", shown).unwrap(), taint);
        }
        prop_assert_eq!(shown.admin.taints.len(), object.admin.taints.len());
        prop_assert_eq!(shown.spec.taints.len(), object.spec.taints.len());
        prop_assert_eq!(shown.status.conditions.len(), object.status.conditions.len());
        prop_assert_eq!(&shown.status.boot_id, &object.status.boot_id);
        // What is too large for a field is shown as the largest that it holds, never as a negative number.
        prop_assert!(shown.status.allocated.cpu_cores >= 0 && shown.status.allocated.vms >= 0);
        prop_assert_eq!(shown.status.usage.cpu_used_millicores, i32::MAX);
        prop_assert_eq!(shown.status.usage.memory_used_bytes, i64::MAX);
        let silent = Beside { heartbeat: Some((Timestamp(1), None)), ..Beside::default() };
        let silent = node::to_wire(&object, silent);
        prop_assert!(silent.status.usage.is_unset() && silent.status.last_heartbeat_at.is_set());
        let alone = node::to_wire(&object, Beside::default());
        prop_assert!(alone.status.allocated.is_unset() && alone.status.usage.is_unset());
        prop_assert!(alone.status.last_heartbeat_at.is_unset());
    }

    #[test]
    fn a_task(object in any_task()) {
        let shown = task::to_wire(&object);
        let json = serde_json::to_value(&shown).unwrap();
        prop_assert_eq!(&shown.id, &object.id.to_string());
        prop_assert_eq!(suffix(&json["state"], "TASK_STATE_"), object.state.as_str());
        prop_assert_eq!(suffix(&json["kind"], "TASK_KIND_"), object.kind.as_str());
        prop_assert_eq!(&shown.target.id, &object.target.id);
        prop_assert_eq!(&shown.target.kind, object.target.kind.as_str());
        prop_assert_eq!(shown.log.len(), object.log.len());
        prop_assert_eq!(shown.error.is_set(), object.error.is_some());
        prop_assert_eq!(shown.finished_at.is_set(), object.finished_at.is_some());
        prop_assert_eq!(shown.cancel_requested, object.cancel_requested);
    }
}

proptest! {
    #[test]
    fn an_alert(mut object in any_alert()) {
        let preview = alert::to_wire(&object);
        prop_assert_eq!((preview.id.as_str(), preview.etag.as_str()), ("", ""), "it is not stored");
        object.meta.revision = Revision(7);
        let shown = alert::to_wire(&object);
        let json = serde_json::to_value(&shown).unwrap();
        prop_assert_eq!(&shown.id, &object.id.to_string());
        prop_assert_eq!(shown.etag.as_str(), "7");
        prop_assert_eq!(suffix(&json["severity"], "ALERT_SEVERITY_"), object.severity.as_str());
        prop_assert_eq!(suffix(&json["state"], "ALERT_STATE_"), object.state.as_str());
        prop_assert_eq!(suffix(&json["sourceType"], "ALERT_SOURCE_TYPE_"), object.source.kind.as_str());
        prop_assert_eq!(&shown.source_id, &object.source.id);
        prop_assert_eq!(&shown.source_name, &object.source.name);
        prop_assert_eq!(shown.project_id.is_empty(), object.source.project.is_none());
        prop_assert_eq!(shown.node_id.is_empty(), object.source.node.is_none());
        prop_assert_eq!(shown.acknowledged.is_set(), object.acknowledged.is_some());
        prop_assert_eq!(shown.resolved.is_set(), object.resolved.is_some());
        prop_assert_eq!(&shown.dedup_key, &object.dedup_key);
        prop_assert!(shown.count >= 0);
    }
}

#[test]
fn a_preview_names_nothing_that_does_not_exist() {
    let mut object = fixtures::vm("web");
    object.meta.revision = Revision::ZERO;
    let report = wire::PlacementReport {
        node_name: "node-1".into(),
        ..Default::default()
    };
    let shown = vm::preview_to_wire(&object, None, Some(report));
    assert_eq!(
        (
            shown.id.as_str(),
            shown.etag.as_str(),
            shown.current_task_id.as_str()
        ),
        ("", "", "")
    );
    assert_eq!(shown.placement_report.node_name, "node-1");
    object.meta.revision = Revision(7);
    let shown = vm::preview_to_wire(&object, None, None);
    assert_eq!((shown.id, shown.etag.as_str()), (object.id.to_string(), "7"));
}

#[test]
fn every_refusal_has_its_filter_and_the_numbers_of_those_that_count() {
    let refusals = [
        Refusal::NotReady {
            phase: "unknown".into(),
        },
        Refusal::Unschedulable {
            state: "cordoned".into(),
            reason: "disk".into(),
        },
        Refusal::Selector {
            key: "zone".into(),
            wanted: "a".into(),
            found: None,
        },
        Refusal::Taint {
            key: "gpu".into(),
            value: String::new(),
        },
        Refusal::Pool {
            pool: fixtures::name("fast"),
        },
        Refusal::Cores {
            needed: 4,
            free: 2,
            total: 8,
            overcommit: 400,
        },
        Refusal::Memory {
            needed: 2048,
            free: 1536,
            total: 8192,
            reserved: 1024,
            overcommit: 150,
        },
    ];
    let verdicts = refusals.iter().enumerate().map(|(i, refusal)| NodeVerdict {
        node: fixtures::node_id(&format!("node-{i}")),
        name: fixtures::name(&format!("node-{i}")),
        verdict: Verdict::Refused(refusal.clone()),
    });
    let report = PlacementReport {
        strategy: PlanStrategy::Spread,
        chosen: None,
        verdicts: verdicts.collect(),
    };
    let shown = placement::to_wire(&report);
    assert_eq!((shown.node_id.as_str(), shown.node_name.as_str()), ("", ""));
    for (refusal, node) in refusals.iter().zip(&shown.nodes) {
        let Some(Outcome::Rejected(rejected)) = &node.outcome else {
            panic!("{node:?}")
        };
        // The tag under which core stores it.
        let stored = serde_json::to_value(refusal).unwrap();
        assert_eq!(rejected.filter, stored["filter"], "{refusal:?}");
        assert_eq!(rejected.text, refusal.to_string());
        assert_eq!(rejected.needed != 0, stored["needed"].is_number());
        assert_eq!(rejected.unit.is_empty(), !stored["needed"].is_number());
    }
    let Some(Outcome::Rejected(memory)) = &shown.nodes[6].outcome else {
        panic!("the last is about memory")
    };
    assert_eq!(
        (
            memory.needed,
            memory.free,
            memory.total,
            memory.reserved,
            memory.overcommit_percent
        ),
        (2048, 1536, 8192, 1024, 150)
    );
}

#[test]
fn a_choice_names_its_node_and_shows_its_score() {
    let report = PlacementReport {
        strategy: PlanStrategy::Pack,
        chosen: Some(Placed {
            node: fixtures::node_id("b"),
            score: 5,
        }),
        verdicts: vec![NodeVerdict {
            node: fixtures::node_id("b"),
            name: fixtures::name("b"),
            verdict: Verdict::Scored {
                terms: vec![ScoreTerm {
                    scorer: "share".into(),
                    value: 1000,
                    weight: i64::MAX,
                }],
                total: i64::MIN,
            },
        }],
    };
    let shown = placement::explanation_to_wire(&report);
    assert_eq!(shown.summary, "pack: placed on b, the only node");
    assert_eq!(shown.report.node_name, "b");
    let Some(Outcome::Scored(scored)) = &shown.report.nodes[0].outcome else {
        panic!("it was scored")
    };
    assert_eq!((scored.total, scored.terms[0].weight), (i32::MIN, i32::MAX));
}
