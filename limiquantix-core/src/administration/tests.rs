use std::sync::Arc;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::identity::{Name, NodeId};
use crate::lifecycle::fixture::{NOW, task, vm};
use crate::resource::{
    Accel, AdminState, HypervisorFacts, Meta, NodePhase, NodeSpec, NodeStatus, TaskKind, TaskState, Vm,
    VmPhase,
};
use crate::unit::{Cores, Mebibytes};

fn node() -> Node {
    Node {
        id: NodeId::from_uuid(Uuid::from_u128(7)),
        meta: Meta::created(NOW, Labels::new()),
        name: Name::parse("name", "n1").unwrap(),
        management_ip: String::new(),
        spec: NodeSpec {
            cores: Cores(8),
            memory: Mebibytes(8192),
            reserved_memory: Mebibytes(512),
            taints: Vec::new(),
            pools: Vec::new(),
        },
        admin: AdminState::default(),
        status: NodeStatus {
            phase: NodePhase::NotReady,
            conditions: Vec::new(),
            labels: Labels::new(),
            hypervisor: HypervisorFacts {
                driver: "mock".to_owned(),
                version: "1".to_owned(),
                accel: Accel::Mock,
            },
            boot_id: "boot-1".to_owned(),
            agent_version: "1".to_owned(),
            phase_since: NOW,
        },
    }
}

fn taint(key: &str, value: &str, effect: TaintEffect) -> Taint {
    Taint {
        key: key.to_owned(),
        value: value.to_owned(),
        effect,
    }
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

#[derive(Debug, Clone)]
enum Act {
    Cordon(String),
    Uncordon,
    Describe(Option<String>, Option<Labels>),
    Taint(Taint),
    Untaint(String, Option<TaintEffect>),
}

fn act(node: &Node, act: &Act) -> Result<Option<Change>> {
    match act {
        Act::Cordon(reason) => Ok(cordon(node, reason)),
        Act::Uncordon => Ok(uncordon(node)),
        Act::Describe(description, labels) => Ok(describe(node, description.as_deref(), labels.as_ref())),
        Act::Taint(taint) => add_taint(node, taint),
        Act::Untaint(key, effect) => remove_taint(node, key, *effect),
    }
}

fn any_labels() -> impl Strategy<Value = Labels> {
    prop::collection::btree_map("[ab]", "[xy]", 0..3)
}

fn any_effect() -> impl Strategy<Value = TaintEffect> {
    prop::sample::select(vec![TaintEffect::NoSchedule, TaintEffect::PreferNoSchedule])
}

fn any_taint() -> impl Strategy<Value = Taint> {
    ("[ab]", "[xy]", any_effect()).prop_map(|(k, v, effect)| taint(&k, &v, effect))
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        "[xy]".prop_map(Act::Cordon),
        Just(Act::Uncordon),
        (prop::option::of("[xy]"), prop::option::of(any_labels())).prop_map(|(d, l)| Act::Describe(d, l)),
        any_taint().prop_map(Act::Taint),
        ("[ab]", prop::option::of(any_effect())).prop_map(|(k, e)| Act::Untaint(k, e)),
    ]
}

proptest! {
    /// For an operator: an administrator's change undoes what the agent reports, is not idempotent, or reports a
    /// change where there is none.
    #[test]
    fn every_act_keeps_to_the_administrators_part_and_is_done_once(
        reported in any_labels(),
        tainted in prop::collection::vec(any_taint(), 0..3),
        acts in prop::collection::vec(any_act(), 1..12),
    ) {
        let mut now = node();
        now.status.labels = reported;
        now.spec.taints = tainted;
        now.settle_labels();
        for a in acts {
            match act(&now, &a) {
                Err(e) => prop_assert_eq!(e.reason(), Reason::ReportedByAgent),
                Ok(None) => {}
                Ok(Some(change)) => {
                    let after = change.node;
                    prop_assert_ne!(&after, &now);
                    let theirs = |n: &Node| (n.spec.clone(), n.status.clone(), n.name.clone(), n.id);
                    prop_assert_eq!(theirs(&after), theirs(&now));
                    prop_assert!(act(&after, &a).is_ok_and(|again| again.is_none()) || matches!(a, Act::Untaint(..)));
                    let mut marked = after.status.labels.clone();
                    marked.extend(after.admin.labels.clone());
                    prop_assert_eq!(&after.meta.labels, &marked);
                    let keys: std::collections::BTreeSet<_> =
                        after.admin.taints.iter().map(|t| (t.key.clone(), t.effect as u8)).collect();
                    prop_assert_eq!(keys.len(), after.admin.taints.len());
                    now = after;
                }
            }
        }
    }
}

