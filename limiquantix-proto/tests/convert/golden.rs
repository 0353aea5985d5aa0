//! What scripts and `-o json` get, word for word.

use limiquantix_core::Reason;
use limiquantix_core::identity::TaskId;
use limiquantix_core::resource::{
    Accel, Boot, CloudInit, MacAddress, NicModel, NicSpec, Operation, OperationKind, Revision, StopCause,
    TaskKind, TaskState, Toleration,
};
use limiquantix_core::time::Timestamp;
use limiquantix_proto::convert::{task, vm};
use limiquantix_testkit::fixtures;
use serde_json::json;

#[test]
fn a_vm_with_everything() {
    let mut object = fixtures::running_vm("web", fixtures::node_id("node-1"));
    object.meta.revision = Revision(42);
    object.meta.labels = fixtures::labels([("tier", "front")]);
    object.description = "shop".into();
    object.spec.disks = vec![fixtures::disk("root", 20, Some("debian-13.qcow2"))];
    object.spec.nics = vec![NicSpec {
        network: fixtures::name("default"),
        mac: Some(MacAddress([0x52, 0x54, 0, 0x12, 0x34, 0x56])),
        model: NicModel::E1000e,
        addresses: vec!["10.0.0.9".parse().unwrap()],
    }];
    object.spec.boot = Boot::Kernel {
        pool: fixtures::name("default"),
        kernel: fixtures::image("vmlinuz"),
        initrd: Some(fixtures::image("initrd.img")),
        cmdline: "console=ttyS0".into(),
    };
    object.spec.cloud_init = Some(CloudInit {
        user_data: "#cloud-config".into(),
        meta_data: None,
        network_config: None,
    });
    object.spec.placement.node_selector = fixtures::labels([("zone", "a")]);
    object.spec.placement.tolerations = vec![Toleration {
        key: "gpu".into(),
        value: None,
    }];
    let task: TaskId = fixtures::task_id("stop");
    object.operation = Some(Operation {
        task,
        kind: OperationKind::Reboot { force: true },
    });
    object.deleting = true;
    object.status.cause = Some(StopCause::Outside);
    object.status.message = "it restarts".into();
    object.status.accel = Some(Accel::Tcg);
    object.status.addresses = vec!["192.0.2.7".into()];
    assert_eq!(
        serde_json::to_value(vm::to_wire(&object, Some("node-1"))).unwrap(),
        json!({
            "id": object.id.to_string(),
            "name": "web",
            "projectId": "default",
            "description": "shop",
            "labels": {"tier": "front"},
            "spec": {
                "cpu": {"cores": 1},
                "memory": {"sizeMib": 512},
                "disks": [{"name": "root", "sizeGib": 20, "image": "debian-13.qcow2", "pool": "default"}],
                "nics": [{"network": "default", "mac": "52:54:00:12:34:56", "model": "NIC_MODEL_E1000E", "ipAddresses": ["10.0.0.9"]}],
                "boot": {"kernel": {
                    "kernel": "vmlinuz", "initrd": "initrd.img", "cmdline": "console=ttyS0", "pool": "default",
                }},
                "cloudInit": {"userData": "#cloud-config"},
                "nodeSelector": {"zone": "a"},
                "tolerations": [{"key": "gpu"}],
                "accel": "ACCEL_MODE_AUTO",
            },
            "status": {
                "state": "VM_STATE_RUNNING",
                "nodeId": fixtures::node_id("node-1").to_string(),
                "nodeName": "node-1",
                "runEpoch": 1,
                "powerGeneration": 1,
                "stopCause": "STOP_CAUSE_OUTSIDE",
                "message": "it restarts",
                "accel": "ACCEL_TCG",
                "ipAddresses": ["192.0.2.7"],
                "startedAt": "2026-01-01T00:00:00Z",
            },
            "etag": "42",
            "revision": "42",
            "createdAt": "2026-01-01T00:00:00Z",
            "updatedAt": "2026-01-01T00:00:00Z",
            "desiredPower": "POWER_STATE_ON",
            "currentTaskId": task.to_string(),
            "deleting": true,
        })
    );
}

#[test]
fn a_task_that_failed() {
    let object = fixtures::running_vm("web", fixtures::node_id("node-1"));
    let mut failed = fixtures::task("create", TaskKind::CreateVm, &object);
    let after = |micros| Timestamp(fixtures::T0.micros() + micros);
    failed.meta.revision = Revision(7);
    failed.state = TaskState::Running;
    failed.phase = "disk".into();
    failed.percent = 20;
    failed.started_at = Some(after(1_000_000));
    failed.cancel_requested = true;
    failed.note(after(1_500_000), "disk");
    failed.fail(
        after(2_000_001),
        Reason::ImageMissing,
        "pool default has no image debian-13.qcow2",
    );
    assert_eq!(
        serde_json::to_value(task::to_wire(&failed)).unwrap(),
        json!({
            "id": failed.id.to_string(),
            "kind": "TASK_KIND_CREATE_VM",
            "target": {
                "kind": "vm",
                "id": object.id.to_string(),
                "name": "web",
                "nodeId": fixtures::node_id("node-1").to_string(),
            },
            "projectId": "default",
            "state": "TASK_STATE_FAILED",
            "phase": "disk",
            "progressPercent": 20,
            "log": [{"at": "2026-01-01T00:00:01.500Z", "text": "disk"}],
            "error": {"reason": "IMAGE_MISSING", "message": "pool default has no image debian-13.qcow2"},
            "createdAt": "2026-01-01T00:00:00Z",
            "updatedAt": "2026-01-01T00:00:02.000001Z",
            "startedAt": "2026-01-01T00:00:01Z",
            "finishedAt": "2026-01-01T00:00:02.000001Z",
            "revision": "7",
            "etag": "7",
            "cancelRequested": true,
        })
    );
}
