//! Request ids, versions, and calls that are made twice.

use std::sync::Arc;

use limiquantix::core::resource::{Revision, Vm};
use limiquantix::{Call, UpdateVm};

use crate::bench::{Bench, call, code, repeated, request, spec};

/// For a user: a retry after a lost answer makes a second VM, or is told that the name is taken: by itself.
#[tokio::test]
async fn a_repeated_call_gets_the_first_answer_also_after_a_restart() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let first = bench
        .cp
        .vms()
        .create(&repeated("r-1"), request("web"))
        .await
        .unwrap();
    let before = bench.revision().await;
    let again = bench
        .cp
        .vms()
        .create(&repeated("r-1"), request("web"))
        .await
        .unwrap();
    assert_eq!(again, first);

    // What has happened to the VM since does not change the answer to the call.
    bench.finish(first.id).await;
    let bench = bench.restarted().await;
    let later = bench
        .cp
        .vms()
        .create(&repeated("r-1"), request("web"))
        .await
        .unwrap();
    assert_eq!(later, first);
    assert_eq!(
        bench.revision().await,
        before.next(),
        "only the agent's report was written"
    );

    // The same for every verb.
    let vms = bench.cp.vms();
    let stop = vms.stop(&repeated("r-2"), first.id, true, None).await.unwrap();
    bench.finish(first.id).await;
    assert_eq!(
        vms.stop(&repeated("r-2"), first.id, true, None).await.unwrap(),
        stop
    );
    let start = vms.start(&repeated("r-3"), first.id).await.unwrap();
    bench.finish(first.id).await;
    assert_eq!(vms.start(&repeated("r-3"), first.id).await.unwrap(), start);
    let delete = vms.delete(&repeated("r-4"), first.id, true).await.unwrap();
    bench.finish(first.id).await;
    assert_eq!(
        vms.delete(&repeated("r-4"), first.id, true).await.unwrap(),
        delete,
        "although the VM is gone"
    );
}

/// For a user: an id that is used again by mistake returns the answer to another question.
#[tokio::test]
async fn an_id_that_is_reused_with_another_request_is_refused() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vms = bench.cp.vms();
    let vm = vms.create(&repeated("r-1"), request("web")).await.unwrap();
    let mut other = request("web");
    other.spec = spec(2, 1024);
    assert_eq!(
        code(vms.create(&repeated("r-1"), other).await),
        "REQUEST_ID_REUSED"
    );
    let e = vms.create(&repeated("r-1"), request("db")).await.unwrap_err();
    assert_eq!(e.get("field"), Some("request_id"));

    // Another caller, or another method, has ids of its own.
    let bob = Call {
        principal: "bob".to_owned(),
        ..repeated("r-1")
    };
    let bobs = vms.create(&bob, request("db")).await.unwrap();
    assert_ne!(bobs.id, vm.id);
    bench.finish(vm.id).await;
    vms.stop(&repeated("r-1"), vm.id, true, None).await.unwrap();
}

/// For a user: a client that sends a call twice at once, because the first seems slow, gets an error for the
/// one whose answer it reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn simultaneous_copies_of_a_call_all_get_its_answer() {
    for round in 0..20 {
        // Room for exactly one: the copies compete for capacity as well as for the name.
        let bench = Bench::with_nodes(1, 1, 1024).await;
        let copies: Vec<_> = (0..8)
            .map(|_| {
                let vms = bench.cp.vms();
                tokio::spawn(async move { vms.create(&repeated("r-1"), request("web")).await })
            })
            .collect();
        let answers = answers(copies).await;
        assert!(answers.iter().all(|a| a == &answers[0]), "round {round}");
        bench.finish(answers[0].id).await;

        let id = answers[0].id;
        let copies: Vec<_> = (0..8)
            .map(|_| {
                let vms = bench.cp.vms();
                tokio::spawn(async move { vms.stop(&repeated("r-2"), id, true, None).await })
            })
            .collect();
        let stops = self::answers(copies).await;
        assert!(stops.iter().all(|a| a == &stops[0]), "round {round}");
        bench.assert_never_overcommitted().await;
    }
}

/// For a user: of two different requests under one id, sent at once, the loser hears of a clash of ids deep
/// inside instead of its mistake.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn simultaneous_different_calls_under_one_id_are_told_of_it() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let calls: Vec<_> = (0..8)
        .map(|i| {
            let vms = bench.cp.vms();
            tokio::spawn(async move { vms.create(&repeated("r-1"), request(&format!("vm-{i}"))).await })
        })
        .collect();
    let mut accepted = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => accepted += 1,
            Err(e) => assert_eq!(e.reason().code(), "REQUEST_ID_REUSED", "{e}"),
        }
    }
    assert_eq!(accepted, 1);
}

async fn answers(copies: Vec<tokio::task::JoinHandle<limiquantix::core::Result<Arc<Vm>>>>) -> Vec<Arc<Vm>> {
    let mut answers = Vec::new();
    for copy in copies {
        answers.push(copy.await.unwrap().unwrap());
    }
    answers
}

/// For a user: what a colleague changed in between is overwritten without a word.
#[tokio::test]
async fn a_stale_version_is_refused_and_changes_nothing() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.stopped("web").await;
    let at = |revision| Call {
        expected: Some(revision),
        ..call()
    };
    let stale = at(Revision(vm.meta.revision.0 - 1));
    let before = bench.revision().await;
    let vms = bench.cp.vms();
    let describe = |text: &str| UpdateVm {
        description: Some(text.to_owned()),
        ..UpdateVm::default()
    };
    for outcome in [
        vms.start(&stale, vm.id).await,
        vms.stop(&stale, vm.id, true, None).await,
        vms.reboot(&stale, vm.id, true).await,
        vms.delete(&stale, vm.id, true).await,
        vms.update(&stale, vm.id, describe("mine")).await,
    ] {
        let e = outcome.unwrap_err();
        assert_eq!(e.reason().code(), "VERSION_MISMATCH");
        assert_eq!(e.get("field"), Some("etag"));
        assert_eq!(e.get("actual"), Some(vm.meta.revision.to_string().as_str()));
    }
    assert_eq!(bench.revision().await, before);
    let changed = vms
        .update(&at(vm.meta.revision), vm.id, describe("mine"))
        .await
        .unwrap();
    assert_eq!(
        code(vms.update(&at(vm.meta.revision), vm.id, describe("yours")).await),
        "VERSION_MISMATCH"
    );
    vms.start(&at(changed.meta.revision), vm.id).await.unwrap();
}
