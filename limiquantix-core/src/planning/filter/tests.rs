#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail loudly")]

use super::*;
use crate::identity::{Name, NodeId};
use crate::planning::{NodeView, PlacementRequest, Policy, Reservation, Strategy};
use crate::resource::{
    Accel, AccelPreference, AdminState, NodePhase, PlacementSpec, Taint, TaintEffect, Toleration,
};
use crate::unit::{Cores, Mebibytes, Percent};

fn name(text: &str) -> Name {
    Name::parse("name", text).unwrap()
}

/// 8 cores of which 6 are promised, 8192 MiB of which the host keeps 1024 and 6144 are promised.
fn node() -> NodeView {
    NodeView {
        id: NodeId::from_uuid(uuid::Uuid::from_u128(1)),
        name: name("node-1"),
        phase: NodePhase::Ready,
        admin: AdminState::default(),
        policy: None,
        labels: [("zone".to_owned(), "a".to_owned())].into(),
        taints: Vec::new(),
        accel: Accel::Tcg,
        pools: vec![name("default"), name("fast")],
        cores: Cores(8),
        memory: Mebibytes(7168),
        reserved_memory: Mebibytes(1024),
        allocated_cores: Cores(6),
        allocated_memory: Mebibytes(6144),
        vms: 3,
    }
}

fn request() -> PlacementRequest {
    PlacementRequest {
        cores: Cores(1),
        memory: Mebibytes(512),
        pools: vec![name("default")],
        accel: AccelPreference::Auto,
        placement: PlacementSpec::default(),
        rules: Vec::new(),
        current: None,
    }
}

fn policy(cpu: u32, memory: u32) -> Policy {
    Policy {
        strategy: Strategy::Spread,
        overcommit_cpu: Percent(cpu),
        overcommit_memory: Percent(memory),
    }
}

struct Heard(Option<String>);

impl Recorder for Heard {
    const WANTS_EVERY_NODE: bool = true;

    fn refuse(&mut self, _: &NodeView, why: impl FnOnce() -> Refusal) {
        assert!(self.0.is_none(), "one refusal per node");
        self.0 = Some(why().to_string());
    }
    fn term(&mut self, _: super::super::score::Term) {}
    fn accept(&mut self, _: &NodeView, _: i64) {}
}

/// What the whole chain says; nothing if the node passes.
fn refused(node: &NodeView, request: &PlacementRequest, policy: &Policy) -> Option<String> {
    let mut heard = Heard(None);
    let admitted = admits(&Candidate::new(node, request, policy), &mut heard);
    assert_eq!(admitted, heard.0.is_none());
    heard.0
}

fn assert_refused(node: &NodeView, request: &PlacementRequest, policy: &Policy, words: &str) {
    assert_eq!(refused(node, request, policy).as_deref(), Some(words));
}

fn taint(value: &str, effect: TaintEffect) -> Taint {
    Taint {
        key: "gpu".into(),
        value: value.into(),
        effect,
    }
}

fn toleration(key: &str, value: Option<&str>) -> Toleration {
    Toleration {
        key: key.into(),
        value: value.map(Into::into),
    }
}

#[test]
fn a_node_with_room_passes() {
    assert_eq!(refused(&node(), &request(), &policy(100, 100)), None);
}

#[test]
fn only_nodes_that_answer_get_vms() {
    for (phase, words) in [
        (NodePhase::NotReady, "not ready: its heartbeats stopped"),
        (NodePhase::Unknown, "not heard of yet"),
    ] {
        let node = NodeView { phase, ..node() };
        assert_refused(&node, &request(), &policy(100, 100), words);
    }
}

#[test]
fn the_administrators_word_counts_and_maintenance_is_named_before_cordon() {
    for (cordoned, maintenance, reason, words) in [
        (true, false, "", "cordoned"),
        (true, false, "bad fan", "cordoned (bad fan)"),
        (false, true, "by admin", "in maintenance (by admin)"),
        (true, true, "by admin", "in maintenance (by admin)"),
    ] {
        let admin = AdminState {
            cordoned,
            maintenance,
            reason: reason.into(),
            ..AdminState::default()
        };
        let node = NodeView { admin, ..node() };
        assert_refused(&node, &request(), &policy(100, 100), words);
    }
}

#[test]
fn every_label_asked_for_must_be_there() {
    let mut request = request();
    request.placement.node_selector.insert("zone".into(), "a".into());
    assert_eq!(refused(&node(), &request, &policy(100, 100)), None);
    request.placement.node_selector.insert("zone".into(), "b".into());
    let words = "selector: needs label zone=b, has zone=a";
    assert_refused(&node(), &request, &policy(100, 100), words);
    request.placement.node_selector = [("disk".to_owned(), "nvme".to_owned())].into();
    let words = "selector: needs label disk=nvme, has no disk";
    assert_refused(&node(), &request, &policy(100, 100), words);
}

