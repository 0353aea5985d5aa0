//! `kill -9` of an agent at any moment of define, start, stop and remove: nothing is started twice, nothing is
//! left behind, and the next agent finishes the work.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod rig;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use limiquantix_core::contract::{
    AssignedDisk, Hypervisor, InstanceState, Machine, RunMark, Stop, StorageBackend, VolumeRequest,
};
use limiquantix_core::error::Result;
use limiquantix_core::identity::{VmId, VolumeId};
use limiquantix_core::resource::{CloudInit, StopCause, VolumeSource};
use limiquantix_core::unit::Gibibytes;
use limiquantix_libvirt::{LibvirtHypervisor, LibvirtStorage};
use rig::{bare, image, pool, rig, vm_id, volume_id};

/// The victim's parameters: `VM VOLUME DIRECTORY`.
const VICTIM: &str = "LQX_KILL_VICTIM";
const RUN: RunMark = RunMark {
    epoch: 1,
    generation: 1,
};

fn machine(vm: VmId, volume: VolumeId) -> Machine {
    let mut machine = bare("victim");
    machine.vm = vm;
    machine.disks = vec![AssignedDisk { volume, pool: pool() }];
    machine.cloud_init = Some(CloudInit {
        user_data: "#cloud-config\n".to_owned(),
        meta_data: None,
        network_config: None,
    });
    machine
}

/// The whole life of a VM, as an agent goes through it.
async fn live(hypervisor: &LibvirtHypervisor, storage: &LibvirtStorage, machine: &Machine) -> Result<()> {
    let vm = machine.vm;
    make(storage, machine).await?;
    hypervisor.ensure_defined(machine).await?;
    hypervisor.ensure_running(vm, RUN).await?;
    hypervisor.ensure_stopped(vm, 1, Stop::Force).await?;
    hypervisor.ensure_absent(vm, 1).await?;
    storage
        .ensure_volume_absent(&pool(), machine.disks[0].volume)
        .await
}

async fn make(storage: &LibvirtStorage, machine: &Machine) -> Result<()> {
    let request = VolumeRequest {
        id: machine.disks[0].volume,
        pool: pool(),
        size: Gibibytes(2),
        source: VolumeSource::Image {
            image: image("two-gib.qcow2"),
        },
    };
    storage.ensure_volume(&request).await.map(drop)
}

/// Not a test: the agent that is killed. Runs only where the test below started it.
#[tokio::test]
async fn victim() {
    let Ok(parameters) = std::env::var(VICTIM) else {
        return;
    };
    let mut parameters = parameters.split(' ');
    let mut next = || parameters.next().expect("parameter");
    let machine = machine(next().parse().unwrap(), next().parse().unwrap());
    let dir = std::path::PathBuf::from(next());
    let uri = std::env::var("LQX_TEST_LIBVIRT_URI").unwrap();
    let (hypervisor, storage) = rig::attach(&uri, &dir).await;
    std::fs::write(dir.join("begun"), "").unwrap();
    live(&hypervisor, &storage, &machine).await.unwrap();
}

fn start(vm: VmId, volume: VolumeId, dir: &std::path::Path) -> Child {
    let begun = dir.join("begun");
    let _ = std::fs::remove_file(&begun);
    let victim = Command::new(std::env::current_exe().unwrap())
        .args(["victim", "--exact", "--nocapture"])
        .env(VICTIM, format!("{vm} {volume} {}", dir.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let waiting = Instant::now();
    while !begun.exists() {
        assert!(
            waiting.elapsed() < Duration::from_secs(20),
            "the victim does not begin"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    victim
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_killed_anywhere_is_continued_by_the_next() {
    let Some(rig) = rig().await else { return };
    // How long a life takes here and now tells where to kill.
    let (vm, volume) = (vm_id(), volume_id());
    let begun = Instant::now();
    live(&rig.hypervisor, &rig.storage, &machine(vm, volume))
        .await
        .unwrap();
    let whole = begun.elapsed();
    println!("a whole life takes {whole:?}");
    // Most of it is QEMU starting; what comes before and after is short and has as many steps.
    let early = (0..6).map(|i| i * 3);
    let middle = (1..6).map(|i| 15 + i * 14);
    let late = (0..6).map(|i| 88 + i * 3);
    let mut found = std::collections::BTreeMap::new();
    for percent in early.chain(middle).chain(late) {
        let (vm, volume) = (vm_id(), volume_id());
        let mut victim = start(vm, volume, &rig.dir);
        tokio::time::sleep(whole * percent / 100).await;
        victim.kill().unwrap();
        victim.wait().unwrap();
        let (hypervisor, storage) = rig.attach(&rig.uri).await;
        let left = hypervisor.inspect(vm).await.unwrap();
        let state = left
            .as_ref()
            .map_or("absent".to_owned(), |i| format!("{:?} {:?}", i.state, i.last_run));
        *found.entry(state).or_insert(0) += 1;
        if let Some(left) = &left {
            assert_eq!(
                left.digest,
                machine(vm, volume).digest(),
                "defined whole or not at all"
            );
            let marked_means_started = left.last_run.is_none_or(|run| run == RUN);
            assert!(marked_means_started, "{left:?}");
            let fine = match left.state {
                InstanceState::Running => true,
                InstanceState::Off(cause) => matches!(cause, StopCause::Unknown | StopCause::Requested),
                InstanceState::Paused => false,
            };
            assert!(fine, "{left:?}");
        }
        // The next agent asks for the same once more, then for the end.
        let machine = machine(vm, volume);
        make(&storage, &machine).await.unwrap();
        hypervisor.ensure_defined(&machine).await.unwrap();
        hypervisor.ensure_running(vm, RUN).await.unwrap();
        let running = hypervisor.inspect(vm).await.unwrap().unwrap();
        assert_eq!(
            (running.state, running.last_run),
            (InstanceState::Running, Some(RUN))
        );
        assert_eq!(rig::qemu_processes(vm), 1, "started once");
        hypervisor.ensure_absent(vm, 1).await.unwrap();
        storage.ensure_volume_absent(&pool(), volume).await.unwrap();
        assert_eq!(rig::qemu_processes(vm), 0);
        assert!(rig.outside().lookup_domain_by_uuid(vm.uuid()).is_err());
        assert_eq!(rig.files_about(vm), [] as [std::path::PathBuf; 0]);
        assert_eq!(rig.files_about(volume), [] as [std::path::PathBuf; 0]);
    }
    println!("found by the next agents: {found:#?}");
}
