//! Server, agent or both are killed while a VM is made, stopped, started and deleted on real libvirt.
//!
//! What would break for a user: a domain that nobody knows of any more, two QEMUs on one disk, a disk that is
//! left behind and fills the pool, a task that never ends, a guest that died because its agent did.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use limiquantix_proto::compute::v1::{DeleteVMRequest, StartVMRequest, StopVMRequest, VirtualMachine};
use limiquantix_proto::task::v1::TaskState;

use crate::harness::api::Mutation;
use crate::harness::lab::{Lab, create, qemu_processes};
use crate::harness::program::ready;
use crate::harness::random::Random;

/// How often a VM is made, stopped, started and deleted, with a kill at each step.
const LIVES: usize = 6;

#[derive(Debug, Clone, Copy)]
enum Victim {
    Server,
    Agent,
    Both,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_a_vm_runs_once_and_leaves_nothing_behind() {
    let Some(mut lab) = Lab::up("libvirt-kill").await else {
        return;
    };
    let mut random = Random::of_run("libvirt_kill");
    let begun = Instant::now();
    // One that nobody touches: its very process must be the same at the end.
    let bystander = lab.launch("bystander").await;
    let process = qemu_processes(&bystander.id);
    assert_eq!(process.len(), 1, "{process:?}");
    let before = lab.files();
    let census = Census::begin();

    let (mut rounds, mut longest) = (0, Duration::ZERO);
    for life in 0..LIVES {
        let name = format!("life-{life}");
        let request = create(&name, "create");
        let mut round = async |lab: &mut Lab, mutation: Mutation| {
            // Every verb meets every victim.
            let victim = [Victim::Server, Victim::Agent, Victim::Both][rounds % 3];
            rounds += 1;
            let (vm, took) = killed_during(lab, mutation, victim, &mut random).await;
            longest = longest.max(took);
            census.look_for(&vm.id);
            lab.agrees().await;
            assert_eq!(
                qemu_processes(&bystander.id),
                process,
                "the bystander was not touched"
            );
            vm
        };
        let vm = round(&mut lab, Mutation::Create(Box::new(request))).await;
        let (id, key) = (vm.id.clone(), |verb: &str| format!("{name}-{verb}"));
        assert_eq!(qemu_processes(&id).len(), 1, "it runs once");
        let stop = StopVMRequest {
            id: id.clone(),
            force: true,
            request_id: key("stop"),
            ..Default::default()
        };
        round(&mut lab, Mutation::Stop(stop)).await;
        assert_eq!(qemu_processes(&id).len(), 0, "it is off");
        let start = StartVMRequest {
            id: id.clone(),
            request_id: key("start"),
            ..Default::default()
        };
        round(&mut lab, Mutation::Start(start)).await;
        assert_eq!(qemu_processes(&id).len(), 1, "it runs once");
        let delete = DeleteVMRequest {
            id: id.clone(),
            force: true,
            request_id: key("delete"),
            ..Default::default()
        };
        round(&mut lab, Mutation::Delete(delete)).await;
        assert_eq!(qemu_processes(&id).len(), 0, "it is gone");
        assert_eq!(lab.files(), before, "no disk, seed or log is left");
    }
    assert_eq!(
        census.end(),
        BTreeMap::new(),
        "VMs with more than one QEMU, and how many"
    );
    println!(
        "libvirt_kill: {rounds} rounds in {:.1?}, the longest {longest:.1?}",
        begun.elapsed()
    );
}

/// Asks for `mutation`, kills while it is under way, starts again, and waits until its task has ended well.
async fn killed_during(
    lab: &mut Lab,
    mutation: Mutation,
    victim: Victim,
    random: &mut Random,
) -> (VirtualMachine, Duration) {
    let (api, asked) = (lab.api.clone(), mutation.clone());
    let begun = Instant::now();
    let answer = tokio::spawn(async move { api.mutate(&asked).await });
    // Most of the work is done in the first moments, so half of the kills fall there.
    let delay = if random.percent(50) {
        random.millis(0..250)
    } else {
        random.millis(0..1500)
    };
    tokio::time::sleep(delay).await;
    let (server, agent) = match victim {
        Victim::Server => (true, false),
        Victim::Agent => (false, true),
        Victim::Both => (true, true),
    };
    if server {
        lab.server.kill();
    }
    if agent {
        lab.agent.kill();
    }
    tokio::time::sleep(random.millis(0..300)).await;
    if server {
        lab.server.start();
    }
    if agent {
        lab.agent.start();
    }
    ready(lab.address).await;
    let verb = format!("{mutation:?}").chars().take(6).collect::<String>();
    let vm = answer.await.unwrap();
    let vm = vm.unwrap_or_else(|e| panic!("{verb} with {victim:?} killed after {delay:?}: {e:?}"));
    let task = lab.api.ended(&vm.current_task_id).await;
    println!(
        "  {verb:6} {victim:6?} killed after {delay:>7.1?}, done after {:.1?}",
        begun.elapsed()
    );
    assert_eq!(
        task.state,
        TaskState::Succeeded,
        "{verb} with {victim:?} killed after {delay:?}: {task:?}"
    );
    (vm, begun.elapsed())
}

/// Counts QEMU processes all the time.
struct Census {
    vms: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
    counting: std::thread::JoinHandle<BTreeMap<String, usize>>,
}

impl Census {
    fn begin() -> Self {
        let vms: Arc<Mutex<Vec<String>>> = Arc::default();
        let over = Arc::new(AtomicBool::new(false));
        let (known, stop) = (Arc::clone(&vms), Arc::clone(&over));
        let counting = std::thread::spawn(move || {
            let mut most = BTreeMap::new();
            while !stop.load(Ordering::SeqCst) {
                let vms = known.lock().unwrap().clone();
                for vm in vms {
                    let count = qemu_processes(&vm).len();
                    let most = most.entry(vm).or_default();
                    *most = count.max(*most);
                }
                std::thread::sleep(Duration::from_millis(25));
            }
            most.retain(|_, count| *count > 1);
            most
        });
        Self { vms, over, counting }
    }

    fn look_for(&self, vm: &str) {
        let mut vms = self.vms.lock().unwrap();
        if !vms.iter().any(|known| known == vm) {
            // Those that are gone need no more looking at.
            vms.clear();
            vms.push(vm.to_owned());
        }
    }

    fn end(self) -> BTreeMap<String, usize> {
        self.over.store(true, Ordering::SeqCst);
        self.counting.join().unwrap()
    }
}
