//! Consoles: the agent dials back, and bytes flow both ways until either end hangs up.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use limiquantix::core::Result;
use limiquantix::core::contract::{
    BoxStream, ConsoleKind, ConsoleRequest, ConsoleSource, SessionId, Uplink as _, UplinkEvent,
};
use limiquantix::core::identity::VmId;
use limiquantix_testkit::fixtures::PATIENCE;
use uuid::Uuid;

use crate::bench::{BOOT, Bench, code, next};

fn data(text: &str) -> ConsoleSource {
    ConsoleSource::Data {
        bytes: text.as_bytes().to_vec(),
        offset: 0,
        size: 0,
    }
}

/// A VM, and its agent's stream past the initial list.
async fn agent() -> (Bench, VmId, BoxStream<Result<UplinkEvent>>) {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    let mut told = bench
        .cp
        .agents()
        .assignments(vm.placement.unwrap().node, BOOT)
        .await
        .unwrap();
    while next(&mut told).await.unwrap() != UplinkEvent::Synced {}
    (bench, vm.id, told)
}

async fn request(told: &mut BoxStream<Result<UplinkEvent>>) -> ConsoleRequest {
    match next(told).await.unwrap() {
        UplinkEvent::Console(request) => request,
        other => panic!("{other:?}"),
    }
}

/// For a user: a console that shows nothing, or one that cannot be typed into, or that does not end.
#[tokio::test]
async fn a_console_is_dialled_back_and_carries_bytes_both_ways() {
    let (bench, vm, mut told) = agent().await;
    let open = tokio::spawn({
        let vms = bench.cp.vms();
        async move { vms.console(vm, ConsoleKind::Interactive).await }
    });
    let asked = request(&mut told).await;
    assert_eq!((asked.vm, asked.kind), (vm, ConsoleKind::Interactive));
    let guest = stream::iter([data("login: ")]).chain(stream::pending());
    let mut typed = bench
        .cp
        .agents()
        .serve_console(asked.session, Box::pin(guest))
        .await
        .unwrap();
    let mut caller = open.await.unwrap().unwrap();
    assert_eq!(caller.receiver.recv().await, Some(data("login: ")));
    caller.sender.send(b"root\n".to_vec()).await.unwrap();
    assert_eq!(next(&mut typed).await, b"root\n");
    // A session is used once.
    let again = bench
        .cp
        .agents()
        .serve_console(asked.session, Box::pin(stream::pending()))
        .await;
    assert_eq!(code(again.map(drop)), "NOT_FOUND");
    // The caller hangs up.
    drop(caller);
    let end = tokio::time::timeout(PATIENCE, typed.next()).await;
    assert_eq!(end.expect("the agent is not told"), None);
}

/// For a user: a terminal that hangs when the guest's console is closed.
#[tokio::test]
async fn the_end_of_the_guests_side_is_the_end_of_the_callers() {
    let (bench, vm, mut told) = agent().await;
    let open = tokio::spawn({
        let vms = bench.cp.vms();
        async move { vms.console(vm, ConsoleKind::Log { offset: 0, max: 10 }).await }
    });
    let asked = request(&mut told).await;
    let guest = stream::iter([data("all of it")]);
    let _typed = bench
        .cp
        .agents()
        .serve_console(asked.session, Box::pin(guest))
        .await
        .unwrap();
    let mut caller = open.await.unwrap().unwrap();
    assert_eq!(caller.receiver.recv().await, Some(data("all of it")));
    let end = tokio::time::timeout(PATIENCE, caller.receiver.recv()).await;
    assert_eq!(end.expect("it hangs"), None);
}

