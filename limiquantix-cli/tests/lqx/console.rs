//! The serial console.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};

use crate::fake::Fake;
use crate::run::end_of;

#[tokio::test]
async fn a_log_is_read_to_its_end() {
    let server = Fake::start().await;
    assert_eq!(
        server.lqx("console web --log").await.exits(0).out,
        "booting\nLQX READY\n"
    );
    assert_eq!(
        server.lqx("console web --log --offset 8").await.exits(0).out,
        "LQX READY\n"
    );
    assert_eq!(
        server.lqx("console web --log --offset -6").await.exits(0).out,
        "READY\n"
    );
    assert_eq!(
        server.lqx("console web --log --offset -1000").await.exits(0).out,
        "booting\nLQX READY\n"
    );
    assert_eq!(
        server.lqx("console web --log --offset 1000").await.exits(0).out,
        ""
    );
    server.lqx("console web --follow").await.exits(2);
}

#[tokio::test]
async fn a_log_is_followed() {
    let server = Fake::start().await;
    let mut command = server.command("console web --log --follow");
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for expected in ["booting", "LQX READY"] {
        assert_eq!(lines.next_line().await.unwrap().unwrap(), expected);
    }
    server.state.lock().unwrap().log.extend(b"login:\n");
    let line = tokio::time::timeout(Duration::from_secs(5), lines.next_line()).await;
    assert_eq!(line.expect("the log is not followed").unwrap().unwrap(), "login:");
}

#[tokio::test]
async fn what_is_piped_into_a_console_reaches_the_guest() {
    let server = Fake::start().await;
    let mut command = server.command("console web");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    tokio::io::AsyncWriteExt::write_all(&mut input, b"hello\n")
        .await
        .unwrap();
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "HELLO");
    tokio::io::AsyncWriteExt::write_all(&mut input, b"bye\n")
        .await
        .unwrap();
    let ended = crate::run::ended(child).await.exits(0);
    ended
        .says("connected to the console of web")
        .says("was closed: the guest has shut down (WRONG_STATE)");
}

#[tokio::test]
async fn a_refused_console_says_why() {
    let server = Fake::start().await;
    let ended = end_of(server.command("console web-2"), Some("x")).await;
    ended
        .exits(4)
        .says("error[WRONG_STATE]: vm \"web-2\" is not running");
}
