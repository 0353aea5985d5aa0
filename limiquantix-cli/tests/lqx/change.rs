//! Starting, stopping, rebooting, deleting.

use crate::fake::{Fake, id};

#[tokio::test]
async fn a_start_is_waited_for_and_its_course_is_told() {
    let server = Fake::start().await;
    let ended = server.lqx("vm start web-2").await.exits(0);
    assert_eq!(ended.out, "", "nobody asked for data");
    let words: Vec<Vec<&str>> = ended
        .err
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(words[0], ["✔", "placed", "on", "node-1"]);
    assert_eq!(words[1][..2], ["✔", "disk"]);
    assert_eq!(words[2][..2], ["✔", "starting"]);
    assert_eq!(words[3][..2], ["✔", "running"]);
    assert!(
        !ended.err.contains('\x1b') && !ended.err.contains('\r'),
        "no animation without a terminal"
    );
}

#[tokio::test]
async fn what_comes_out_is_the_vm_as_it_then_is() {
    let server = Fake::start().await;
    let json = server.lqx("vm start web-2 -o json").await.exits(0).json();
    assert_eq!(json["status"]["state"], "VM_STATE_RUNNING");
    let ended = server.lqx("vm stop web-2 -q").await.exits(0);
    assert_eq!((ended.out.as_str(), ended.err.as_str()), ("", ""));
}

#[tokio::test]
async fn no_wait_prints_the_task() {
    let server = Fake::start().await;
    let ended = server.lqx("vm start web-2 --no-wait").await.exits(0);
    assert_eq!(ended.out, "start-web-2\n");
    let ended = server.lqx("vm stop web --no-wait -o json").await.exits(0);
    assert_eq!(ended.json()["currentTaskId"], "stop-web");
}

#[tokio::test]
async fn what_is_so_already_is_no_error() {
    let server = Fake::start().await;
    server
        .lqx("vm start web")
        .await
        .exits(0)
        .says("vm \"web\" is already running");
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let server = Fake::start().await;
    server
        .lqx("vm start web-2 --dry-run")
        .await
        .exits(0)
        .says("would start vm \"web-2\"; nothing was changed");
    server
        .lqx("vm delete web-2 --dry-run")
        .await
        .exits(0)
        .says("would delete vm");
    let json = server.lqx("vm show web-2 -o json").await.exits(0).json();
    assert_eq!(json["desiredPower"], "POWER_STATE_OFF");
}

#[tokio::test]
async fn a_change_is_sent_again_under_the_same_request_id() {
    let server = Fake::start().await;
    server.lqx("vm start flaky").await.exits(0);
    let ids = server.state.lock().unwrap().request_ids.clone();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| *id == ids[0] && id.len() == 36), "{ids:?}");
}

#[tokio::test]
async fn a_failed_task_is_exit_code_7_with_the_reason() {
    let server = Fake::start().await;
    let ended = server.lqx("vm start broken").await.exits(7);
    ended
        .says("error[IMAGE_MISSING]: start of vm \"broken\" failed: no image \"debian\" in pool default")
        .says("task  start-broken")
        .says("try: put the image into the pool's images directory");
}

#[tokio::test]
async fn one_failure_stops_none_of_the_others() {
    let server = Fake::start().await;
    let ended = server.lqx("vm start broken web-2").await.exits(7);
    let ended = ended.says("error[IMAGE_MISSING]");
    let told = ended
        .err
        .lines()
        .any(|line| line.contains("✔ web-2") && line.contains("running"));
    assert!(told, "{ended:?}");
}

#[tokio::test]
async fn dangerous_verbs_need_a_yes_where_nobody_can_be_asked() {
    let server = Fake::start().await;
    for line in ["vm delete web-2", "vm stop web --force", "vm reboot web --force"] {
        server
            .lqx(line)
            .await
            .exits(2)
            .says("needs a confirmation")
            .says("--yes");
    }
    for call in ["DeleteVM", "StopVM", "RebootVM"] {
        assert_eq!(server.count(call), 0, "{call}");
    }
    server.lqx("vm delete web-2 --yes").await.exits(0).says("deleted");
    server
        .lqx("vm delete web --yes")
        .await
        .exits(4)
        .says("error[WRONG_STATE]: vm \"web\" is running");
    server.lqx("vm delete db --yes --force").await.exits(0);
    assert_eq!(server.count(&format!("DeleteVM {} force=true", id(3))), 1);
}

#[tokio::test]
async fn a_stop_may_be_given_time() {
    let server = Fake::start().await;
    server
        .lqx("vm stop web --grace 90s")
        .await
        .exits(0)
        .says("stopped");
    assert_eq!(
        server
            .state
            .lock()
            .unwrap()
            .calls
            .iter()
            .filter(|call| call.contains(r#""timeout":"90s""#))
            .count(),
        1
    );
    server.lqx("vm stop web --grace 90s --force").await.exits(2);
}

#[tokio::test]
async fn tasks_are_cancelled() {
    let server = Fake::start().await;
    server
        .lqx("task cancel start-st")
        .await
        .exits(0)
        .says("asked to cancel the start of vm \"stuck\"");
    server
        .lqx("task cancel start-web-2")
        .await
        .exits(4)
        .says("error[NOT_CANCELLABLE]");
}

#[tokio::test]
async fn a_vm_is_suspended_and_resumed() {
    let server = Fake::start().await;
    let ended = server
        .lqx("vm suspend web -o json")
        .await
        .exits(0)
        .says("suspended");
    assert_eq!(ended.json()["status"]["state"], "VM_STATE_SUSPENDED");
    let ended = server.lqx("vm resume web -o json").await.exits(0).says("running");
    assert_eq!(ended.json()["status"]["state"], "VM_STATE_RUNNING");
    server
        .lqx("vm suspend web db --dry-run")
        .await
        .exits(0)
        .says("would suspend vm \"web\"; nothing was changed")
        .says("would suspend vm \"db\"");
    let ended = server.lqx("vm resume web --no-wait").await.exits(0);
    assert_eq!(ended.out, "resume-web\n");
    assert_eq!(server.count(&format!("SuspendVM {}", id(1))), 2);
}
