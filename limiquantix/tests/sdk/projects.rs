//! Projects: what they may have, and that nobody gets more.

use std::sync::Arc;

use limiquantix::core::contract::{Changeset, Repository, Store as _};
use limiquantix::core::identity::{ProjectId, VmId};
use limiquantix::core::resource::{Amounts, EventKind, Object, Project, ProjectUsage, Resource as _};
use limiquantix::{CreateVm, QuotaChanges, UpdateProject, UpdateVm};
use limiquantix_testkit::fixtures;
use proptest::prelude::*;

use crate::bench::{Bench, call, code, dry, repeated, request, spec};

async fn limit(bench: &Bench, project: &ProjectId, quota: QuotaChanges) {
    let update = UpdateProject {
        quota,
        ..UpdateProject::default()
    };
    bench
        .cp
        .projects()
        .update(&call(), project, update)
        .await
        .unwrap();
}

async fn used(bench: &Bench, project: &ProjectId) -> Amounts {
    bench.cp.projects().usage(project).await.unwrap().1.used
}

fn within(project: &ProjectId, name: &str) -> CreateVm {
    CreateVm {
        project: project.clone(),
        ..request(name)
    }
}

/// At every commit: what is noted for each project is what its VMs and volumes are.
async fn assert_usage_is_exact(bench: &Bench) {
    let mut vms = std::collections::BTreeMap::new();
    let mut volumes = std::collections::BTreeMap::new();
    for commit in bench.log().await {
        let mut noted: Vec<Arc<ProjectUsage>> = Vec::new();
        for change in &commit.changes {
            match (&change.before, &change.after) {
                (_, Some(Object::Vm(vm))) => drop(vms.insert(vm.id, Arc::clone(vm))),
                (Some(Object::Vm(vm)), None) => drop(vms.remove(&vm.id)),
                (_, Some(Object::Volume(v))) => drop(volumes.insert(v.id, Arc::clone(v))),
                (Some(Object::Volume(v)), None) => drop(volumes.remove(&v.id)),
                (_, Some(Object::ProjectUsage(usage))) => noted.push(Arc::clone(usage)),
                _ => {}
            }
        }
        for usage in noted {
            let vms = vms.values().filter(|vm| vm.project == usage.id);
            let volumes = volumes.values().filter(|v| v.project == usage.id);
            let sum = vms
                .map(|vm| Amounts::of_vm(&vm.spec))
                .chain(volumes.map(|v| Amounts::of_volume(v)))
                .fold(Amounts::ZERO, Amounts::plus);
            assert_eq!(usage.used, sum, "of {} at commit {}", usage.id, commit.revision);
        }
    }
}

/// For an administrator: a team takes the whole cluster, its quota notwithstanding.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_parallel_creations_never_exceed_the_quota() {
    for _ in 0..3 {
        let bench = Bench::with_nodes(3, 64, 1 << 20).await;
        let lab = bench.project("lab").await;
        let quota = QuotaChanges {
            vcpus: Some(Some(7)),
            ..QuotaChanges::default()
        };
        limit(&bench, &lab, quota).await;
        let calls: Vec<_> = (0..100)
            .map(|i| {
                let (vms, request) = (bench.cp.vms(), within(&lab, &format!("vm-{i}")));
                tokio::spawn(async move { vms.create(&call(), request).await })
            })
            .collect();
        let mut accepted = 0;
        for call in calls {
            match call.await.unwrap() {
                Ok(_) => accepted += 1,
                Err(e) => {
                    assert_eq!(e.reason().code(), "QUOTA_EXCEEDED", "{e}");
                    let said = ["project", "resource", "limit", "used", "requested"].map(|key| e.get(key));
                    assert_eq!(
                        said,
                        [Some("lab"), Some("vcpus"), Some("7"), Some("7"), Some("1")]
                    );
                }
            }
        }
        assert_eq!(accepted, 7);
        assert_eq!(used(&bench, &lab).await.vcpus, 7);
        assert_usage_is_exact(&bench).await;
    }
}

/// For an administrator: two control planes on one store each give the quota away.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_replicas_do_not_exceed_it_either() {
    let bench = Bench::with_nodes(3, 64, 1 << 20).await;
    let lab = bench.project("lab").await;
    let quota = QuotaChanges {
        vms: Some(Some(5)),
        ..QuotaChanges::default()
    };
    limit(&bench, &lab, quota).await;
    let ids = Arc::new(limiquantix_testkit::SequentialIds::new(99));
    let replica =
        crate::bench::control_plane(&bench.store, bench.clock.clone(), ids, Default::default()).await;
    let calls: Vec<_> = (0..40)
        .map(|i| {
            let vms = [&bench.cp, &replica][i % 2].vms();
            let request = within(&lab, &format!("vm-{i}"));
            tokio::spawn(async move { vms.create(&call(), request).await })
        })
        .collect();
    let mut accepted = 0;
    for call in calls {
        accepted += usize::from(call.await.unwrap().is_ok());
    }
    assert_eq!(accepted, 5);
    assert_usage_is_exact(&bench).await;
}

