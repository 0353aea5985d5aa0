//! Snapshots over the wire, on a simulated node with a real agent.

use limiquantix_core::contract::{Hypervisor as _, InstanceState};
use limiquantix_mock::{Point, Verb};
use limiquantix_proto::compute::v1::VirtualMachine;
use serde_json::{Value, json};

use crate::harness::http::{Answer, post};
use crate::harness::{Running, SimNode, soon};

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

    async fn ask(&self, method: &str, body: Value) -> Answer {
        let path = format!("/limiquantix.compute.v1.VMService/{method}");
        post(self.server.address, &path, &body.to_string()).await
    }

    /// Asks, which must succeed.
    async fn get(&self, method: &str, body: Value) -> Value {
        let answer = self.ask(method, body).await;
        assert_eq!(answer.status, 200, "{method}: {}", answer.text());
        answer.json()
    }

    /// Asks, and waits until it is done.
    async fn done(&self, method: &str, body: Value) -> Value {
        let answer = self.get(method, body).await;
        self.server
            .finished(answer["currentTaskId"].as_str().unwrap())
            .await;
        answer
    }

    async fn take(&self, name: &str) -> String {
        let taken = self
            .done("CreateSnapshot", json!({ "vmId": self.vm.id, "name": name }))
            .await;
        taken["id"].as_str().unwrap().to_owned()
    }

    /// The snapshots that the node has.
    async fn kept(&self) -> usize {
        let hypervisor = self.node.mock.hypervisor();
        let kept = hypervisor.snapshots(self.vm.id.parse().unwrap()).await;
        kept.map_or(0, |all| all.len())
    }

    fn state(&self) -> InstanceState {
        self.node.mock.instances()[0].state
    }
}

#[tokio::test]
async fn a_snapshot_is_taken_shown_gone_back_to_and_removed() {
    let scene = Scene::new().await;
    let wish = json!({
        "vmId": scene.vm.id, "name": "before", "description": "the upgrade", "labels": { "by": "me" },
    });
    let answer = scene.done("CreateSnapshot", wish).await;
    assert_eq!(answer["state"], "SNAPSHOT_STATE_CREATING");
    let shown = scene.get("GetSnapshot", json!({ "id": answer["id"] })).await;
    assert_eq!(
        (
            &shown["state"],
            &shown["withMemory"],
            &shown["description"],
            &shown["labels"]["by"]
        ),
        (
            &json!("SNAPSHOT_STATE_READY"),
            &json!(true),
            &json!("the upgrade"),
            &json!("me")
        )
    );
    assert_eq!(shown["spec"]["cpu"]["cores"], 1);
    assert_eq!(
        (shown["parentId"].is_null(), shown["currentTaskId"].is_null()),
        (true, true)
    );
    assert_eq!(scene.kept().await, 1);

    let second = scene.take("after").await;
    let list = scene
        .get(
            "ListSnapshots",
            json!({ "vmId": scene.vm.id, "withTotalCount": true }),
        )
        .await;
    assert_eq!(
        (list["snapshots"].as_array().unwrap().len(), &list["totalCount"]),
        (2, &json!(2))
    );
    assert_eq!(list["snapshots"][1]["parentId"], answer["id"]);

    scene
        .done("StopVM", json!({ "id": scene.vm.id, "force": true }))
        .await;
    let vm = scene.done("RevertSnapshot", json!({ "id": answer["id"] })).await;
    assert_eq!(vm["id"], scene.vm.id.as_str());
    assert_eq!(scene.state(), InstanceState::Running, "its memory was kept");
    let vm = scene.server.vm(&scene.vm.id).await;
    assert_eq!(vm.desired_power, limiquantix_proto::compute::v1::PowerState::On);

    scene.done("DeleteSnapshot", json!({ "id": answer["id"] })).await;
    let answer = scene.ask("GetSnapshot", json!({ "id": answer["id"] })).await;
    assert_eq!((answer.status, answer.reason().as_str()), (404, "NOT_FOUND"));
    let left = scene.get("GetSnapshot", json!({ "id": second })).await;
    assert!(left["parentId"].is_null(), "what it derived from is gone");
    assert_eq!(scene.kept().await, 1);

    scene
        .done("DeleteVM", json!({ "id": scene.vm.id, "force": true }))
        .await;
    let answer = scene.ask("GetSnapshot", json!({ "id": second })).await;
    assert_eq!(answer.reason(), "NOT_FOUND", "it went with its VM");
}

#[tokio::test]
async fn what_is_off_goes_back_and_stays_off() {
    let scene = Scene::new().await;
    scene
        .done("StopVM", json!({ "id": scene.vm.id, "force": true }))
        .await;
    let id = scene.take("clean").await;
    let starts = scene.node.mock.journal().starts(scene.vm.id.parse().unwrap());
    scene.done("RevertSnapshot", json!({ "id": id })).await;
    assert!(matches!(scene.state(), InstanceState::Off(_)));
    assert_eq!(
        scene.node.mock.journal().starts(scene.vm.id.parse().unwrap()),
        starts
    );
    scene.done("StartVM", json!({ "id": scene.vm.id })).await;
    let answer = scene.ask("RevertSnapshot", json!({ "id": id })).await;
    assert_eq!((answer.status, answer.reason().as_str()), (400, "WRONG_STATE"));
    assert!(answer.text().contains("stop it first"), "{}", answer.text());
}

