//! Many VMs at once.

use std::time::{Duration, Instant};

use limiquantix::core::resource::{TaskState, Vm, VmPhase};
use limiquantix::core::unit::{Cores, Mebibytes};
use limiquantix_mock::MockConfig;

use crate::site::{Site, call, request};

/// For an operator: one VM is forgotten when fifty are created, stopped, started or deleted at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_vms_at_once() {
    let site = Site::new().await;
    let began = Instant::now();
    let calls: Vec<_> = (0..50)
        .map(|i| {
            let vms = site.cp().vms();
            tokio::spawn(async move { vms.create(&call(), request(&format!("vm-{i}"))).await.unwrap() })
        })
        .collect();
    let mut created = Vec::new();
    for call in calls {
        created.push(call.await.unwrap());
    }
    for vm in &created {
        assert_eq!(site.end_of(vm).await.state, TaskState::Succeeded);
    }
    println!("50 created in {:?}", began.elapsed());
    assert_eq!(site.node.instances().len(), 50);
    site.assert_sound().await;

    for vm in &created {
        site.cp()
            .vms()
            .stop(&call(), vm.id, vm.name.as_str().ends_with('7'), None)
            .await
            .unwrap();
    }
    site.assert_sound().await;
    for vm in &created {
        site.cp().vms().start(&call(), vm.id).await.unwrap();
    }
    site.assert_sound().await;
    let phases: Vec<VmPhase> = site.list::<Vm>().await.iter().map(|vm| vm.status.phase).collect();
    assert_eq!(phases, [VmPhase::Running; 50]);
    for vm in &created {
        assert_eq!(site.node.journal().starts(vm.id), 2);
    }
    site.delete_all().await;
    println!("and the rest in {:?}", began.elapsed());
}

/// For an operator: an agent that comes back to a node with many VMs starts, stops or loses some.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_agent_takes_over_many_vms_as_they_are() {
    let mut site = Site::new().await;
    let mut vms = Vec::new();
    for i in 0..30 {
        vms.push(site.create(&format!("vm-{i}")).await);
    }
    site.assert_sound().await;
    let starts: Vec<usize> = vms.iter().map(|vm| site.node.journal().starts(vm.id)).collect();
    site.kill_agent().await;
    for vm in vms.iter().step_by(3) {
        site.node.crash(vm.id);
    }
    for vm in vms.iter().skip(1).step_by(3) {
        site.cp().vms().stop(&call(), vm.id, true, None).await.unwrap();
    }
    site.start_agent();
    site.assert_sound().await;
    for (i, vm) in vms.iter().enumerate() {
        let phase = site.vm(vm.id).await.unwrap().status.phase;
        let expected = if i % 3 == 2 {
            VmPhase::Running
        } else {
            VmPhase::Stopped
        };
        assert_eq!(phase, expected, "{}", vm.name);
        assert_eq!(site.node.journal().starts(vm.id), starts[i], "{}", vm.name);
    }
}

/// For an operator: when a whole node's guests end at once, some are shown as running for ever, because more
/// happened than the agent could hear of one by one.
#[tokio::test(start_paused = true)]
async fn more_that_happens_at_once_than_can_be_told_is_seen_all_the_same() {
    let mut config = MockConfig::new("n1");
    config.cores = Cores(400);
    config.memory = Mebibytes(400 << 10);
    config.pools[0].capacity = limiquantix::core::unit::Gibibytes(1000).bytes();
    let site = Site::of(config).await;
    let mut vms = Vec::new();
    for i in 0..300 {
        vms.push(site.create(&format!("vm-{i}")).await);
    }
    site.assert_sound().await;
    for vm in &vms {
        assert!(site.node.crash(vm.id));
    }
    site.assert_sound().await;
    assert!(
        site.list::<Vm>()
            .await
            .iter()
            .all(|vm| vm.status.phase == VmPhase::Stopped)
    );
}

/// For a user: one VM whose hypervisor call takes long holds up all others on the node.
#[tokio::test(start_paused = true)]
async fn a_slow_vm_does_not_hold_up_the_others() {
    use limiquantix_mock::{Action, Point, Verb};
    let site = Site::new().await;
    let slow = Action::Delay(Duration::from_secs(600));
    site.node
        .faults()
        .plan(Verb::EnsureVolume, Point::Midway, 3, slow);
    let mut stuck = Vec::new();
    for i in 0..3 {
        stuck.push(site.create(&format!("slow-{i}")).await);
    }
    site.until("all three are stuck", async |site: &Site| {
        !site.node.faults().is_pending()
    })
    .await;
    let began = tokio::time::Instant::now();
    site.running("quick").await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for vm in stuck {
        assert_eq!(site.end_of(&vm).await.state, TaskState::Succeeded);
    }
}
