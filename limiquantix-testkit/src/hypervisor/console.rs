//! `console_log` and `console_open`.

use std::time::Duration;

use limiquantix_core::contract::{ConsoleIo, Stop};

use super::rig::{Guest, Rig, logged, mark, running};

/// The log can be read in pieces of any size, and they fit together.
pub async fn the_log_has_the_greeting_and_is_read_in_pieces(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Polite).await;
    let size = logged(rig, &*hypervisor, machine.vm, 0, "LQX READY").await;
    let whole = hypervisor
        .console_log(machine.vm, 0, 1 << 20)
        .await
        .expect("whole log");
    assert_eq!(whole.offset, 0);
    assert!(whole.size >= size && whole.data.len() as u64 == whole.size);
    let mut pieces = Vec::new();
    while (pieces.len() as u64) < size {
        let offset = pieces.len() as u64;
        let piece = hypervisor
            .console_log(machine.vm, offset, 37)
            .await
            .expect("piece");
        assert_eq!(piece.offset, offset);
        assert!(!piece.data.is_empty() && piece.data.len() <= 37);
        pieces.extend(piece.data);
    }
    assert_eq!(pieces.get(..size as usize), whole.data.get(..size as usize));
    let past = hypervisor
        .console_log(machine.vm, 1 << 40, 37)
        .await
        .expect("past the end");
    assert!(past.data.is_empty() && past.size >= size);
    let nothing = hypervisor
        .console_log(machine.vm, 0, 0)
        .await
        .expect("nothing of it");
    assert!(nothing.data.is_empty());
}

/// A stop is not the end of the log, and a start not its beginning.
pub async fn the_log_goes_on_over_restarts(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Brief).await;
    logged(rig, &*hypervisor, machine.vm, 0, "LQX READY").await;
    hypervisor
        .ensure_stopped(machine.vm, 1, Stop::Force)
        .await
        .expect("stop");
    let first = hypervisor
        .console_log(machine.vm, 0, 1 << 20)
        .await
        .expect("log of what is off");
    assert!(!first.data.is_empty());
    hypervisor
        .ensure_running(machine.vm, mark(1, 3))
        .await
        .expect("start again");
    logged(rig, &*hypervisor, machine.vm, first.size, "LQX READY").await;
    let second = hypervisor.console_log(machine.vm, 0, 1 << 20).await.expect("log");
    assert!(second.data.starts_with(&first.data));
}

/// Typing reaches the guest, and what the guest writes reaches the reader and the log.
pub async fn what_is_typed_comes_back(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Polite).await;
    if !hypervisor.capabilities().interactive_console {
        return;
    }
    let mut console = hypervisor.console_open(machine.vm).await.expect("open");
    let size = logged(rig, &*hypervisor, machine.vm, 0, "LQX READY").await;
    console.write(b"echo-me-7391\r").await.expect("type");
    seen(rig, &mut *console, "echo-me-7391").await;
    logged(
        rig,
        &*hypervisor,
        machine.vm,
        size.saturating_sub(1),
        "echo-me-7391",
    )
    .await;
}

/// Nobody can lock others out by leaving a console open.
pub async fn the_second_opener_takes_the_console_over(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Polite).await;
    if !hypervisor.capabilities().interactive_console {
        return;
    }
    let mut first = hypervisor.console_open(machine.vm).await.expect("open");
    let mut second = hypervisor.console_open(machine.vm).await.expect("open again");
    drained(rig, &mut *first).await;
    logged(rig, &*hypervisor, machine.vm, 0, "LQX READY").await;
    second.write(b"mine-now-5512\r").await.expect("type");
    seen(rig, &mut *second, "mine-now-5512").await;
    drop(second);
    let mut third = hypervisor
        .console_open(machine.vm)
        .await
        .expect("open after a close");
    third.write(b"and-again-8080\r").await.expect("type");
    seen(rig, &mut *third, "and-again-8080").await;
}

/// A reader is not left waiting for a guest that is dead.
pub async fn the_console_ends_with_the_guest(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Deaf).await;
    if !hypervisor.capabilities().interactive_console {
        return;
    }
    let mut console = hypervisor.console_open(machine.vm).await.expect("open");
    hypervisor
        .ensure_stopped(machine.vm, 1, Stop::Force)
        .await
        .expect("stop");
    drained(rig, &mut *console).await;
    assert!(console.write(b"x").await.is_err(), "nobody is there to type to");
}

/// Reads until `text` has come.
async fn seen(rig: &impl Rig, console: &mut dyn ConsoleIo, text: &str) {
    let mut all = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&all).contains(text) {
            let piece = console.read().await.expect("read");
            assert!(!piece.is_empty(), "the console ended");
            all.extend(piece);
        }
    };
    if tokio::time::timeout(rig.patience(), reading).await.is_err() {
        panic!("no {text:?} on the console: {}", String::from_utf8_lossy(&all));
    }
}

/// Reads until the end, which must come soon.
async fn drained(rig: &impl Rig, console: &mut dyn ConsoleIo) {
    let reading = async { while !console.read().await.expect("read").is_empty() {} };
    let soon = rig.patience().min(Duration::from_secs(3));
    assert!(
        tokio::time::timeout(soon, reading).await.is_ok(),
        "the console did not end"
    );
}