#[test]
fn a_taint_keeps_away_whoever_does_not_tolerate_it() {
    let hard = NodeView {
        taints: vec![taint("a100", TaintEffect::NoSchedule)],
        ..node()
    };
    let words = "taint: gpu=a100 is not tolerated";
    assert_refused(&hard, &request(), &policy(100, 100), words);
    for (toleration, passes) in [
        (toleration("gpu", None), true),
        (toleration("gpu", Some("a100")), true),
        (toleration("gpu", Some("h100")), false),
        (toleration("gpu", Some("")), false),
        (toleration("GPU", None), false),
    ] {
        let mut request = request();
        request.placement.tolerations = vec![toleration.clone()];
        let got = refused(&hard, &request, &policy(100, 100));
        assert_eq!(got.is_none(), passes, "{toleration:?}: {got:?}");
    }
    let bare = NodeView {
        taints: vec![taint("", TaintEffect::NoSchedule)],
        ..node()
    };
    let words = "taint: gpu is not tolerated";
    assert_refused(&bare, &request(), &policy(100, 100), words);
}

#[test]
fn the_first_taint_that_is_not_tolerated_is_named() {
    let mut request = request();
    request.placement.tolerations = vec![toleration("gpu", Some("a100"))];
    let node = NodeView {
        taints: vec![
            taint("soft", TaintEffect::PreferNoSchedule),
            taint("a100", TaintEffect::NoSchedule),
            taint("h100", TaintEffect::NoSchedule),
        ],
        ..node()
    };
    let words = "taint: gpu=h100 is not tolerated";
    assert_refused(&node, &request, &policy(100, 100), words);
}

#[test]
fn a_taint_that_only_discourages_refuses_nobody() {
    let node = NodeView {
        taints: vec![taint("", TaintEffect::PreferNoSchedule)],
        ..node()
    };
    assert_eq!(refused(&node, &request(), &policy(100, 100)), None);
}

#[test]
fn every_pool_must_be_there_in_whatever_order_it_is_listed() {
    let node = NodeView {
        pools: vec![name("fast"), name("default")],
        ..node()
    };
    let mut request = request();
    assert_eq!(refused(&node, &request, &policy(100, 100)), None);
    request.pools.push(name("slow"));
    assert_refused(&node, &request, &policy(100, 100), "pool: has no slow");
}

#[test]
fn only_a_demand_for_hardware_virtualization_needs_it_to_work_there() {
    let refusal = "accel: needs kvm, which does not work there";
    for (wanted, found, text) in [
        (AccelPreference::Kvm, Accel::Tcg, Some(refusal)),
        (AccelPreference::Kvm, Accel::Kvm, None),
        (AccelPreference::Tcg, Accel::Kvm, None),
        (AccelPreference::Auto, Accel::Tcg, None),
        (AccelPreference::Kvm, Accel::Mock, None),
    ] {
        let node = NodeView {
            accel: found,
            ..node()
        };
        let request = PlacementRequest {
            accel: wanted,
            ..request()
        };
        assert_eq!(
            refused(&node, &request, &policy(100, 100)).as_deref(),
            text,
            "{wanted:?} on {found:?}"
        );
    }
}

#[test]
fn cores_fit_up_to_the_last_one() {
    let mut request = request();
    request.cores = Cores(2);
    assert_eq!(refused(&node(), &request, &policy(100, 100)), None);
    request.cores = Cores(3);
    let words = "cpu: needs 3 cores, 2 free of 8";
    assert_refused(&node(), &request, &policy(100, 100), words);
    request.cores = Cores(7);
    let words = "cpu: needs 7 cores, 6 free of 8 after overcommit 1.5";
    assert_refused(&node(), &request, &policy(150, 100), words);
    request.cores = Cores(1);
    let words = "cpu: needs 1 core, 0 free of 8 after overcommit 0.75";
    assert_refused(&node(), &request, &policy(75, 100), words);
}

#[test]
fn memory_fits_up_to_the_last_mebibyte() {
    let mut request = request();
    request.memory = Mebibytes(1024);
    assert_eq!(refused(&node(), &request, &policy(100, 100)), None);
    request.memory = Mebibytes(1025);
    let words = "memory: needs 1025 MiB, 1024 MiB free of 8192 after reserve 1024";
    assert_refused(&node(), &request, &policy(100, 100), words);
    // 7168 × 1.5 = 10752, less 6144.
    request.memory = Mebibytes(4609);
    let words = "memory: needs 4609 MiB, 4608 MiB free of 8192 after overcommit 1.5 and reserve 1024";
    assert_refused(&node(), &request, &policy(100, 150), words);
    let node = NodeView {
        reserved_memory: Mebibytes::ZERO,
        ..node()
    };
    let words = "memory: needs 4609 MiB, 1024 MiB free of 7168";
    assert_refused(&node, &request, &policy(100, 100), words);
}

