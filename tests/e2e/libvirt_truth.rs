//! Guests end in ways that nobody asked the control plane for.
//!
//! What would break for a user: a VM shown as running that has been off for minutes, or shown as stopped
//! without a word about who did it.

use std::time::{Duration, Instant};

use limiquantix_proto::compute::v1::console_request::Frame as Asked;
use limiquantix_proto::compute::v1::console_response::Frame as Told;
use limiquantix_proto::compute::v1::{
    ConsoleOpen, ConsoleRequest, StartVMRequest, StopCause, VirtualMachine, VmState, WatchVMRequest,
};
use limiquantix_proto::task::v1::TaskState;
use tokio::sync::mpsc;

use crate::harness::api::{Api, Mutation};
use crate::harness::lab::{Lab, qemu_processes, run};
use crate::harness::soon;

/// Within this the API shows what happened on the node.
const AT_ONCE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_to_a_guest_shows_within_a_second_and_with_its_cause() {
    let Some(lab) = Lab::up("libvirt-truth").await else {
        return;
    };
    let vm = lab.launch("truth").await;
    let mut shown = follow(lab.api.clone(), vm.id.clone()).await;
    lab.console_says(&vm.id, "LQX READY host=truth").await;

    // The guest's own shutdown, typed on its console through the API.
    type_in(&lab, &vm.id, "poweroff\r", "LQX down poweroff").await;
    let since = Instant::now();
    let seen = stopped(&mut shown).await;
    assert_eq!(seen.status.stop_cause, StopCause::GuestShutdown);
    println!(
        "guest shutdown: shown {:.0?} after its last word",
        since.elapsed()
    );
    assert!(!lab.domains().values().any(|state| state == "running"));

    // Three times each, and the middle one counts: a machine busy with other guests may pause for a moment.
    for (what, cause, act) in [
        (
            "virsh destroy",
            StopCause::Outside,
            &(|| drop(lab.virsh(&["destroy", &vm.id]))) as &dyn Fn(),
        ),
        ("QEMU killed", StopCause::Crashed, &|| kill_qemu(&vm.id)),
    ] {
        let mut times = Vec::new();
        for round in 0..3 {
            start(&lab, &vm.id, &format!("{what}-{round}").replace(' ', "-")).await;
            running(&mut shown).await;
            act();
            let since = Instant::now();
            let seen = stopped(&mut shown).await;
            times.push(since.elapsed());
            assert_eq!(seen.status.stop_cause, cause, "{what}: {seen:?}");
            assert!(seen.current_task_id.is_empty(), "nothing begins by itself");
            lab.agrees().await;
        }
        times.sort();
        println!("{what}: shown after {times:.0?}");
        assert!(times[1] < AT_ONCE, "{what}: {times:?}");
    }

    // The power button, pressed past the control plane.
    start(&lab, &vm.id, "acpi").await;
    running(&mut shown).await;
    ready_again(&lab, &vm.id).await;
    lab.virsh(&["shutdown", &vm.id]);
    let seen = stopped(&mut shown).await;
    assert_eq!(seen.status.stop_cause, StopCause::GuestShutdown, "{seen:?}");
    lab.agrees().await;
}

/// Everything that a watch of the VM shows, in order.
async fn follow(api: Api, vm: String) -> mpsc::UnboundedReceiver<VirtualMachine> {
    let request = WatchVMRequest {
        vm_id: vm,
        initial: true,
        ..Default::default()
    };
    let mut watch = api.vms.watch_vm(request).await.unwrap();
    let (sender, shown) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok(Some(message)) = watch.message().await {
            let message = message.to_owned_message();
            let news = message.vm.as_option().cloned();
            if news.is_some_and(|vm| sender.send(vm).is_err()) {
                return;
            }
        }
    });
    shown
}

async fn until(
    shown: &mut mpsc::UnboundedReceiver<VirtualMachine>,
    state: VmState,
    idle: bool,
) -> VirtualMachine {
    soon(&format!("{state:?}"), async {
        loop {
            let vm = shown.recv().await.expect("the watch goes on");
            if vm.status.state == state && (!idle || vm.current_task_id.is_empty()) {
                return vm;
            }
        }
    })
    .await
}

async fn stopped(shown: &mut mpsc::UnboundedReceiver<VirtualMachine>) -> VirtualMachine {
    until(shown, VmState::Stopped, false).await
}

async fn running(shown: &mut mpsc::UnboundedReceiver<VirtualMachine>) {
    until(shown, VmState::Running, true).await;
}

async fn start(lab: &Lab, vm: &str, request_id: &str) {
    let request = StartVMRequest {
        id: vm.to_owned(),
        request_id: request_id.to_owned(),
        ..Default::default()
    };
    let begun = lab.api.mutate(&Mutation::Start(request)).await.unwrap();
    let task = lab.api.ended(&begun.current_task_id).await;
    assert_eq!(task.state, TaskState::Succeeded, "{task:?}");
}

fn kill_qemu(vm: &str) {
    for pid in qemu_processes(vm) {
        run("kill", &["-9", &pid.to_string()]);
    }
}

/// Waits until the guest answers on its console, whatever earlier boots have left in the log.
async fn ready_again(lab: &Lab, vm: &str) {
    type_in(lab, vm, "are you there\r", "LQX echo are you there").await;
}

/// Types on the interactive console, again and again until the guest says `answer`.
async fn type_in(lab: &Lab, vm: &str, text: &str, answer: &str) {
    let mut line = lab.api.vms.console().await.unwrap();
    let frame = |frame| ConsoleRequest {
        frame: Some(frame),
        ..Default::default()
    };
    let open = ConsoleOpen {
        vm_id: vm.to_owned(),
        ..Default::default()
    };
    line.send(frame(Asked::Open(Box::new(open)))).await.unwrap();
    let mut read = String::new();
    let mut again = tokio::time::interval(Duration::from_secs(1));
    soon(&format!("the guest to say {answer:?}"), async {
        while !read.contains(answer) {
            tokio::select! {
                // Nobody listens before the guest has booted.
                _ = again.tick() => line.send(frame(Asked::Data(text.as_bytes().to_vec().into()))).await.unwrap(),
                message = line.message() => match message.unwrap().expect("the console goes on").to_owned_message().frame {
                    Some(Told::Data(bytes)) => read.push_str(&String::from_utf8_lossy(&bytes)),
                    Some(Told::Opened(_)) | None => {}
                    Some(Told::Closed(closed)) => panic!("{closed:?} after {read:?}"),
                }
            }
        }
    })
    .await;
}