/// For a user: a console of a VM whose agent is away hangs, instead of saying so.
#[tokio::test(start_paused = true)]
async fn an_agent_that_is_away_or_does_not_answer_is_named() {
    let (bench, vm, mut told) = agent().await;
    let kind = ConsoleKind::Interactive;
    // It is connected, and does not dial back.
    let began = tokio::time::Instant::now();
    let e = bench.cp.vms().console(vm, kind).await.unwrap_err();
    assert_eq!(e.reason().code(), "AGENT_UNAVAILABLE");
    assert!(
        e.message().contains("did not answer within 10s"),
        "{}",
        e.message()
    );
    assert_eq!(began.elapsed(), Duration::from_secs(10));
    // Whoever dials back too late is told that nobody waits.
    let late = request(&mut told).await;
    let answer = bench
        .cp
        .agents()
        .serve_console(late.session, Box::pin(stream::pending()))
        .await;
    assert_eq!(code(answer.map(drop)), "NOT_FOUND");

    // Its connection breaks while somebody waits: they are told at once.
    let waiting = tokio::spawn({
        let vms = bench.cp.vms();
        async move { vms.console(vm, kind).await }
    });
    request(&mut told).await;
    let began = tokio::time::Instant::now();
    drop(told);
    let e = waiting.await.unwrap().unwrap_err();
    assert_eq!(e.reason().code(), "AGENT_UNAVAILABLE");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());

    // It is not connected at all.
    let e = bench.cp.vms().console(vm, kind).await.unwrap_err();
    assert_eq!(e.reason().code(), "AGENT_UNAVAILABLE");
    assert!(e.message().contains("is not connected"), "{}", e.message());
    assert!(e.get("node").is_some());
}

/// For an operator: a guess at a session id connects somebody with another's console.
#[tokio::test]
async fn a_session_that_nobody_asked_for_is_not_found() {
    let (bench, _, _told) = agent().await;
    let unknown = SessionId(Uuid::from_u128(42));
    let answer = bench
        .cp
        .agents()
        .serve_console(unknown, Box::pin(stream::pending()))
        .await;
    assert_eq!(code(answer.map(drop)), "NOT_FOUND");
}

/// For an operator: callers that ask for consoles of an agent which reads nothing fill the server's memory.
#[tokio::test(start_paused = true)]
async fn requests_that_an_agent_does_not_take_are_refused_beyond_a_limit() {
    let (bench, vm, _told) = agent().await;
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let vms = bench.cp.vms();
            tokio::spawn(async move { vms.console(vm, ConsoleKind::Interactive).await })
        })
        .collect();
    let mut too_many = 0;
    for call in calls {
        let e = call.await.unwrap().unwrap_err();
        assert_eq!(e.reason().code(), "AGENT_UNAVAILABLE");
        too_many += usize::from(e.message().contains("too many"));
    }
    assert_eq!(too_many, 100 - 64);
}

/// For an operator: one caller who does not read makes the server hoard all that a guest prints; for a user:
/// some of what the guest printed is missing.
#[tokio::test]
async fn a_caller_who_reads_slowly_holds_the_guest_back_and_loses_nothing() {
    let (bench, vm, mut told) = agent().await;
    let open = tokio::spawn({
        let vms = bench.cp.vms();
        async move { vms.console(vm, ConsoleKind::Interactive).await }
    });
    let asked = request(&mut told).await;
    let printed = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = printed.clone();
    let guest = stream::iter(0..1000).map(move |i| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        data(&i.to_string())
    });
    let _typed = bench
        .cp
        .agents()
        .serve_console(asked.session, Box::pin(guest))
        .await
        .unwrap();
    let mut caller = open.await.unwrap().unwrap();
    // Let everybody run who can: nobody waits for time here, only for room.
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    let ahead = printed.load(std::sync::atomic::Ordering::SeqCst);
    assert!(
        ahead <= 20,
        "{ahead} chunks were taken from a guest whose console nobody reads"
    );
    for i in 0..1000 {
        assert_eq!(caller.receiver.recv().await, Some(data(&i.to_string())));
    }
    assert_eq!(caller.receiver.recv().await, None);
}
