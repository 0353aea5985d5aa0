//! What must be true at the end: the clients' memory, the API and the nodes agree.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use limiquantix_core::contract::InstanceState;
use limiquantix_core::identity::VmId;
use limiquantix_mock::{Journal, MockNode};
use limiquantix_proto::compute::v1::{VirtualMachine, VmState};
use limiquantix_proto::task::v1::TaskState;

use super::follower::Picture;
use super::load::Ledger;
use crate::harness::api::{Api, has_ended};
use crate::harness::soon;

pub(super) async fn everything(
    api: &Api,
    ledger: &Ledger,
    nodes: &[MockNode],
    journal: &Journal,
    picture: &Picture,
) {
    let settled = async {
        loop {
            let tasks = api.all_tasks().await;
            if tasks.iter().all(has_ended) {
                return tasks;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let tasks = soon("every task to end", settled).await;

    // Every accepted call has its task, and there is no task that nobody was told about: done once, not twice.
    let listed: BTreeSet<_> = tasks.iter().map(|t| t.id.clone()).collect();
    let accepted: BTreeSet<_> = ledger.accepted.keys().cloned().collect();
    assert_eq!(
        listed, accepted,
        "tasks in the store and tasks that clients were told of"
    );
    for task in &tasks {
        let word = task
            .error
            .as_option()
            .map(|e| e.reason.as_str())
            .unwrap_or_default();
        // Only another operation may have ended one: no kill of the server has.
        let fine = task.state == TaskState::Succeeded || word == "SUPERSEDED";
        assert!(fine, "{task:?}");
    }

    let vms: BTreeMap<_, _> = api
        .all_vms()
        .await
        .0
        .into_iter()
        .map(|vm| (vm.id.clone(), vm))
        .collect();
    let expected: BTreeSet<_> = ledger
        .vms
        .iter()
        .filter(|(_, f)| !f.deleted)
        .map(|(id, _)| id.clone())
        .collect();
    assert_eq!(
        vms.keys().cloned().collect::<BTreeSet<_>>(),
        expected,
        "VMs that are there and should be"
    );
    for vm in vms.values() {
        let fate = &ledger.vms[&vm.id];
        assert!(
            vm.current_task_id.is_empty() && !vm.deleting,
            "an operation is left: {vm:?}"
        );
        let state = if fate.on {
            VmState::Running
        } else {
            VmState::Stopped
        };
        assert_eq!(
            vm.status.state, state,
            "its owner was last told on={}: {vm:?}",
            fate.on
        );
    }
    assert_eq!(picture.vms, vms, "what the watch has told, and the list");
    assert!(
        picture.resumed > 10,
        "the watch was resumed {} times",
        picture.resumed
    );

    assert_eq!(journal.violations(), [], "a VM ran twice");
    for (id, fate) in &ledger.vms {
        let starts = journal.starts(id.parse().unwrap());
        assert!(
            starts <= fate.starts,
            "{id} was started {starts} times, and asked for {}",
            fate.starts
        );
    }
    same_on_the_nodes(api, &vms, nodes).await;
}

/// The machines, disks and reservations of the nodes are those of the VMs, and no others.
async fn same_on_the_nodes(api: &Api, vms: &BTreeMap<String, VirtualMachine>, nodes: &[MockNode]) {
    let shown = api.all_nodes().await;
    for node in nodes {
        let name = &node.config().name;
        let here: Vec<_> = vms.values().filter(|vm| vm.status.node_name == *name).collect();
        let machines: BTreeMap<VmId, bool> = node
            .instances()
            .into_iter()
            .map(|i| (i.vm, i.state == InstanceState::Running))
            .collect();
        let wanted: BTreeMap<VmId, bool> = here
            .iter()
            .map(|vm| (vm.id.parse().unwrap(), vm.status.state == VmState::Running))
            .collect();
        assert_eq!(machines, wanted, "machines of {name}, and whether they run");
        let disks: usize = here.iter().map(|vm| vm.spec.disks.len()).sum();
        assert_eq!(node.volumes().len(), disks, "disks of {name}");

        let shown = shown.iter().find(|n| n.hostname == *name).expect("the node");
        let promised = &shown.status.allocated;
        let sum = |of: fn(&VirtualMachine) -> i32| here.iter().map(|vm| of(vm)).sum::<i32>();
        assert_eq!(promised.vms, here.len() as i32, "{name}");
        assert_eq!(promised.cpu_cores, sum(|vm| vm.spec.cpu.cores), "{name}");
        assert_eq!(promised.memory_mib, sum(|vm| vm.spec.memory.size_mib), "{name}");
    }
}
