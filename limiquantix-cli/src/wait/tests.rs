use buffa_types::google::protobuf::Timestamp;
use limiquantix_proto::compute::v1::{StopCause, VmStatus};
use limiquantix_proto::task::v1::TaskLogLine;

use super::steps::{Step, steps};
use super::*;

fn at(milliseconds: u64) -> Timestamp {
    Timestamp::from(std::time::SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds))
}

fn line(milliseconds: u64, text: &str) -> TaskLogLine {
    TaskLogLine {
        at: at(milliseconds).into(),
        text: text.into(),
        ..Default::default()
    }
}

fn task(state: TaskState) -> Task {
    Task {
        state: state.into(),
        log: vec![
            line(0, "placed on node-1"),
            line(10, "disk"),
            line(110, "starting"),
        ],
        ..Default::default()
    }
}

fn step(label: &str, detail: &str, took: Option<u64>, done: bool) -> Step {
    let took = took.map(Duration::from_millis);
    Step {
        label: label.into(),
        detail: detail.into(),
        took,
        done,
    }
}

#[test]
fn the_last_phase_of_a_running_task_goes_on() {
    let expected = [
        step("placed", "on node-1", None, true),
        step("disk", "", Some(100), true),
        step("starting", "", None, false),
    ];
    assert_eq!(steps(&task(TaskState::Running)), expected);
}

#[test]
fn a_task_that_succeeded_has_finished_its_last_phase() {
    let task = Task {
        finished_at: at(1_010).into(),
        ..task(TaskState::Succeeded)
    };
    assert_eq!(steps(&task)[2], step("starting", "", Some(900), true));
}

#[test]
fn a_task_that_failed_has_not_finished_its_last_phase() {
    let task = Task {
        finished_at: at(1_010).into(),
        ..task(TaskState::Failed)
    };
    assert_eq!(steps(&task)[2], step("starting", "", None, false));
}

#[test]
fn a_phase_may_have_several_words() {
    let task = Task {
        log: vec![
            line(0, "disk: 20 GiB overlay on pool default"),
            line(5, "waiting for the guest to shut down"),
        ],
        ..Default::default()
    };
    let expected = [
        step("disk", "20 GiB overlay on pool default", Some(5), true),
        step("waiting", "for the guest to shut down", None, false),
    ];
    assert_eq!(steps(&task), expected);
}

fn vm(state: VmState, power: PowerState, cause: StopCause) -> VirtualMachine {
    VirtualMachine {
        name: "web".into(),
        desired_power: power.into(),
        status: VmStatus {
            state: state.into(),
            stop_cause: cause.into(),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

#[test]
fn a_vm_that_may_still_run_is_waited_for() {
    for state in [
        VmState::Pending,
        VmState::Provisioning,
        VmState::Stopped,
        VmState::Starting,
        VmState::Unknown,
    ] {
        let vm = vm(state, PowerState::On, StopCause::Unspecified);
        assert!(verdict(vm, false).is_none(), "{state:?}");
    }
}

#[test]
fn a_vm_that_will_not_run_is_not_waited_for() {
    for vm in [
        vm(VmState::Error, PowerState::On, StopCause::Unspecified),
        vm(VmState::Stopping, PowerState::Off, StopCause::Unspecified),
        vm(VmState::Stopped, PowerState::On, StopCause::StartFailed),
        VirtualMachine {
            deleting: true,
            ..vm(VmState::Starting, PowerState::On, StopCause::Unspecified)
        },
    ] {
        let failure = verdict(vm, false).unwrap().unwrap_err();
        assert_eq!(failure.exit(), Exit::TaskFailed);
    }
    let gone = vm(VmState::Starting, PowerState::On, StopCause::Unspecified);
    assert!(verdict(gone, true).unwrap().is_err());
    let running = vm(VmState::Running, PowerState::On, StopCause::Unspecified);
    assert!(verdict(running, false).unwrap().is_ok());
}

#[test]
fn a_timeout_says_what_it_waited_for_and_that_the_work_goes_on() {
    let failure = timed_out(
        "start of vm \"web\"",
        "lqx task watch t-1",
        Duration::from_secs(30),
        "starting",
    );
    assert_eq!(failure.exit(), Exit::TimedOut);
    assert_eq!(
        failure.to_string(),
        "error[TIMEOUT]: waited 30 s for the start of vm \"web\", which is still at \"starting\"; the work goes on\n\
         try: lqx task watch t-1"
    );
}