#[test]
fn a_vm_does_not_stand_in_its_own_way() {
    let node = node();
    let held = |cores, memory| {
        Some(Reservation {
            node: node.id,
            cores: Cores(cores),
            memory: Mebibytes(memory),
        })
    };
    let mut request = request();
    (request.cores, request.memory) = (Cores(5), Mebibytes(4096));
    assert!(refused(&node, &request, &policy(100, 100)).is_some());
    request.current = held(5, 4096);
    assert_eq!(refused(&node, &request, &policy(100, 100)), None);
    // Grown from 2 to 5 cores: only the 2 are its own.
    request.current = held(2, 4096);
    let words = "cpu: needs 5 cores, 4 free of 8";
    assert_refused(&node, &request, &policy(100, 100), words);
    // Held elsewhere.
    request.current = held(5, 4096).map(|held| Reservation {
        node: NodeId::from_uuid(uuid::Uuid::from_u128(2)),
        ..held
    });
    assert!(refused(&node, &request, &policy(100, 100)).is_some());
}

#[test]
fn a_node_that_promised_too_much_takes_nothing_and_underflows_nowhere() {
    let node = NodeView {
        allocated_cores: Cores(u32::MAX),
        allocated_memory: Mebibytes(u32::MAX),
        vms: u32::MAX,
        ..node()
    };
    let words = "cpu: needs 1 core, 0 free of 8";
    assert_refused(&node, &request(), &policy(100, 100), words);
    assert!(refused(&node, &request(), &policy(0, 0)).is_some());
}

#[test]
fn absurd_numbers_are_only_numbers() {
    let node = NodeView {
        cores: Cores(u32::MAX),
        memory: Mebibytes(u32::MAX),
        reserved_memory: Mebibytes(u32::MAX),
        ..node()
    };
    let mut request = request();
    (request.cores, request.memory) = (Cores(u32::MAX), Mebibytes(u32::MAX));
    // Overcommit makes no more of it than the type can count.
    let words = "cpu: needs 4294967295 cores, 4294967289 free of 4294967295 after overcommit 42949672.95";
    assert_refused(&node, &request, &policy(u32::MAX, u32::MAX), words);
}

#[test]
fn what_people_typed_cannot_break_a_line_or_drive_a_terminal() {
    let node = NodeView {
        admin: AdminState {
            cordoned: true,
            maintenance: false,
            reason: format!("é\n\u{1b}[31m\u{202e}{}", "x".repeat(1_000_000)),
            ..AdminState::default()
        },
        ..node()
    };
    let words = refused(&node, &request(), &policy(100, 100)).unwrap();
    let start = r"cordoned (é\n\u{1b}[31m\u{202e}xxx";
    assert!(words.starts_with(start), "{}", &words[..60]);
    assert!(words.ends_with("x…)") && words.chars().count() < 120);
}

#[test]
fn what_is_wrong_with_the_node_is_said_before_what_it_lacks() {
    let mut node = node();
    let mut request = request();
    (request.cores, request.memory) = (Cores(99), Mebibytes(99_999));
    request.pools = vec![name("slow")];
    request.placement.node_selector = [("disk".to_owned(), "nvme".to_owned())].into();
    node.phase = NodePhase::NotReady;
    node.admin.cordoned = true;
    node.taints = vec![taint("", TaintEffect::NoSchedule)];
    let mut topics = Vec::new();
    let repairs: [fn(&mut NodeView, &mut PlacementRequest); 7] = [
        |n, _| n.phase = NodePhase::Ready,
        |n, _| n.admin.cordoned = false,
        |_, r| r.placement.node_selector.clear(),
        |n, _| n.taints.clear(),
        |_, r| r.pools.clear(),
        |_, r| r.cores = Cores(1),
        |_, r| r.memory = Mebibytes(1),
    ];
    for repair in repairs {
        let words = refused(&node, &request, &policy(100, 100)).expect("something is wrong still");
        topics.push(words.split([':', ' ']).next().unwrap().to_owned());
        repair(&mut node, &mut request);
    }
    assert_eq!(
        topics,
        ["not", "cordoned", "selector", "taint", "pool", "cpu", "memory"]
    );
    assert_eq!(refused(&node, &request, &policy(100, 100)), None);
}
