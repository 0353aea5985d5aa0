//! Snapshots: taken, listed, gone back to, removed, and gone with their VM.

use std::sync::Arc;

use limiquantix::core::Result;
use limiquantix::core::contract::{PageRequest, Selector};
use limiquantix::core::identity::VmId;
use limiquantix::core::resource::{
    OperationKind, PowerState, Snapshot, SnapshotPhase, StopCause, TaskKind, TaskState, Vm, VmPhase,
};
use limiquantix::core::settle::Outcome;
use limiquantix::{Call, CreateSnapshot, UpdateVm};
use limiquantix_testkit::fixtures;

use crate::bench::{Bench, call, code, failed, field, off, paused, running, spec};

fn wish(vm: VmId, name: &str) -> CreateSnapshot {
    CreateSnapshot {
        vm,
        name: fixtures::name(name),
        description: String::new(),
        labels: Default::default(),
    }
}

impl Bench {
    async fn take(&self, vm: VmId, name: &str) -> Result<Arc<Snapshot>> {
        self.cp.vms().create_snapshot(&call(), wish(vm, name)).await
    }

    /// Takes a snapshot, and the agent says that it has.
    async fn taken(&self, vm: VmId, name: &str) -> Arc<Snapshot> {
        let snapshot = self.take(vm, name).await.unwrap();
        self.finish(vm).await;
        self.snapshot(&snapshot).await
    }

    async fn snapshot(&self, of: &Snapshot) -> Arc<Snapshot> {
        self.cp.vms().get_snapshot(of.id).await.unwrap()
    }

    async fn names(&self, vm: VmId, selector: Selector) -> Vec<String> {
        let page = self
            .cp
            .vms()
            .list_snapshots(vm, selector, PageRequest::default())
            .await;
        page.unwrap().items.iter().map(|s| s.name.to_string()).collect()
    }

    async fn stop_now(&self, vm: &Vm) {
        self.cp.vms().stop(&call(), vm.id, true, None).await.unwrap();
        self.finish(vm.id).await;
    }
}

/// For a user: a snapshot that is shown as ready before it is, without the memory it should have, or that lets the
/// VM be started or deleted from under it.
#[tokio::test]
async fn a_snapshot_is_taken_by_a_task_that_has_the_vm_to_itself() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    let first = bench.take(vm.id, "one").await.unwrap();
    assert_eq!((first.phase, first.with_memory), (SnapshotPhase::Creating, true));
    assert_eq!(
        (first.parent, &first.volumes, &first.spec),
        (None, &vm.volumes, &vm.spec)
    );
    let busy = bench.vm(vm.id).await;
    assert_eq!(busy.status.phase, VmPhase::Running, "it stays what it is");
    let op = busy.operation.clone().unwrap();
    assert_eq!(
        op.kind,
        OperationKind::CreateSnapshot {
            snapshot: first.id,
            memory: true
        }
    );
    assert_eq!(
        (Some(op.task), bench.task(op.task).await.kind),
        (first.task, TaskKind::CreateSnapshot)
    );
    let vms = bench.cp.vms();
    assert_eq!(
        code(vms.stop(&call(), vm.id, false, None).await),
        "OPERATION_IN_PROGRESS"
    );
    assert_eq!(code(bench.take(vm.id, "two").await), "OPERATION_IN_PROGRESS");
    bench.finish(vm.id).await;
    let ready = bench.snapshot(&first).await;
    assert_eq!((ready.phase, ready.task), (SnapshotPhase::Ready, None));
    assert_eq!(bench.task(op.task).await.state, TaskState::Succeeded);

    bench.stop_now(&vm).await;
    let second = bench.taken(vm.id, "two").await;
    assert_eq!((second.with_memory, second.parent), (false, Some(first.id)));
    assert_eq!(bench.names(vm.id, Selector::default()).await, ["one", "two"]);
    let events = bench.log().await;
    let told = events
        .iter()
        .flat_map(|c| &c.changes)
        .filter_map(|c| c.after.as_ref());
    let told = told
        .filter(|o| format!("{o:?}").contains("SnapshotCreated"))
        .count();
    assert_eq!(told, 2);
}

/// For a user: two snapshots that cannot be told apart, one of nothing, or a refusal that names the wrong field.
#[tokio::test]
async fn what_cannot_be_a_snapshot_is_refused() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.stopped("web").await;
    let other = bench.stopped("db").await;
    bench.taken(vm.id, "one").await;
    assert_eq!(code(bench.take(vm.id, "one").await), "NAME_TAKEN");
    bench.taken(other.id, "one").await;
    assert_eq!(
        code(bench.take(fixtures::vm_id("nobody"), "x").await),
        "NOT_FOUND"
    );
    let long = CreateSnapshot {
        description: "x".repeat(5000),
        ..wish(vm.id, "two")
    };
    assert_eq!(
        field(bench.cp.vms().create_snapshot(&call(), long).await),
        "description"
    );
    let stale = Call {
        expected: Some(vm.meta.revision),
        ..call()
    };
    let refused = bench.cp.vms().create_snapshot(&stale, wish(vm.id, "two")).await;
    assert_eq!(code(refused), "VERSION_MISMATCH");
    for n in 1..32 {
        bench.taken(vm.id, &format!("n{n}")).await;
    }
    assert_eq!(code(bench.take(vm.id, "too many").await), "LIMIT_EXCEEDED");
}