#[tokio::test]
async fn refusals_name_their_reason_and_change_nothing() {
    let scene = Scene::new().await;
    let id = scene.take("one").await;
    let before = scene.server.revision().await;
    let vm = &scene.vm.id;
    let nobody = "01890000-0000-7000-8000-000000000000";
    let table = [
        (
            "CreateSnapshot",
            json!({ "vmId": vm, "name": "one" }),
            409,
            "NAME_TAKEN",
        ),
        (
            "CreateSnapshot",
            json!({ "vmId": nobody, "name": "x" }),
            404,
            "NOT_FOUND",
        ),
        (
            "CreateSnapshot",
            json!({ "vmId": vm, "name": "x", "etag": "1" }),
            409,
            "VERSION_MISMATCH",
        ),
        ("GetSnapshot", json!({ "id": nobody }), 404, "NOT_FOUND"),
        ("ListSnapshots", json!({ "vmId": nobody }), 404, "NOT_FOUND"),
        ("DeleteSnapshot", json!({ "id": nobody }), 404, "NOT_FOUND"),
        (
            "DeleteSnapshot",
            json!({ "id": id, "etag": "1" }),
            409,
            "VERSION_MISMATCH",
        ),
        ("RevertSnapshot", json!({ "id": nobody }), 404, "NOT_FOUND"),
        (
            "RevertSnapshot",
            json!({ "id": id, "etag": "1" }),
            409,
            "VERSION_MISMATCH",
        ),
    ];
    for (method, body, status, reason) in table {
        let answer = scene.ask(method, body.clone()).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (status, reason),
            "{method} {body}"
        );
    }
    let fields = [
        ("CreateSnapshot", json!({ "name": "x" }), "vm_id"),
        ("CreateSnapshot", json!({ "vmId": vm }), "name"),
        ("CreateSnapshot", json!({ "vmId": vm, "name": "../x" }), "name"),
        (
            "CreateSnapshot",
            json!({ "vmId": vm, "name": "x", "labels": { "a b": "" } }),
            "labels",
        ),
        (
            "CreateSnapshot",
            json!({ "vmId": vm, "name": "x", "description": "\u{7}" }),
            "description",
        ),
        (
            "CreateSnapshot",
            json!({ "vmId": vm, "name": "x", "requestId": "a b" }),
            "request_id",
        ),
        ("GetSnapshot", json!({}), "id"),
        ("ListSnapshots", json!({}), "vm_id"),
        ("ListSnapshots", json!({ "vmId": vm, "state": 99 }), "state"),
        (
            "ListSnapshots",
            json!({ "vmId": vm, "pageSize": -1 }),
            "page_size",
        ),
        (
            "ListSnapshots",
            json!({ "vmId": vm, "pageToken": "x" }),
            "page_token",
        ),
        ("DeleteSnapshot", json!({ "id": "x" }), "id"),
        ("RevertSnapshot", json!({ "id": id, "etag": "x" }), "etag"),
    ];
    for (method, body, field) in fields {
        let answer = scene.ask(method, body.clone()).await;
        assert_eq!(answer.status, 400, "{method} {body}: {}", answer.text());
        assert_eq!(answer.fields(), [field], "{method} {body}");
    }
    for (method, body) in [
        (
            "CreateSnapshot",
            json!({ "vmId": vm, "name": "new", "validateOnly": true }),
        ),
        ("RevertSnapshot", json!({ "id": id, "validateOnly": true })),
        ("DeleteSnapshot", json!({ "id": id, "validateOnly": true })),
    ] {
        let shown = scene.get(method, body).await;
        assert!(shown["currentTaskId"].is_null(), "{method}: there is no task");
    }
    assert_eq!(scene.server.revision().await, before);
    assert_eq!(scene.kept().await, 1);
}

#[tokio::test]
async fn a_repeat_is_answered_as_the_first_time_and_does_nothing() {
    let scene = Scene::new().await;
    let wish = json!({ "vmId": scene.vm.id, "name": "one", "requestId": "r-1" });
    let first = scene.done("CreateSnapshot", wish.clone()).await;
    let revert = json!({ "id": first["id"], "requestId": "r-1" });
    let reverted = scene.done("RevertSnapshot", revert.clone()).await;
    let before = scene.server.revision().await;
    assert_eq!(scene.get("CreateSnapshot", wish.clone()).await, first);
    assert_eq!(scene.get("RevertSnapshot", revert).await, reverted);
    let mut other = wish;
    other["name"] = json!("two");
    let answer = scene.ask("CreateSnapshot", other).await;
    assert_eq!(answer.reason(), "REQUEST_ID_REUSED");
    assert_eq!(scene.server.revision().await, before);
    assert_eq!(scene.kept().await, 1);
}

/// An agent that dies between the guest and its mark goes back once more, and no guest runs twice.
#[tokio::test]
async fn an_agent_killed_in_a_reversal_leaves_a_vm_that_is_put_back() {
    let scene = Scene::new().await;
    let id = scene.take("one").await;
    scene.node.mock.faults().hang(Verb::RevertSnapshot, Point::Midway);
    let answer = scene.get("RevertSnapshot", json!({ "id": id })).await;
    let Scene { server, node, vm } = scene;
    soon("the reversal to begin", async {
        while node.mock.faults().is_pending() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
    let mock = node.kill_agent().await;
    let node = SimNode::attach(&server.url(), mock);
    server.finished(answer["currentTaskId"].as_str().unwrap()).await;
    assert_eq!(node.mock.journal().violations(), []);
    assert_eq!(node.mock.instances()[0].state, InstanceState::Running);
    assert_eq!(server.vm(&vm.id).await.current_task_id, "");
}
