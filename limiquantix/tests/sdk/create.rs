//! Creating VMs.

use limiquantix::core::resource::{
    EventKind, Kind, OperationKind, PowerState, TaskState, VmPhase, VolumePhase,
};
use limiquantix::core::unit::{Cores, Mebibytes};
use limiquantix_testkit::fixtures;

use crate::bench::{Bench, call, code, dry, field, request, spec};

/// For a user: a typing error is accepted, or refused without a word on where it is; or something is left
/// behind by a request that was refused.
#[tokio::test]
async fn bad_input_names_its_field_and_changes_nothing() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let before = bench.revision().await;
    let vms = bench.cp.vms();
    let mut r = request("web");
    r.spec.cpu.cores = Cores(0);
    assert_eq!(field(vms.create(&call(), r).await), "spec.cpu.cores");
    let mut r = request("web");
    r.spec.memory = Mebibytes(511);
    assert_eq!(field(vms.create(&call(), r).await), "spec.memory.size_mib");
    let mut r = request("web");
    r.spec.disks.clear();
    assert_eq!(field(vms.create(&call(), r).await), "spec.disks");
    let mut r = request("web");
    r.labels = fixtures::labels([("a b", "")]);
    assert_eq!(field(vms.create(&call(), r).await), "labels");
    let mut r = request("web");
    r.description = "\u{1b}[2J".to_owned();
    assert_eq!(field(vms.create(&call(), r).await), "description");
    for request_id in ["", "with space", &"x".repeat(129), "ä"] {
        let call = crate::bench::repeated(request_id);
        assert_eq!(field(vms.create(&call, request("web")).await), "request_id");
    }
    assert_eq!(bench.revision().await, before);
}

/// For a user: a VM without its task, a disk that nobody knows of, capacity that is not counted: whatever is not
/// written in the same commit can be lost by a crash in between.
#[tokio::test]
async fn everything_that_a_vm_needs_is_written_in_one_commit() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let before = bench.revision().await;
    let vm = bench.create("web").await;
    assert_eq!(bench.revision().await, before.next());
    let commit = bench.log().await.pop().unwrap();
    let mut kinds: Vec<Kind> = commit.changes.iter().map(|c| c.key.kind).collect();
    kinds.sort();
    let mut expected = vec![
        Kind::Vm,
        Kind::Task,
        Kind::Volume,
        Kind::NodeAllocation,
        Kind::ProjectUsage,
        Kind::PoolAllocation,
        Kind::Event,
    ];
    expected.sort();
    assert_eq!(kinds, expected);

    assert_eq!(vm.meta.revision, commit.revision);
    assert_eq!(
        (vm.status.phase, vm.power.state),
        (VmPhase::Pending, PowerState::On)
    );
    let op = vm.operation.as_ref().unwrap();
    assert_eq!(op.kind, OperationKind::Create);
    let task = bench.task(op.task).await;
    assert_eq!(task.state, TaskState::Pending);
    assert_eq!(task.target.id, vm.id.to_string());
    assert_eq!(task.target.node, vm.placement.map(|p| p.node));
    let volumes = bench.volumes().await;
    assert_eq!(volumes.len(), 1);
    assert_eq!(
        (volumes[0].id, volumes[0].spec.vm, volumes[0].phase),
        (vm.volumes[0], Some(vm.id), VolumePhase::Creating)
    );
    let node = vm.placement.unwrap().node;
    assert_eq!(bench.allocation(node).await, (1, 1024, 1));
    let told = commit.changes.iter().find_map(|c| match &c.after {
        Some(limiquantix::core::resource::Object::Event(e)) => Some(e.kind),
        _ => None,
    });
    assert_eq!(told, Some(EventKind::VmCreated));
}

/// For a user: two VMs of one name, and nobody knows which one `lqx vm delete web` means.
#[tokio::test]
async fn a_name_is_taken_within_its_project_only() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    bench.create("web").await;
    let before = bench.revision().await;
    let vms = bench.cp.vms();
    let again = vms.create(&call(), request("web")).await.unwrap_err();
    assert_eq!(again.reason().code(), "NAME_TAKEN");
    assert_eq!(again.get("field"), Some("name"));
    assert_eq!(code(vms.create(&dry(), request("web")).await), "NAME_TAKEN");
    assert_eq!(bench.revision().await, before);
    let mut elsewhere = request("web");
    elsewhere.project = bench.project("other").await;
    vms.create(&call(), elsewhere).await.unwrap();
}