/// For a user: "dry run" takes one, or a repeat takes two.
#[tokio::test]
async fn previews_write_nothing_and_repeats_do_nothing() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.stopped("web").await;
    let vms = bench.cp.vms();
    let before = bench.revision().await;
    let dry = Call {
        validate_only: true,
        ..call()
    };
    vms.create_snapshot(&dry, wish(vm.id, "one")).await.unwrap();
    assert_eq!(bench.revision().await, before);
    let once = Call {
        request_id: Some("r-1".to_owned()),
        ..call()
    };
    let first = vms.create_snapshot(&once, wish(vm.id, "one")).await.unwrap();
    bench.finish(vm.id).await;
    let before = bench.revision().await;
    let again = vms.create_snapshot(&once, wish(vm.id, "one")).await.unwrap();
    assert_eq!(again, first, "the first answer");
    let other = vms.create_snapshot(&once, wish(vm.id, "two")).await;
    assert_eq!(code(other), "REQUEST_ID_REUSED");
    vms.revert_snapshot(&dry, first.id).await.unwrap();
    vms.delete_snapshot(&dry, first.id).await.unwrap();
    assert_eq!(bench.revision().await, before);
    let gone = vms.delete_snapshot(&once, first.id).await.unwrap();
    bench.finish(vm.id).await;
    assert_eq!(
        vms.delete_snapshot(&once, first.id).await.unwrap(),
        gone,
        "though it is gone"
    );
}

/// For a user: a VM that was off runs after it was put back, one that ran does not, or its disks are changed under
/// the running guest.
#[tokio::test]
async fn going_back_leads_to_what_was_kept() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.stopped("web").await;
    let vms = bench.cp.vms();
    let disks = bench.taken(vm.id, "disks").await;
    vms.start(&call(), vm.id).await.unwrap();
    bench.finish(vm.id).await;
    let memory = bench.taken(vm.id, "memory").await;
    assert_eq!(code(vms.revert_snapshot(&call(), disks.id).await), "WRONG_STATE");

    let generation = bench.vm(vm.id).await.power.generation;
    let answer = vms.revert_snapshot(&call(), memory.id).await.unwrap();
    assert_eq!(answer.power.generation, generation + 1, "a start of its own");
    assert_eq!(bench.task_of(&answer).await.kind, TaskKind::RevertSnapshot);
    bench.finish(vm.id).await;
    assert_eq!(bench.vm(vm.id).await.status.phase, VmPhase::Running);
    assert_eq!(bench.vm(vm.id).await.current_snapshot, Some(memory.id));

    bench.stop_now(&vm).await;
    vms.revert_snapshot(&call(), disks.id).await.unwrap();
    bench.finish(vm.id).await;
    let back = bench.vm(vm.id).await;
    assert_eq!(
        (back.status.phase, back.power.state),
        (VmPhase::Stopped, PowerState::Off)
    );
    assert_eq!(back.current_snapshot, Some(disks.id));
    let third = bench.taken(vm.id, "third").await;
    assert_eq!(third.parent, Some(disks.id));

    vms.revert_snapshot(&call(), memory.id).await.unwrap();
    bench.finish(vm.id).await;
    let back = bench.vm(vm.id).await;
    assert_eq!(
        (back.status.phase, back.power.state),
        (VmPhase::Running, PowerState::On)
    );
}

/// For a user: a guest is put back onto hardware that it does not know.
#[tokio::test]
async fn other_hardware_than_then_is_refused_where_memory_was_kept() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    let memory = bench.taken(vm.id, "memory").await;
    bench.stop_now(&vm).await;
    let disks = bench.taken(vm.id, "disks").await;
    let mut resized = spec(2, 2048);
    resized.disks.clone_from(&vm.spec.disks);
    let update = UpdateVm {
        spec: Some(resized),
        ..UpdateVm::default()
    };
    let vms = bench.cp.vms();
    vms.update(&call(), vm.id, update).await.unwrap();
    bench.finish(vm.id).await;
    let refused = vms.revert_snapshot(&call(), memory.id).await.unwrap_err();
    assert_eq!(refused.reason().code(), "SNAPSHOT_MISMATCH");
    assert!(refused.message().contains("cpu, memory"), "{refused}");
    vms.revert_snapshot(&call(), disks.id).await.unwrap();
    bench.finish(vm.id).await;
    assert_eq!(
        bench.vm(vm.id).await.spec.cpu.cores.get(),
        2,
        "the hardware stays"
    );
}