/// For a user: told that it would work, and then it does not.
#[tokio::test]
async fn a_dry_run_fails_as_the_real_one_would() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let lab = bench.project("lab").await;
    let quota = QuotaChanges {
        storage_gib: Some(Some(15)),
        ..QuotaChanges::default()
    };
    limit(&bench, &lab, quota).await;
    let vms = bench.cp.vms();
    vms.create(&dry(), within(&lab, "a")).await.unwrap();
    vms.create(&call(), within(&lab, "a")).await.unwrap();
    let before = bench.revision().await;
    assert_eq!(
        code(vms.create(&dry(), within(&lab, "b")).await),
        "QUOTA_EXCEEDED"
    );
    assert_eq!(bench.revision().await, before);
    // Others are not concerned.
    vms.create(&call(), request("b")).await.unwrap();
}

/// For a user: a VM in a project that nobody made, which nobody can see, limit or bill.
#[tokio::test]
async fn a_vm_needs_a_project_that_is_there() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let nowhere = fixtures::project_id("nowhere");
    for call in [call(), dry()] {
        let e = bench
            .cp
            .vms()
            .create(&call, within(&nowhere, "a"))
            .await
            .unwrap_err();
        assert_eq!(
            (e.reason().code(), e.get("field")),
            ("NOT_FOUND", Some("project_id"))
        );
    }
}

/// For an administrator: a project is gone, and its VMs run on.
#[tokio::test]
async fn a_project_that_owns_something_stays() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let (lab, projects) = (bench.project("lab").await, bench.cp.projects());
    let vm = bench.cp.vms().create(&call(), within(&lab, "web")).await.unwrap();
    bench.finish(vm.id).await;
    let e = projects.delete(&call(), &lab).await.unwrap_err();
    assert_eq!(
        (e.reason().code(), e.get("kind"), e.get("name")),
        ("IN_USE", Some("vm"), Some("web"))
    );
    bench.cp.vms().delete(&call(), vm.id, true).await.unwrap();
    bench.finish(vm.id).await;
    assert_eq!(used(&bench, &lab).await, Amounts::ZERO);

    projects.delete(&dry(), &lab).await.unwrap();
    projects.delete(&call(), &lab).await.unwrap();
    assert_eq!(code(projects.get(&lab).await), "NOT_FOUND");
    assert_eq!(code(projects.usage(&lab).await), "NOT_FOUND");
    let usage = Repository::<ProjectUsage>::new(bench.cp.store().clone());
    assert!(usage.find(&lab).await.unwrap().is_none(), "nothing is left of it");
    let e = projects.delete(&call(), &ProjectId::default()).await.unwrap_err();
    assert_eq!(e.reason().code(), "PROTECTED");
}

/// For an administrator: a VM comes into being in a project that is gone at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_creating_in_a_project_and_deleting_it_one_fails() {
    for round in 0..50 {
        let bench = Bench::with_nodes(1, 64, 1 << 20).await;
        let lab = bench.project("lab").await;
        let (vms, request) = (bench.cp.vms(), within(&lab, "web"));
        let create = tokio::spawn(async move { vms.create(&call(), request).await });
        let (projects, id) = (bench.cp.projects(), lab.clone());
        let delete = tokio::spawn(async move { projects.delete(&call(), &id).await });
        let (created, deleted) = (create.await.unwrap(), delete.await.unwrap());
        assert_ne!(created.is_ok(), deleted.is_ok(), "round {round}");
        if let Err(e) = created {
            assert_eq!(e.reason().code(), "NOT_FOUND", "{e}");
        }
        if let Err(e) = deleted {
            assert_eq!(e.reason().code(), "IN_USE", "{e}");
        }
    }
}

