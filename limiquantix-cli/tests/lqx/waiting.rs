//! Waiting that ends otherwise than with success.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, BufReader};

use crate::fake::Fake;
use crate::run::{command, end_of};

#[tokio::test]
async fn a_timeout_says_what_it_waited_for_and_that_the_work_goes_on() {
    let server = Fake::start().await;
    let ended = server.lqx("vm start stuck --timeout 1s").await.exits(8);
    ended
        .says("error[TIMEOUT]: waited")
        .says("for the start of vm \"stuck\", which is still at \"starting\"; the work goes on")
        .says("try: lqx task watch start-stuck");
}

#[tokio::test]
async fn ctrl_c_detaches_and_says_how_to_come_back() {
    let server = Fake::start().await;
    let mut command = server.command("vm start stuck");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    // It waits once it tells of the task.
    let first = told.next_line().await.unwrap().unwrap();
    assert!(first.contains("placed"), "{first}");
    let pid = rustix_pid(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let mut rest = String::new();
    while let Some(line) = told.next_line().await.unwrap() {
        rest.push_str(&line);
        rest.push('\n');
    }
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
    assert!(
        rest.contains("interrupted: start of vm \"stuck\" goes on\ntry: lqx task watch start-stuck"),
        "{rest}"
    );
}

fn rustix_pid(child: &tokio::process::Child) -> rustix::process::Pid {
    rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn a_connection_that_breaks_ends_no_wait() {
    let server = Fake::start().await;
    server
        .lqx("vm start blink")
        .await
        .exits(0)
        .says("the connection broke off; trying again")
        .says("running");
}

#[tokio::test]
async fn a_task_can_be_watched_later() {
    let server = Fake::start().await;
    server
        .lqx("task watch start-web-2")
        .await
        .exits(0)
        .says("✔ running");
    server
        .lqx("task watch start-broken")
        .await
        .exits(7)
        .says("error[IMAGE_MISSING]");
    server
        .lqx("task watch start-stuck --timeout 300ms")
        .await
        .exits(8);
    server.lqx("task watch nothing").await.exits(3);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_exit_code_6_at_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for line in ["vm list", "vm watch", "vm start web", "task list", "api ListVMs"] {
        let mut command = command(line);
        command.env("LQX_SERVER", address.to_string());
        let began = Instant::now();
        let ended = end_of(command, None).await.exits(6);
        assert!(began.elapsed() < Duration::from_secs(5), "{line}");
        ended
            .says("error[SERVER_UNAVAILABLE]: ")
            .says("onnection refused")
            .says("(environment LQX_SERVER)");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_exit_code_8() {
    // It takes connections, and says nothing.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for line in ["vm list", "api ListVMs"] {
        let mut command = command(line);
        command
            .args(["--timeout", "500ms"])
            .env("LQX_SERVER", listener.local_addr().unwrap().to_string());
        end_of(command, None).await.exits(8).says("error[TIMEOUT]");
    }
}
