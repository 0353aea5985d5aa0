#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::contract::Scheduler as _;
use crate::identity::{ProjectId, RuleId, VmId};
use crate::planning::{ClusterSnapshot, FilterScore, PlacementRequest, Policy, Refusal, Verdict};
use crate::resource::{
    Accel, AccelPreference, AdminState, Boot, CpuSpec, Labels, Meta, NodePhase, Placement, PlacementRule,
    PlacementSpec, PowerIntent, PowerState, Revision, RuleSpec, RuleTarget, Vm, VmSelector, VmSpec, VmStatus,
};
use crate::unit::{Cores, Mebibytes};

const NODES: u128 = 4;

fn name(text: &str) -> Name {
    Name::parse("name", text).unwrap()
}

fn node_id(number: u128) -> NodeId {
    NodeId::from_uuid(Uuid::from_u128(number))
}

fn labels(bits: u8) -> Labels {
    let all = [("app", "db"), ("app", "web"), ("tier", "a")];
    let chosen = all.iter().enumerate().filter(|(i, _)| bits & (1 << i) != 0);
    chosen
        .map(|(_, (k, v))| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

fn vm(number: u128, project: bool, bits: u8, node: Option<u128>) -> Vm {
    Vm {
        id: VmId::from_uuid(Uuid::from_u128(number)),
        meta: Meta {
            labels: labels(bits),
            ..Meta::default()
        },
        name: name(&format!("vm-{number}")),
        project: self::project(project),
        description: String::new(),
        spec: VmSpec {
            cpu: CpuSpec { cores: Cores(1) },
            memory: Mebibytes(512),
            disks: Vec::new(),
            nics: Vec::new(),
            boot: Boot::Disk,
            cloud_init: None,
            placement: PlacementSpec::default(),
            accel: AccelPreference::Auto,
        },
        power: PowerIntent {
            state: PowerState::Off,
            generation: 1,
        },
        placement: node.map(|n| Placement {
            node: node_id(n),
            epoch: 1,
        }),
        volumes: Vec::new(),
        attachments: Vec::new(),
        snapshots: Vec::new(),
        current_snapshot: None,
        operation: None,
        deleting: false,
        status: VmStatus::pending(),
    }
}

fn project(lab: bool) -> ProjectId {
    ProjectId::parse("p", if lab { "lab" } else { "" }).unwrap()
}

fn cluster() -> ClusterSnapshot {
    let nodes = (0..NODES).map(|n| NodeView {
        id: node_id(n),
        name: name(&format!("node-{n}")),
        phase: NodePhase::Ready,
        admin: AdminState::default(),
        policy: None,
        labels: labels(n as u8),
        taints: Vec::new(),
        accel: Accel::Kvm,
        pools: Vec::new(),
        cores: Cores(1000),
        memory: Mebibytes(1 << 20),
        reserved_memory: Mebibytes::ZERO,
        allocated_cores: Cores::ZERO,
        allocated_memory: Mebibytes::ZERO,
        vms: 0,
    });
    ClusterSnapshot::new(nodes.collect())
}

#[derive(Debug, Clone)]
enum Act {
    Vm(Box<Vm>),
    NoVm(u128),
    Rule(PlacementRule),
    NoRule(u128),
}

fn any_vm() -> impl proptest::strategy::Strategy<Value = Vm> {
    (0u128..8, 0u8..8, prop::option::of(0..NODES))
        .prop_map(|(number, bits, node)| vm(number, number % 4 == 0, bits, node))
}

fn any_rule() -> impl proptest::strategy::Strategy<Value = PlacementRule> {
    let vms = prop_oneof![
        (1u8..8).prop_map(|bits| VmSelector::Labels(labels(bits))),
        prop::collection::btree_set(0u128..8, 1..5).prop_map(|ids| {
            let ids = ids.into_iter().map(|n| VmId::from_uuid(Uuid::from_u128(n)));
            VmSelector::Ids(ids.collect::<BTreeSet<_>>())
        }),
    ];
    let towards = prop_oneof![
        3 => Just(RuleTarget::EachOther),
        1 => (1u8..8).prop_map(|bits| RuleTarget::Nodes(NodeSelector::Labels(labels(bits)))),
        1 => prop::collection::btree_set(0..NODES, 1..3).prop_map(|ids| {
            RuleTarget::Nodes(NodeSelector::Ids(ids.into_iter().map(node_id).collect()))
        }),
    ];
    let affinity = prop_oneof![Just(Affinity::To), Just(Affinity::Anti)];
    let strength =
        prop_oneof![2 => Just(Strength::Required), 1 => (1u32..=100).prop_map(Strength::Preferred)];
    (0u128..4, any::<bool>(), vms, towards, affinity, strength).prop_map(
        |(number, lab, vms, towards, affinity, strength)| PlacementRule {
            id: RuleId::from_uuid(Uuid::from_u128(number * 2 + u128::from(lab))),
            meta: Meta::default(),
            name: name(&format!("rule-{number}")),
            project: project(lab),
            spec: RuleSpec {
                description: String::new(),
                vms,
                affinity,
                towards,
                strength,
            },
        },
    )
}

fn any_act() -> impl proptest::strategy::Strategy<Value = Act> {
    prop_oneof![
        5 => any_vm().prop_map(|vm| Act::Vm(Box::new(vm))),
        1 => (0u128..8).prop_map(Act::NoVm),
        3 => any_rule().prop_map(Act::Rule),
        1 => (0u128..8).prop_map(Act::NoRule),
    ]
}

/// Whether `rule`, read as it is written in its documentation, lets `vm` onto node `number`: by looking at every VM.
fn allows(rule: &PlacementRule, vm: &Vm, number: u128, all: &BTreeMap<u128, Vm>) -> bool {
    let about = |vm: &Vm| {
        vm.project == rule.project
            && match &rule.spec.vms {
                VmSelector::Ids(ids) => ids.contains(&vm.id),
                VmSelector::Labels(wanted) => wanted.iter().all(|(k, v)| vm.meta.labels.get(k) == Some(v)),
            }
    };
    if !about(vm) {
        return true;
    }
    match &rule.spec.towards {
        RuleTarget::Nodes(nodes) => {
            let meant = match nodes {
                NodeSelector::Ids(ids) => ids.contains(&node_id(number)),
                NodeSelector::Labels(wanted) => {
                    let labels = labels(number as u8);
                    wanted.iter().all(|(k, v)| labels.get(k) == Some(v))
                }
            };
            meant == (rule.spec.affinity == Affinity::To)
        }
        RuleTarget::EachOther => {
            let others = all.values().filter(|other| other.id != vm.id && about(other));
            let places: Vec<NodeId> = others.filter_map(|o| o.placement.map(|p| p.node)).collect();
            let there = places.contains(&node_id(number));
            match rule.spec.affinity {
                Affinity::To => there || places.is_empty(),
                Affinity::Anti => !there,
            }
        }
    }
}

proptest! {
    /// Whatever came and went, and in whatever order: the same as looking at everything.
    #[test]
    fn required_and_preferred_rules_are_kept_as_by_looking_at_every_vm(
        acts in prop::collection::vec(any_act(), 0..40), asked in any_vm(), known in any::<bool>(),
    ) {
        let mut index = RuleIndex::default();
        let (mut vms, mut rules) = (BTreeMap::new(), BTreeMap::new());
        for (n, act) in acts.into_iter().enumerate() {
            let now = Revision(n as u64 + 1);
            match act {
                Act::Vm(mut vm) => {
                    vm.meta.revision = now;
                    index.upsert_vm(&vm);
                    vms.insert(vm.id.uuid().as_u128(), *vm);
                }
                Act::NoVm(number) => if let Some(vm) = vms.remove(&number) {
                    index.remove_vm(&vm, now);
                },
                Act::Rule(mut rule) => {
                    rule.meta.revision = now;
                    let rule = Arc::new(rule);
                    index.upsert_rule(&rule);
                    rules.insert(rule.id.uuid().as_u128(), rule);
                }
                Act::NoRule(number) => if let Some(rule) = rules.remove(&number) {
                    index.remove_rule(&rule, now);
                },
            }
        }
        // A VM that is there already, or one that is not.
        let asked = match vms.get(&asked.id.uuid().as_u128()) {
            Some(there) if known => there.clone(),
            _ => Vm { id: VmId::from_uuid(Uuid::from_u128(99)), ..asked },
        };
        let mut request = PlacementRequest::new(&asked.spec, None);
        request.rules = index.constraints(&asked.project, &asked.meta.labels, Some(asked.id));
        let snapshot = cluster();
        let report = FilterScore.explain(&snapshot, &request, &Policy::default());
        let keeps = |n: u128, required: bool| -> (u64, u64) {
            let weight = |rule: &&Arc<PlacementRule>| match rule.spec.strength {
                Strength::Required => required.then_some(1),
                Strength::Preferred(weight) => (!required).then_some(u64::from(weight)),
            };
            let about = |rule: &&Arc<PlacementRule>| {
                rule.project == asked.project && rule.spec.vms.matches(Some(asked.id), &asked.meta.labels)
            };
            let rules = || rules.values().filter(about);
            let all: u64 = rules().filter_map(|r| weight(&r)).sum();
            let kept: u64 = rules().filter(|r| allows(r, &asked, n, &vms)).filter_map(|r| weight(&r)).sum();
            (kept, all)
        };
        let mut best: Option<(u64, u128)> = None;
        for (n, verdict) in (0..NODES).zip(&report.verdicts) {
            let (kept, all) = keeps(n, true);
            let refused = matches!(&verdict.verdict, Verdict::Refused(Refusal::Rule { .. }));
            prop_assert_eq!(refused, kept != all, "node {}: {:?}", n, verdict);
            let (kept, all) = keeps(n, false);
            let share = (kept * 100).checked_div(all).unwrap_or(0);
            if !refused && best.is_none_or(|(most, _)| share > most) {
                best = Some((share, n));
            }
        }
        prop_assert_eq!(report.chosen.map(|p| p.node), best.map(|(_, n)| node_id(n)));
        prop_assert_eq!(FilterScore.place(&snapshot, &request, &Policy::default()), report.chosen);
    }
}

#[test]
fn a_refusal_names_the_rule_and_the_vm() {
    let mut index = RuleIndex::default();
    let rule = |affinity| {
        Arc::new(PlacementRule {
            id: RuleId::from_uuid(Uuid::from_u128(1)),
            meta: Meta {
                revision: Revision(match affinity {
                    Affinity::To => 9,
                    Affinity::Anti => 3,
                }),
                ..Meta::default()
            },
            name: name("db-apart"),
            project: project(false),
            spec: RuleSpec {
                description: String::new(),
                vms: VmSelector::Labels(labels(1)),
                affinity,
                towards: RuleTarget::EachOther,
                strength: Strength::Required,
            },
        })
    };
    let mut there = vm(7, false, 1, Some(0));
    there.meta.revision = Revision(2);
    index.upsert_vm(&there);
    let said = |index: &RuleIndex| -> Vec<String> {
        let mut request = PlacementRequest::new(&there.spec, None);
        request.rules = index.constraints(&project(false), &labels(1), None);
        let report = FilterScore.explain(&cluster(), &request, &Policy::default());
        let refusals = report.verdicts.iter().filter_map(|v| match &v.verdict {
            Verdict::Refused(refusal) => Some(refusal.to_string()),
            Verdict::Scored { .. } => None,
        });
        refusals.collect()
    };
    assert!(said(&index).is_empty());
    index.upsert_rule(&rule(Affinity::Anti));
    assert_eq!(said(&index), ["rule db-apart: vm vm-7 is there"]);
    index.upsert_rule(&rule(Affinity::To));
    assert_eq!(said(&index), ["rule db-apart: vm vm-7 is elsewhere"; 3]);
    // Older news change nothing.
    index.upsert_rule(&rule(Affinity::Anti));
    index.remove_rule(&rule(Affinity::To), Revision(9));
    assert_eq!(said(&index).len(), 3);
    index.remove_vm(&there, Revision(10));
    assert!(said(&index).is_empty());
}