/// For a user: a repeated call that was lost on the way makes a second project, or none.
#[tokio::test]
async fn projects_are_made_changed_and_told_about_once() {
    let bench = Bench::new().await;
    let projects = bench.cp.projects();
    let new = || limiquantix::CreateProject {
        id: fixtures::project_id("lab"),
        labels: fixtures::labels([("team", "red")]),
        spec: Default::default(),
    };
    let first = projects.create(&repeated("r-1"), new()).await.unwrap();
    assert_eq!(projects.create(&repeated("r-1"), new()).await.unwrap(), first);
    assert_eq!(projects.get(&first.id).await.unwrap(), first);
    let e = projects.create(&call(), new()).await.unwrap_err();
    assert_eq!((e.reason().code(), e.get("field")), ("ID_TAKEN", Some("id")));
    assert_eq!(code(projects.create(&dry(), new()).await), "ID_TAKEN");

    let mut stale = call();
    stale.expected = Some(limiquantix::core::resource::Revision(1));
    let update = || UpdateProject {
        description: Some("of the red team".into()),
        ..UpdateProject::default()
    };
    assert_eq!(
        code(projects.update(&stale, &first.id, update()).await),
        "VERSION_MISMATCH"
    );
    let changed = projects.update(&call(), &first.id, update()).await.unwrap();
    assert_eq!(changed.spec.description, "of the red team");
    assert_eq!(changed.meta.labels, first.meta.labels, "what is not named stays");
    let told: Vec<EventKind> = bench
        .log()
        .await
        .iter()
        .flat_map(|commit| &commit.changes)
        .filter_map(|change| match &change.after {
            Some(Object::Event(event)) if event.subject == first.key() => Some(event.kind),
            _ => None,
        })
        .collect();
    assert_eq!(told, [EventKind::ProjectCreated, EventKind::ProjectUpdated]);
}

/// For an operator: after an upgrade the quota counts from nothing, though the project is full.
#[tokio::test]
async fn what_was_never_counted_is_counted_at_the_start() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    bench.create("a").await;
    bench.create("b").await;
    let default = ProjectId::default();
    let expected = used(&bench, &default).await;
    let usages = Repository::<ProjectUsage>::new(bench.cp.store().clone());
    usages
        .delete(&*usages.get(&default).await.unwrap())
        .await
        .unwrap();
    // And a project that was written by somebody else.
    let mut changes = Changeset::new();
    changes.create::<Project>(fixtures::project("old"));
    bench.store.commit(changes).await.unwrap();
    let bench = bench.restarted().await;
    let found = usages.get(&default).await.unwrap();
    assert_eq!((found.used, found.used.vms), (expected, 2));
    assert_eq!(
        usages.get(&fixtures::project_id("old")).await.unwrap().used,
        Amounts::ZERO
    );
    drop(bench);
}

#[derive(Debug, Clone)]
enum Act {
    Create(u32, u32),
    Resize(prop::sample::Index, u32, u32),
    Delete(prop::sample::Index),
}

fn any_act() -> impl Strategy<Value = Act> {
    let size = || (1u32..4, 1u32..4).prop_map(|(cores, gib)| (cores, gib * 1024));
    prop_oneof![
        3 => size().prop_map(|(c, m)| Act::Create(c, m)),
        2 => (any::<prop::sample::Index>(), size()).prop_map(|(at, (c, m))| Act::Resize(at, c, m)),
        2 => any::<prop::sample::Index>().prop_map(Act::Delete),
    ]
}

/// Creates, resizes and deletes, with a quota that is in the way; at the end everything is deleted.
async fn act_out(acts: Vec<Act>) {
    let bench = Bench::with_nodes(2, 64, 1 << 20).await;
    let lab = bench.project("lab").await;
    let quota = QuotaChanges {
        vms: Some(Some(4)),
        vcpus: Some(Some(8)),
        memory_mib: Some(Some(8 << 10)),
        storage_gib: None,
    };
    limit(&bench, &lab, quota).await;
    let vms = bench.cp.vms();
    let mut alive: Vec<VmId> = Vec::new();
    for (n, act) in acts.into_iter().enumerate() {
        let outcome = match act {
            Act::Create(cores, memory) => {
                let new = CreateVm {
                    spec: spec(cores, memory),
                    start: false,
                    ..within(&lab, &format!("vm-{n}"))
                };
                vms.create(&call(), new).await.inspect(|vm| alive.push(vm.id))
            }
            Act::Resize(at, cores, memory) if !alive.is_empty() => {
                let id = *at.get(&alive);
                let update = UpdateVm {
                    spec: Some(spec(cores, memory)),
                    ..UpdateVm::default()
                };
                vms.update(&call(), id, update).await
            }
            Act::Delete(at) if !alive.is_empty() => {
                let id = alive.remove(at.index(alive.len()));
                vms.delete(&call(), id, true).await
            }
            _ => continue,
        };
        match outcome {
            Ok(vm) if vm.operation.is_some() => bench.finish(vm.id).await,
            Ok(_) => {}
            Err(e) => assert_eq!(e.reason().code(), "QUOTA_EXCEEDED", "{e}"),
        }
    }
    for id in alive {
        vms.delete(&call(), id, true).await.unwrap();
        bench.finish(id).await;
    }
    assert_usage_is_exact(&bench).await;
    assert_eq!(
        used(&bench, &lab).await,
        Amounts::ZERO,
        "everything was given back"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// For an administrator: usage that drifts, until a project with three VMs is full.
    #[test]
    fn any_sequence_is_counted_exactly(acts in prop::collection::vec(any_act(), 0..25)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(act_out(acts));
    }
}
