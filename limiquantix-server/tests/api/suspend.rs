//! Suspending and resuming over the wire.

use limiquantix_core::contract::InstanceState;
use limiquantix_core::resource::StopCause;
use limiquantix_proto::compute::v1::{VirtualMachine, VmState, WatchVMRequest};
use serde_json::{Value, json};

use crate::harness::http::{Answer, post};
use crate::harness::{Running, SimNode, next_change};

struct Scene {
    server: Running,
    node: SimNode,
    vm: VirtualMachine,
}

impl Scene {
    async fn new() -> Self {
        let server = Running::memory().await;
        let node = SimNode::join(&server, "node-1").await;
        let vm = server.launch("web").await;
        Self { server, node, vm }
    }

    async fn ask(&self, method: &str, mut body: Value) -> Answer {
        body["id"] = json!(self.vm.id);
        let path = format!("/limiquantix.compute.v1.VMService/{method}");
        post(self.server.address, &path, &body.to_string()).await
    }

    /// Asks, and waits until it is done.
    async fn done(&self, method: &str, body: Value) -> Value {
        let answer = self.ask(method, body).await;
        assert_eq!(answer.status, 200, "{method}: {}", answer.text());
        let task = answer.json()["currentTaskId"].as_str().unwrap().to_owned();
        self.server.finished(&task).await;
        answer.json()
    }

    async fn state(&self) -> (VmState, InstanceState) {
        let shown = self.server.vm(&self.vm.id).await.status.state.as_known().unwrap();
        (shown, self.node.mock.instances()[0].state)
    }
}

#[tokio::test]
async fn a_vm_is_suspended_stays_so_and_goes_on() {
    let scene = Scene::new().await;
    scene.done("SuspendVM", json!({})).await;
    assert_eq!(scene.state().await, (VmState::Suspended, InstanceState::Paused));
    let answer = scene.ask("SuspendVM", json!({})).await;
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (400, "ALREADY_IN_STATE")
    );
    let answer = scene.ask("StartVM", json!({})).await;
    assert_eq!((answer.status, answer.reason().as_str()), (400, "WRONG_STATE"));
    assert!(
        answer.text().contains("resume or stop it first"),
        "{}",
        answer.text()
    );
    let answer = scene.ask("RebootVM", json!({})).await;
    assert_eq!(answer.reason(), "WRONG_STATE");
    scene.done("ResumeVM", json!({})).await;
    assert_eq!(scene.state().await, (VmState::Running, InstanceState::Running));
    let answer = scene.ask("ResumeVM", json!({})).await;
    assert_eq!(answer.reason(), "ALREADY_IN_STATE");
    let journal = scene.node.mock.journal();
    assert_eq!(
        journal.starts(scene.vm.id.parse().unwrap()),
        1,
        "nothing was started"
    );

    scene.done("SuspendVM", json!({})).await;
    scene.done("StopVM", json!({})).await;
    assert_eq!(
        scene.state().await.1,
        InstanceState::Off(StopCause::Requested),
        "it went on, heard the request, and obeyed"
    );
    for method in ["SuspendVM", "ResumeVM"] {
        let answer = scene.ask(method, json!({})).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (400, "WRONG_STATE"),
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_repeat_is_answered_as_the_first_time_and_does_nothing() {
    let scene = Scene::new().await;
    let first = scene.done("SuspendVM", json!({ "requestId": "r-1" })).await;
    let resumed = scene.done("ResumeVM", json!({ "requestId": "r-1" })).await;
    let before = scene.server.revision().await;
    let again = scene.ask("SuspendVM", json!({ "requestId": "r-1" })).await;
    assert_eq!(again.json(), first);
    let again = scene.ask("ResumeVM", json!({ "requestId": "r-1" })).await;
    assert_eq!(again.json(), resumed, "a request id is one method's");
    assert_eq!(scene.server.revision().await, before);
    assert_eq!(scene.state().await.0, VmState::Running);
}

#[tokio::test]
async fn versions_are_checked_and_previews_change_nothing() {
    let scene = Scene::new().await;
    let before = scene.server.revision().await;
    let answer = scene.ask("SuspendVM", json!({ "etag": "1" })).await;
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (409, "VERSION_MISMATCH")
    );
    let answer = scene.ask("SuspendVM", json!({ "validateOnly": true })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.json()["currentTaskId"].is_null(), "there is no task");
    let answer = scene.ask("ResumeVM", json!({ "validateOnly": true })).await;
    assert_eq!(
        answer.reason(),
        "ALREADY_IN_STATE",
        "what would be refused is refused now"
    );
    assert_eq!(scene.server.revision().await, before);
    assert_eq!(scene.state().await.1, InstanceState::Running);
    let etag = scene.server.vm(&scene.vm.id).await.etag;
    scene.done("SuspendVM", json!({ "etag": etag })).await;
}

/// Whoever pauses a guest with the hypervisor's own tools: the API shows it, and undoes it when asked.
#[tokio::test]
async fn a_pause_on_the_node_is_shown_and_can_be_ended_from_here() {
    let scene = Scene::new().await;
    let watch = WatchVMRequest {
        vm_id: scene.vm.id.clone(),
        ..Default::default()
    };
    let mut watch = scene.server.vms().watch_vm(watch).await.unwrap();
    assert!(scene.node.mock.pause_outside(scene.vm.id.parse().unwrap()));
    while next_change!(watch).vm.status.state != VmState::Suspended {}
    scene.done("ResumeVM", json!({})).await;
    assert_eq!(scene.state().await, (VmState::Running, InstanceState::Running));
}
