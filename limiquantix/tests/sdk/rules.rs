//! Placement rules: kept by whatever is placed, by however many at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use limiquantix::core::identity::{NodeId, ProjectId};
use limiquantix::core::resource::{
    Affinity, NodeSelector, PlacementRule, RuleSpec, RuleTarget, Strength, Vm, VmSelector,
};
use limiquantix::{CreateRule, CreateVm, UpdateRule, UpdateVm};
use limiquantix_testkit::fixtures;

use crate::bench::{Bench, call, code, dry, field, repeated, request};

fn new(name: &str, affinity: Affinity, towards: RuleTarget, strength: Strength) -> CreateRule {
    CreateRule {
        name: fixtures::name(name),
        project: ProjectId::default(),
        labels: Default::default(),
        spec: RuleSpec {
            description: String::new(),
            vms: VmSelector::Labels(fixtures::labels([("app", "db")])),
            affinity,
            towards,
            strength,
        },
    }
}

fn apart() -> CreateRule {
    new(
        "db-apart",
        Affinity::Anti,
        RuleTarget::EachOther,
        Strength::Required,
    )
}

fn db(name: &str) -> CreateVm {
    CreateVm {
        labels: fixtures::labels([("app", "db")]),
        ..request(name)
    }
}

fn node(vm: &Vm) -> NodeId {
    vm.placement.unwrap().node
}

async fn rule(bench: &Bench, rule: CreateRule) -> Arc<PlacementRule> {
    bench.cp.rules().create(&call(), rule).await.unwrap()
}

/// For an operator: both halves of a database on one node, and one failure takes all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn those_that_are_to_be_apart_are_so_however_many_come_at_once() {
    for _ in 0..3 {
        let bench = Bench::with_nodes(4, 64, 1 << 20).await;
        rule(&bench, apart()).await;
        let ids = Arc::new(limiquantix_testkit::SequentialIds::new(99));
        let clock = bench.clock.clone();
        let replica = crate::bench::control_plane(&bench.store, clock, ids, Default::default()).await;
        let calls: Vec<_> = (0..24)
            .map(|i| {
                let vms = [&bench.cp, &replica][i % 2].vms();
                tokio::spawn(async move { vms.create(&call(), db(&format!("db-{i}"))).await })
            })
            .collect();
        let mut nodes = BTreeSet::new();
        for call in calls {
            match call.await.unwrap() {
                Ok(vm) => assert!(nodes.insert(node(&vm)), "two on one node"),
                Err(e) => assert_eq!(e.reason().code(), "NO_NODE_FITS", "{e}"),
            }
        }
        assert_eq!(nodes.len(), 4, "one on each");
        let e = bench.cp.vms().create(&dry(), db("more")).await.unwrap_err();
        let said: Vec<&str> = e
            .context()
            .filter(|(k, _)| *k == "node")
            .map(|(_, v)| v)
            .collect();
        assert!(
            said.len() == 4 && said.iter().all(|s| s.contains(": rule db-apart: vm db-")),
            "{said:?}"
        );
        // Others are not concerned.
        bench.create("web").await;
    }
}

/// For an operator: VMs that were to be together, and two replicas that each began on a node of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn those_that_are_to_be_together_are_so_however_many_come_at_once() {
    for _ in 0..5 {
        let bench = Bench::with_nodes(4, 64, 1 << 20).await;
        let together = new("near", Affinity::To, RuleTarget::EachOther, Strength::Required);
        rule(&bench, together).await;
        let ids = Arc::new(limiquantix_testkit::SequentialIds::new(99));
        let clock = bench.clock.clone();
        let replica = crate::bench::control_plane(&bench.store, clock, ids, Default::default()).await;
        let calls: Vec<_> = (0..12)
            .map(|i| {
                let vms = [&bench.cp, &replica][i % 2].vms();
                tokio::spawn(async move { vms.create(&call(), db(&format!("db-{i}"))).await.unwrap() })
            })
            .collect();
        let mut nodes = BTreeSet::new();
        for call in calls {
            nodes.insert(node(&call.await.unwrap()));
        }
        assert_eq!(nodes.len(), 1);
    }
}

