//! `lqx` against the real thing: the control plane and agents of `lqx demo`, whose guests are simulated.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::run::{Ended, command, end_of};

pub(crate) struct Demo {
    child: Child,
    url: String,
    said: String,
}

impl Demo {
    /// Starts a demo, and waits until it is ready.
    pub(crate) async fn start(flags: &str) -> Self {
        let mut command = command(&format!("demo --listen 127.0.0.1:0 {flags}"));
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        loop {
            let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await;
            let line = line.expect("the demo does not get ready").unwrap();
            let line = line.unwrap_or_else(|| panic!("the demo has ended: {said}"));
            said.push_str(&line);
            said.push('\n');
            if let Some(url) = line.trim().strip_prefix("first: export LQX_SERVER=") {
                return Self {
                    child,
                    url: url.to_owned(),
                    said,
                };
            }
        }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = command(line);
        command.env("LQX_SERVER", &self.url);
        command
    }

    pub(crate) async fn lqx(&self, line: &str) -> Ended {
        end_of(self.command(line), None).await
    }

    pub(crate) async fn stop(mut self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
        let status = tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await;
        assert_eq!(status.expect("the demo does not stop").unwrap().code(), Some(0));
    }
}

#[tokio::test]
async fn a_vm_lives_its_whole_life() {
    let demo = Demo::start("--nodes 3 --vms 12").await;
    assert!(
        demo.said.contains("cluster: 3 nodes, 12 VMs, seed 42"),
        "{}",
        demo.said
    );
    let json = demo.lqx("vm list -o json").await.exits(0).json();
    assert_eq!(json["vms"].as_array().unwrap().len(), 12);
    let ended = demo.lqx("node list").await.exits(0);
    assert_eq!(ended.out.matches(" ready ").count(), 3, "{ended:?}");

    let ended = demo
        .lqx("launch probe.qcow2 guest --cpus 2 --memory 1G --disk 5G")
        .await
        .exits(0);
    let ended = ended
        .says("✔ placed")
        .says("✔ running")
        .says("next: lqx console guest · lqx vm show guest");
    assert_eq!(ended.out, "");
    let id = demo
        .lqx("vm show guest -o jsonpath=.id")
        .await
        .exits(0)
        .out
        .trim()
        .to_owned();
    demo.lqx(&format!("vm show {id}")).await.exits(0);
    demo.lqx("vm start guest").await.exits(0).says("already running");
    demo.lqx("vm create guest --kernel probe-vmlinux")
        .await
        .exits(4)
        .says("error[NAME_TAKEN]");
    demo.lqx("vm delete guest --yes").await.exits(4);
    demo.lqx("vm reboot guest").await.exits(0).says("✔ rebooted");
    demo.lqx("vm stop guest").await.exits(0).says("✔ stopped");
    let ended = demo.lqx("vm start guest -o json").await.exits(0);
    assert_eq!(ended.json()["status"]["state"], "VM_STATE_RUNNING");
    let log = demo.lqx("console guest --log").await.exits(0).out;
    assert!(!log.is_empty());
    demo.lqx("vm stop guest --force --yes").await.exits(0);
    demo.lqx("vm delete guest --yes").await.exits(0).says("✔ deleted");
    demo.lqx("vm show guest").await.exits(3);
    let ended = demo.lqx("task list --vm guest -o csv").await.exits(0);
    assert_eq!(ended.out.lines().count(), 7, "{ended:?}");
    demo.stop().await;
}

#[tokio::test]
async fn refusals_say_why() {
    let demo = Demo::start("--nodes 2 --vms 0").await;
    let ended = demo
        .lqx("launch probe.qcow2 big --cpus 4000 --memory 4T")
        .await
        .exits(9);
    ended
        .says("error[NO_NODE_FITS]: cannot place vm \"big\": none of 2 nodes can take it")
        .says("\n  node-1  ")
        .says("\n  node-2  ")
        .says("try: lqx explain placement --cpus 4000 --memory 4096G");
    let ended = demo
        .lqx("explain placement --cpus 1 --memory 1G --image probe.qcow2")
        .await
        .exits(0);
    assert!(ended.out.contains("chosen"), "{ended:?}");
    demo.lqx("launch probe.qcow2 small --memory 100M")
        .await
        .exits(2)
        .says("spec.memory.size_mib");
    demo.lqx("launch no-such-image ghost")
        .await
        .exits(7)
        .says("error[IMAGE_MISSING]");
    demo.lqx("vm create two/slashes --kernel k")
        .await
        .exits(2)
        .says("error[INVALID_FIELD]")
        .says("field  name");
    demo.lqx("api GetVM {\"id\":\"nonsense\"}").await.exits(2);
    demo.lqx("launch probe.qcow2 dry --dry-run")
        .await
        .exits(0)
        .says("would create vm \"dry\" on node-");
    demo.stop().await;
}

#[tokio::test]
async fn many_at_once() {
    let demo = Demo::start("--nodes 2 --vms 40").await;
    demo.lqx("vm stop * --yes").await.exits(0);
    let ended = demo.lqx("vm list --state running").await.exits(0).says("no vms");
    assert_eq!(ended.out, "");
    demo.lqx("vm delete * --yes").await.exits(0);
    demo.lqx("vm list").await.exits(0).says("no vms");
    demo.stop().await;
}

#[tokio::test]
async fn a_console_answers() {
    let demo = Demo::start("--nodes 1 --vms 0").await;
    demo.lqx("launch probe.qcow2 guest").await.exits(0);
    let mut follow = demo.command("console guest --log --follow");
    let mut child = follow.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(Duration::from_secs(10), lines.next_line()).await;
    assert!(!line.expect("nothing on the console").unwrap().unwrap().is_empty());
    demo.stop().await;
}

#[tokio::test]
async fn the_demo_of_the_first_five_minutes_is_there_in_a_moment() {
    let began = Instant::now();
    let demo = Demo::start("").await;
    let took = began.elapsed();
    // Two seconds for a release build on an idle machine; this is neither.
    assert!(took < Duration::from_secs(15), "{took:?}: {}", demo.said);
    let json = demo.lqx("vm list -o json").await.exits(0).json();
    assert_eq!(json["vms"].as_array().unwrap().len(), 120);
    let broken = demo.lqx("vm list --state error").await.exits(0);
    assert_eq!(broken.out, "");
    demo.stop().await;
}