#[test]
fn a_cordon_says_why_until_it_is_lifted() {
    let change = cordon(&node(), "new disks").unwrap();
    assert_eq!(
        (change.kind, change.what.as_str()),
        (EventKind::NodeCordoned, "cordoned")
    );
    assert_eq!(cordon(&change.node, "new disks"), None);
    let other = cordon(&change.node, "new fans").unwrap().node;
    assert_eq!(other.admin.reason, "new fans");
    let open = uncordon(&other).unwrap().node;
    assert!(!open.admin.cordoned && open.admin.reason.is_empty());
    assert_eq!(uncordon(&open), None);
    let mut maintained = other;
    maintained.admin.maintenance = true;
    assert_eq!(uncordon(&maintained).unwrap().node.admin.reason, "new fans");
}

#[test]
fn the_administrators_label_counts_and_leaves_the_agents_behind_it() {
    let mut reported = node();
    reported.status.labels = labels(&[("rack", "7"), ("zone", "a")]);
    reported.settle_labels();
    let mine = labels(&[("rack", "8")]);
    let change = describe(&reported, None, Some(&mine)).unwrap().node;
    assert_eq!(change.meta.labels, labels(&[("rack", "8"), ("zone", "a")]));
    let back = describe(&change, None, Some(&Labels::new())).unwrap().node;
    assert_eq!(back.meta.labels, reported.meta.labels);
    assert_eq!(describe(&back, None, Some(&Labels::new())), None);
}

#[test]
fn a_taint_is_known_by_key_and_effect() {
    let gpu = taint("gpu", "a", TaintEffect::NoSchedule);
    let change = add_taint(&node(), &gpu).unwrap().unwrap();
    assert_eq!(change.what, "tainted with gpu=a:no-schedule");
    let soft = taint("gpu", "", TaintEffect::PreferNoSchedule);
    let both = add_taint(&change.node, &soft).unwrap().unwrap().node;
    let other = taint("gpu", "b", TaintEffect::NoSchedule);
    let replaced = add_taint(&both, &other).unwrap().unwrap().node;
    assert_eq!(replaced.admin.taints, [soft.clone(), other.clone()]);
    let one = remove_taint(&replaced, "gpu", Some(TaintEffect::NoSchedule))
        .unwrap()
        .unwrap();
    assert_eq!(one.node.admin.taints, [soft]);
    let none = remove_taint(&replaced, "gpu", None).unwrap().unwrap();
    assert_eq!(
        (none.node.admin.taints.len(), none.what.as_str()),
        (0, "freed of the taint gpu:prefer-no-schedule, gpu=b:no-schedule")
    );
    assert_eq!(remove_taint(&none.node, "gpu", None).unwrap(), None);
}

#[test]
fn the_agents_taints_are_not_the_administrators_to_remove() {
    let gpu = taint("gpu", "a", TaintEffect::NoSchedule);
    let mut reported = node();
    reported.spec.taints = vec![gpu.clone()];
    let e = remove_taint(&reported, "gpu", None).unwrap_err();
    assert_eq!(e.reason(), Reason::ReportedByAgent);
    assert_eq!(
        remove_taint(&reported, "gpu", Some(TaintEffect::PreferNoSchedule)).unwrap(),
        None
    );
    // The administrator's own copy of it can be added and removed, and counts once.
    let both = add_taint(&reported, &gpu).unwrap().unwrap().node;
    assert_eq!(both.taints(), std::slice::from_ref(&gpu));
    let after = remove_taint(&both, "gpu", None).unwrap().unwrap().node;
    assert_eq!((after.admin.taints.len(), after.taints()), (0, vec![gpu]));
}