/// For an operator: a rule that is forgotten when the control plane restarts, or outlives its VMs.
#[tokio::test]
async fn rules_count_from_when_they_are_made_until_they_are_gone() {
    let bench = Bench::with_nodes(2, 64, 1 << 20).await;
    let first = bench.cp.vms().create(&call(), db("db-1")).await.unwrap();
    let made = rule(&bench, apart()).await;
    let second = bench.cp.vms().create(&call(), db("db-2")).await.unwrap();
    assert_ne!(
        node(&first),
        node(&second),
        "one that was there before counts too"
    );
    let bench = bench.restarted().await;
    let vms = bench.cp.vms();
    assert_eq!(code(vms.create(&call(), db("db-3")).await), "NO_NODE_FITS");
    // What is explained is what is done.
    let asked = db("db-3");
    let report = vms
        .explain_spec(&asked.project, &asked.labels, &asked.spec)
        .unwrap()
        .report;
    assert_eq!(report.chosen, None);
    let own = vms.explain(first.id).await.unwrap().report;
    assert_eq!(
        own.chosen.map(|p| p.node),
        Some(node(&first)),
        "it is not in its own way"
    );

    bench.finish(first.id).await;
    vms.delete(&call(), first.id, true).await.unwrap();
    assert_eq!(
        code(vms.create(&call(), db("db-3")).await),
        "NO_NODE_FITS",
        "it is still there"
    );
    bench.finish(first.id).await;
    let third = vms.create(&call(), db("db-3")).await.unwrap();
    assert_eq!(node(&third), node(&first));
    // Another label, and it is out of the way; nobody is moved.
    let update = UpdateVm {
        labels: Some(Default::default()),
        ..UpdateVm::default()
    };
    vms.update(&call(), second.id, update).await.unwrap();
    let fourth = vms.create(&call(), db("db-4")).await.unwrap();
    assert_eq!(node(&fourth), node(&second));
    bench.cp.rules().delete(&call(), made.id).await.unwrap();
    vms.create(&call(), db("db-5")).await.unwrap();
}

/// For an operator: licences for one node, and the software on all of them.
#[tokio::test]
async fn nodes_are_named_or_labelled_and_wishes_are_kept_where_that_is_possible() {
    let bench = Bench::with_nodes(3, 64, 2048).await;
    let mut ids = BTreeMap::new();
    for name in ["n1", "n2", "n3"] {
        ids.insert(name, bench.cp.nodes().get_by_name(name).await.unwrap().id);
    }
    let only = |name: &str| RuleTarget::Nodes(NodeSelector::Ids([ids[name]].into()));
    rule(&bench, new("off", Affinity::Anti, only("n1"), Strength::Required)).await;
    rule(
        &bench,
        new("like", Affinity::To, only("n3"), Strength::Preferred(10)),
    )
    .await;
    rule(
        &bench,
        new("love", Affinity::To, only("n2"), Strength::Preferred(20)),
    )
    .await;
    let mut nodes = Vec::new();
    for n in 0..4 {
        let vm = bench
            .cp
            .vms()
            .create(&call(), db(&format!("db-{n}")))
            .await
            .unwrap();
        nodes.push(node(&vm));
    }
    assert_eq!(nodes, [ids["n2"], ids["n2"], ids["n3"], ids["n3"]]);
    assert_eq!(
        code(bench.cp.vms().create(&call(), db("db-5")).await),
        "NO_NODE_FITS"
    );
}

/// For a user: a rule of somebody else's project, a typing error that is taken for a rule, a rule made twice.
#[tokio::test]
async fn rules_are_checked_and_belong_to_a_project() {
    let bench = Bench::with_nodes(1, 64, 1 << 20).await;
    let rules = bench.cp.rules();
    let first = rules.create(&repeated("r-1"), apart()).await.unwrap();
    assert_eq!(rules.create(&repeated("r-1"), apart()).await.unwrap(), first);
    assert_eq!(code(rules.create(&dry(), apart()).await), "NAME_TAKEN");
    let lab = bench.project("lab").await;
    let elsewhere = CreateRule {
        project: lab.clone(),
        ..apart()
    };
    rules.create(&call(), elsewhere).await.unwrap();
    let e = bench.cp.projects().delete(&call(), &lab).await.unwrap_err();
    assert_eq!((e.reason().code(), e.get("kind")), ("IN_USE", Some("rule")));
    let mut wrong = apart();
    wrong.name = fixtures::name("other");
    wrong.spec.strength = Strength::Preferred(101);
    assert_eq!(field(rules.create(&call(), wrong.clone()).await), "spec.weight");
    wrong.spec.strength = Strength::Required;
    wrong.spec.vms = VmSelector::Labels(Default::default());
    assert_eq!(
        field(rules.create(&call(), wrong.clone()).await),
        "spec.vm_labels"
    );
    wrong.spec.vms = VmSelector::Ids([fixtures::vm_id("nobody")].into());
    let e = rules.create(&call(), wrong.clone()).await.unwrap_err();
    assert_eq!(
        (e.reason().code(), e.get("field")),
        ("NOT_FOUND", Some("spec.vm_ids"))
    );
    let update = UpdateRule {
        spec: Some(wrong.spec),
        ..UpdateRule::default()
    };
    assert_eq!(code(rules.update(&call(), first.id, update).await), "NOT_FOUND");
    let update = UpdateRule {
        spec: Some(new("x", Affinity::To, RuleTarget::EachOther, Strength::Required).spec),
        ..UpdateRule::default()
    };
    let changed = rules.update(&call(), first.id, update).await.unwrap();
    assert_eq!(changed.spec.affinity, Affinity::To);
    rules.delete(&call(), first.id).await.unwrap();
    assert_eq!(code(rules.get(first.id).await), "NOT_FOUND");
}