/// For a user: "does not fit", and no word on what is missing where.
#[tokio::test]
async fn when_nothing_fits_every_node_says_why() {
    let bench = Bench::new().await;
    bench.node("small", 1, 1024).await;
    bench.node("large", 8, 2048).await;
    let before = bench.revision().await;
    let mut r = request("web");
    r.spec = spec(8, 4096);
    let e = bench.cp.vms().create(&call(), r.clone()).await.unwrap_err();
    assert_eq!(e.reason().code(), "NO_NODE_FITS");
    assert_eq!(e.get("vm"), Some("web"));
    let mut nodes: Vec<&str> = e
        .context()
        .filter(|(k, _)| *k == "node")
        .map(|(_, v)| v)
        .collect();
    nodes.sort_unstable();
    assert_eq!(nodes.len(), 2, "{nodes:?}");
    assert!(
        nodes[0].starts_with("large: ") && nodes[0].contains("4096") && nodes[0].contains("2048"),
        "{nodes:?}"
    );
    assert!(nodes[1].starts_with("small: "), "{nodes:?}");
    // And so does a dry run, and the explanation of the very same spec.
    assert_eq!(
        code(bench.cp.vms().create(&dry(), r.clone()).await),
        "NO_NODE_FITS"
    );
    let explained = bench
        .cp
        .vms()
        .explain_spec(&r.project, &r.labels, &r.spec)
        .unwrap();
    assert!(explained.report.chosen.is_none());
    assert_eq!(bench.revision().await, before);
}

/// For a user: a dry run that leaves a VM behind, or that promises what the real run then refuses.
#[tokio::test]
async fn validate_only_decides_everything_and_writes_nothing() {
    let bench = Bench::with_nodes(2, 8, 8192).await;
    let before = bench.revision().await;
    let vms = bench.cp.vms();
    let would_be = vms.create(&dry(), request("web")).await.unwrap();
    assert!(would_be.placement.is_some());
    assert_eq!(would_be.volumes.len(), 1);
    assert_eq!(bench.revision().await, before, "nothing was written");
    assert_eq!(code(vms.get(would_be.id).await), "NOT_FOUND");
    let real = bench.create("web").await;
    assert_eq!(real.placement, would_be.placement);

    bench.finish(real.id).await;
    let before = bench.revision().await;
    let dry_stop = vms.stop(&dry(), real.id, true, None).await.unwrap();
    assert_eq!(dry_stop.status.phase, VmPhase::Stopping);
    let dry_delete = vms.delete(&dry(), real.id, true).await.unwrap();
    assert!(dry_delete.deleting);
    let dry_update = limiquantix::UpdateVm {
        description: Some("x".to_owned()),
        ..Default::default()
    };
    assert_eq!(
        vms.update(&dry(), real.id, dry_update).await.unwrap().description,
        "x"
    );
    assert_eq!(bench.revision().await, before);
}

/// For a user: two interfaces with one address, or one that changes with every start.
#[tokio::test]
async fn interfaces_get_addresses_of_their_own_and_keep_them() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let mut r = request("web");
    let nic = fixtures::nic("default");
    r.spec.nics = vec![nic.clone(), nic.clone()];
    let vm = bench.cp.vms().create(&call(), r).await.unwrap();
    let macs: Vec<_> = vm.spec.nics.iter().map(|n| n.mac.unwrap()).collect();
    assert_ne!(macs[0], macs[1]);
    assert!(macs.iter().all(|m| m.to_string().starts_with("52:54:00:")));

    bench.finish(vm.id).await;
    bench.cp.vms().stop(&call(), vm.id, true, None).await.unwrap();
    bench.finish(vm.id).await;
    let mut changed = spec(2, 1024);
    changed.nics = vec![nic.clone(), nic.clone(), nic];
    let update = limiquantix::UpdateVm {
        spec: Some(changed),
        ..Default::default()
    };
    let vm = bench.cp.vms().update(&call(), vm.id, update).await.unwrap();
    let after: Vec<_> = vm.spec.nics.iter().map(|n| n.mac.unwrap()).collect();
    assert_eq!(after[..2], macs[..]);
    assert!(!macs.contains(&after[2]));
}
