//! Consoles through control plane and agent to the guest.

use limiquantix::ConsoleSession;
use limiquantix::core::contract::{ConsoleKind, ConsoleSource};

use crate::site::{Site, poll_until, soon};

async fn read_until(console: &mut ConsoleSession, wanted: &str) -> String {
    let mut text = String::new();
    while !text.contains(wanted) {
        match soon(console.receiver.recv()).await {
            Some(ConsoleSource::Data { bytes, .. }) => text.push_str(&String::from_utf8_lossy(&bytes)),
            other => panic!("{other:?} after {text:?}"),
        }
    }
    text
}

/// For a user: `lqx console` shows nothing or cannot be typed into; the log of a boot that is over is lost.
#[tokio::test]
async fn a_log_and_a_terminal_reach_the_guest() {
    let site = Site::new().await;
    let vm = site.running("web").await;
    let log = ConsoleKind::Log {
        offset: 0,
        max: 64 << 10,
    };
    poll_until("the guest has greeted", async || {
        let mut console = site.cp().vms().console(vm.id, log).await.unwrap();
        let mut text = Vec::new();
        while let Some(ConsoleSource::Data { bytes, .. }) = soon(console.receiver.recv()).await {
            text.extend(bytes);
        }
        String::from_utf8_lossy(&text).contains("LQX READY host=web")
    })
    .await;

    let mut console = site
        .cp()
        .vms()
        .console(vm.id, ConsoleKind::Interactive)
        .await
        .unwrap();
    console.sender.send(b"hello\r".to_vec()).await.unwrap();
    read_until(&mut console, "hello").await;
    drop(console);
    // And again: the first one was really closed.
    let mut console = site
        .cp()
        .vms()
        .console(vm.id, ConsoleKind::Interactive)
        .await
        .unwrap();
    console.sender.send(b"again\r".to_vec()).await.unwrap();
    read_until(&mut console, "again").await;
}

/// For a user: a console of a VM that is off hangs, instead of saying so.
#[tokio::test]
async fn a_console_that_cannot_be_opened_says_why() {
    let site = Site::new().await;
    let vm = site.stopped("web").await;
    let mut console = site
        .cp()
        .vms()
        .console(vm.id, ConsoleKind::Interactive)
        .await
        .unwrap();
    match soon(console.receiver.recv()).await {
        Some(ConsoleSource::Failed { reason, .. }) => assert_eq!(reason, "WRONG_STATE"),
        other => panic!("{other:?}"),
    }
    drop(console);
}

/// For a user: a console of a VM whose agent has died hangs.
#[tokio::test]
async fn a_console_without_an_agent_is_refused() {
    let mut site = Site::new().await;
    let vm = site.running("web").await;
    site.kill_agent().await;
    let e = soon(site.cp().vms().console(vm.id, ConsoleKind::Interactive))
        .await
        .unwrap_err();
    assert_eq!(e.reason().code(), "AGENT_UNAVAILABLE");
}
