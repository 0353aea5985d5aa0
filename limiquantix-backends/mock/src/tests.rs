use std::time::Duration;

use futures_util::StreamExt;
use limiquantix_core::contract::{Firmware, Hypervisor, InstanceEvent, InstanceState, Machine, RunMark};
use limiquantix_core::error::Reason;
use limiquantix_core::identity::{Name, ProjectId, VmId};
use limiquantix_core::resource::{Accel, StopCause};
use limiquantix_core::unit::{Cores, Mebibytes};
use uuid::Uuid;

use super::*;

const RUN: RunMark = RunMark {
    epoch: 1,
    generation: 1,
};

fn machine(number: u64) -> Machine {
    Machine {
        vm: VmId::from_uuid(Uuid::from_u64_pair(7 << 12, number)),
        name: Name::parse("name", "web").unwrap(),
        project: ProjectId::default(),
        epoch: 1,
        cores: Cores(1),
        memory: Mebibytes(512),
        disks: Vec::new(),
        nics: Vec::new(),
        firmware: Firmware::Disk,
        cloud_init: None,
        accel: Accel::Mock,
    }
}

#[tokio::test]
async fn faults_are_used_up_in_order() {
    let node = MockNode::new(MockConfig::new("n"));
    node.faults()
        .fail(Verb::Inspect, 2, Reason::HypervisorUnavailable);
    node.faults().fail(Verb::Inspect, 1, Reason::HypervisorFailed);
    let (hypervisor, vm) = (node.hypervisor(), machine(1).vm);
    for reason in [
        Reason::HypervisorUnavailable,
        Reason::HypervisorUnavailable,
        Reason::HypervisorFailed,
    ] {
        assert!(node.faults().is_pending());
        assert_eq!(hypervisor.inspect(vm).await.unwrap_err().reason(), reason);
    }
    assert!(!node.faults().is_pending());
    assert_eq!(hypervisor.inspect(vm).await.unwrap(), None);
}

/// What `kill -9` between start and mark leaves: a guest that runs and is not marked. A new agent asks
/// again, and there is one start.
#[tokio::test]
async fn an_agent_killed_midway_leaves_a_running_guest_without_mark() {
    let node = MockNode::new(MockConfig::new("n"));
    let machine = machine(1);
    node.hypervisor().ensure_defined(&machine).await.unwrap();
    node.faults().hang(Verb::EnsureRunning, Point::Midway);
    let (agent, vm) = (node.hypervisor(), machine.vm);
    let call = tokio::spawn(async move { agent.ensure_running(vm, RUN).await });
    while node.journal().starts(vm) == 0 {
        tokio::task::yield_now().await;
    }
    call.abort();
    let left = node.instances().remove(0);
    assert_eq!((left.state, left.last_run), (InstanceState::Running, None));
    let agent = node.hypervisor();
    agent.ensure_running(vm, RUN).await.unwrap();
    assert_eq!(agent.inspect(vm).await.unwrap().unwrap().last_run, Some(RUN));
    assert_eq!(node.journal().starts(vm), 1);
}

#[tokio::test]
async fn the_journal_sees_a_vm_on_two_nodes() {
    let journal = Journal::default();
    let [a, b] = ["a", "b"].map(|n| MockNode::with_journal(MockConfig::new(n), journal.clone()));
    let machine = machine(1);
    for node in [&a, &b] {
        node.hypervisor().ensure_defined(&machine).await.unwrap();
        node.hypervisor().ensure_running(machine.vm, RUN).await.unwrap();
    }
    let found = journal.violations();
    assert_eq!((found.len(), found[0].node.as_str()), (1, "b"));

    let journal = Journal::default();
    let [a, b] = ["a", "b"].map(|n| MockNode::with_journal(MockConfig::new(n), journal.clone()));
    for (node, epoch) in [(&a, 1), (&b, 2)] {
        let run = RunMark { epoch, ..RUN };
        node.hypervisor().ensure_defined(&machine).await.unwrap();
        node.hypervisor().ensure_running(machine.vm, run).await.unwrap();
        assert!(node.guest_shutdown(machine.vm));
    }
    assert_eq!(
        journal.violations(),
        [],
        "one after the other, under a new permission"
    );
}

#[tokio::test]
async fn a_node_that_was_cut_off_tells_to_look_again() {
    let node = MockNode::new(MockConfig::new("n"));
    let hypervisor = node.hypervisor();
    let mut events = hypervisor.events().await.unwrap();
    node.set_reachable(false);
    let e = hypervisor.list().await.unwrap_err();
    assert_eq!(e.reason(), Reason::HypervisorUnavailable);
    node.set_reachable(true);
    assert_eq!(events.next().await, Some(InstanceEvent::Resync));
    drop(hypervisor);
    assert_eq!(
        events.next().await,
        None,
        "the stream ends with the hypervisor object"
    );
}

#[tokio::test]
async fn a_node_that_lost_its_power_keeps_marks_but_no_guest() {
    let node = MockNode::new(MockConfig::new("n"));
    let (hypervisor, machine) = (node.hypervisor(), machine(1));
    hypervisor.ensure_defined(&machine).await.unwrap();
    hypervisor.ensure_running(machine.vm, RUN).await.unwrap();
    node.reboot_node();
    let after = hypervisor.inspect(machine.vm).await.unwrap().unwrap();
    assert_eq!(after.state, InstanceState::Off(StopCause::Unknown));
    assert_eq!(after.last_run, Some(RUN));
}

#[tokio::test(start_paused = true)]
async fn verbs_and_guests_take_the_time_they_are_told() {
    let mut config = MockConfig::new("n");
    config.delays.insert(Verb::EnsureRunning, Duration::from_secs(3));
    config.guests.boot = Duration::from_secs(60);
    let node = MockNode::new(config);
    let (hypervisor, machine) = (node.hypervisor(), machine(1));
    hypervisor.ensure_defined(&machine).await.unwrap();
    let begun = tokio::time::Instant::now();
    hypervisor.ensure_running(machine.vm, RUN).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
    tokio::time::sleep(Duration::from_secs(59)).await;
    let log = || async { hypervisor.console_log(machine.vm, 0, 4096).await.unwrap().data };
    assert!(!String::from_utf8(log().await).unwrap().contains("LQX READY"));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(
        String::from_utf8(log().await)
            .unwrap()
            .contains("LQX READY host=web")
    );
}