/// For a user: a snapshot that failed blocks its name for ever, or takes the VM with it.
#[tokio::test]
async fn a_failed_snapshot_says_why_and_can_be_removed() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    let vms = bench.cp.vms();
    let snapshot = bench.take(vm.id, "one").await.unwrap();
    let busy = bench.vm(vm.id).await;
    bench
        .told(&busy, running(&busy), Some(failed("no space left")))
        .await
        .unwrap();
    let broken = bench.snapshot(&snapshot).await;
    assert_eq!(
        (broken.phase, broken.message.as_str()),
        (SnapshotPhase::Error, "no space left")
    );
    assert_eq!(bench.vm(vm.id).await.status.phase, VmPhase::Running);
    assert_eq!(
        code(vms.revert_snapshot(&call(), snapshot.id).await),
        "WRONG_STATE"
    );
    let going = vms.delete_snapshot(&call(), snapshot.id).await.unwrap();
    assert_eq!(
        (going.phase, going.message.as_str()),
        (SnapshotPhase::Deleting, "")
    );
    bench.finish(vm.id).await;
    assert_eq!(code(vms.get_snapshot(snapshot.id).await), "NOT_FOUND");
    assert!(bench.vm(vm.id).await.snapshots.is_empty());
    bench.taken(vm.id, "one").await;
}

/// For a user: snapshots of VMs that are long gone fill the list, or keep their names taken.
#[tokio::test]
async fn snapshots_go_with_their_vm() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    let one = bench.taken(vm.id, "one").await;
    let two = bench.take(vm.id, "two").await.unwrap();
    let vms = bench.cp.vms();
    let deleted = vms.delete(&call(), vm.id, true).await.unwrap();
    assert_eq!(bench.task(two.task.unwrap()).await.state, TaskState::Cancelled);
    bench.finish(deleted.id).await;
    for id in [one.id, two.id] {
        assert_eq!(code(vms.get_snapshot(id).await), "NOT_FOUND");
    }
    let page = vms
        .list_snapshots(vm.id, Selector::default(), PageRequest::default())
        .await;
    assert_eq!(code(page), "NOT_FOUND");
}

/// For a user: a list that shows the wrong ones, or whose pages overlap.
#[tokio::test]
async fn lists_filter_and_page() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.stopped("web").await;
    for name in ["a", "b", "c", "d", "e"] {
        bench.taken(vm.id, name).await;
    }
    let named = Selector {
        name: Some("c".to_owned()),
        ..Selector::default()
    };
    assert_eq!(bench.names(vm.id, named).await, ["c"]);
    let creating = Selector {
        phases: vec![SnapshotPhase::Creating.as_str()],
        ..Selector::default()
    };
    assert!(bench.names(vm.id, creating).await.is_empty());
    let (mut seen, mut page) = (Vec::new(), PageRequest::default());
    (page.limit, page.count) = (2, true);
    loop {
        let vms = bench.cp.vms();
        let found = vms
            .list_snapshots(vm.id, Selector::default(), page.clone())
            .await
            .unwrap();
        assert_eq!(found.total, Some(5));
        assert!(found.items.len() <= 2);
        seen.extend(found.items.iter().map(|s| s.name.to_string()));
        match found.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
}

/// For a user: a paused guest is not kept, or an end that was not seen is called a success.
#[tokio::test]
async fn what_is_suspended_is_kept_as_such() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    let vms = bench.cp.vms();
    vms.suspend(&call(), vm.id).await.unwrap();
    bench.finish(vm.id).await;
    let snapshot = bench.take(vm.id, "one").await.unwrap();
    assert!(snapshot.with_memory);
    let busy = bench.vm(vm.id).await;
    bench
        .told(&busy, paused(&busy), Some(Outcome::Done))
        .await
        .unwrap();
    assert_eq!(bench.vm(vm.id).await.status.phase, VmPhase::Suspended);
    bench.stop_now(&vm).await;
    let answer = vms.revert_snapshot(&call(), snapshot.id).await.unwrap();
    bench
        .told(&answer, paused(&answer), Some(Outcome::Done))
        .await
        .unwrap();
    let back = bench.vm(vm.id).await;
    assert_eq!(
        (back.status.phase, back.power.state),
        (VmPhase::Suspended, PowerState::On)
    );
    bench.told(&back, off(StopCause::Crashed), None).await.unwrap();
    assert_eq!(bench.vm(vm.id).await.status.phase, VmPhase::Stopped);
}