#[test]
fn a_node_has_no_more_taints_than_labels() {
    let mut full = node();
    for i in 0..MAX_LABELS {
        full.admin
            .taints
            .push(taint(&format!("k{i}"), "", TaintEffect::NoSchedule));
    }
    let e = add_taint(&full, &taint("more", "", TaintEffect::NoSchedule)).unwrap_err();
    assert_eq!(e.get("field"), Some("taint"));
    assert!(
        add_taint(&full, &taint("k1", "v", TaintEffect::NoSchedule))
            .unwrap()
            .is_some()
    );
}

fn vms(count: usize, deleting: usize) -> Vec<Arc<Vm>> {
    let make = |i| {
        let mut vm = vm(VmPhase::Running);
        vm.name = Name::parse("name", &format!("vm-{i}")).unwrap();
        vm.deleting = i < deleting;
        Arc::new(vm)
    };
    (0..count).map(make).collect()
}

fn removal(node: &Node, heard: bool, vms: &[Arc<Vm>], promised: usize, gone: bool) -> Result<()> {
    let here = Occupants {
        vms,
        promised: u32::try_from(promised).unwrap(),
        volumes: 0,
    };
    admit_removal(node, heard, here, gone)
}

#[test]
fn only_a_silent_and_empty_node_is_removed() {
    let silent = node();
    removal(&silent, false, &[], 0, false).unwrap();
    let mut ready = node();
    ready.status.phase = NodePhase::Ready;
    for (node, heard, gone) in [
        (&silent, true, false),
        (&silent, true, true),
        (&ready, false, true),
    ] {
        assert_eq!(
            removal(node, heard, &[], 0, gone).unwrap_err().reason(),
            Reason::NodeAlive
        );
    }
    let e = removal(&silent, false, &vms(12, 0), 12, false).unwrap_err();
    assert_eq!((e.reason(), e.get("vms")), (Reason::NodeNotEmpty, Some("12")));
    assert!(e.message().ends_with("vm-8, vm-9, …"), "{e}");
    // One that is promised room and not placed yet is one too.
    let e = removal(&silent, false, &[], 1, true).unwrap_err();
    assert_eq!((e.reason(), e.get("vms")), (Reason::NodeNotEmpty, Some("1")));
    let here = Occupants {
        vms: &[],
        promised: 0,
        volumes: 2,
    };
    let e = admit_removal(&silent, false, here, true).unwrap_err();
    assert_eq!((e.reason(), e.get("volumes")), (Reason::NodeNotEmpty, Some("2")));
}

#[test]
fn of_a_destroyed_node_only_what_is_being_deleted_goes_with_it() {
    let silent = node();
    let all = vms(3, 3);
    assert_eq!(
        removal(&silent, false, &all, 3, false).unwrap_err().reason(),
        Reason::NodeNotEmpty
    );
    removal(&silent, false, &all, 3, true).unwrap();
    let e = removal(&silent, false, &vms(3, 2), 3, true).unwrap_err();
    assert_eq!(e.get("vms"), Some("1"));
    assert!(e.message().contains("not being deleted: vm-2"), "{e}");
    assert_eq!(
        removal(&silent, false, &all, 4, true).unwrap_err().get("vms"),
        Some("1")
    );
}

#[test]
fn the_task_of_a_vm_ends_with_its_node() {
    let mut deletion = task(TaskKind::DeleteVm);
    let done = removed_with_node(&deletion, &node(), NOW).unwrap();
    assert_eq!(done.state, TaskState::Succeeded);
    assert!(done.log.last().unwrap().text.contains("n1"));
    assert_eq!(removed_with_node(&done, &node(), NOW), None);
    deletion.cancel_requested = true;
    let undone = removed_with_node(&deletion, &node(), NOW).unwrap();
    assert_eq!(undone.state, TaskState::Cancelled);
}
