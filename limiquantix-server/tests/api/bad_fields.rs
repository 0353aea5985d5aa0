//! Requests that mean something, and something that is not allowed: the answer names the field, and nothing
//! has changed.

use serde_json::{Value, json};

use crate::harness::http::{Answer, post};
use crate::harness::{Running, SimNode};

const VM: &str = "/limiquantix.compute.v1.VMService/";
const NODE: &str = "/limiquantix.compute.v1.NodeService/";
const TASK: &str = "/limiquantix.task.v1.TaskService/";
const EVENT: &str = "/limiquantix.event.v1.EventService/";
const AGENT: &str = "/limiquantix.agent.v1.AgentService/";

/// A server with a node and a running VM that no refused request may touch.
struct Scene {
    server: Running,
    _node: SimNode,
    vm: String,
    node_id: String,
    task: String,
}

impl Scene {
    async fn new() -> Self {
        let server = Running::memory().await;
        let node = SimNode::join(&server, "node-1").await;
        let vm = server
            .vms()
            .create_vm(crate::harness::create("web"))
            .await
            .unwrap()
            .into_owned();
        server.finished(&vm.current_task_id).await;
        let seen = server.vm(&vm.id).await;
        Self {
            server,
            _node: node,
            vm: vm.id,
            node_id: seen.status.node_id.clone(),
            task: vm.current_task_id,
        }
    }

    async fn ask(&self, path: &str, body: &Value) -> Answer {
        post(self.server.address, path, &body.to_string()).await
    }

    /// The request is refused for this field.
    async fn refused(&self, path: &str, body: &Value, field: &str) {
        let before = self.server.revision().await;
        let answer = self.ask(path, body).await;
        let shown: String = body.to_string().chars().take(300).collect();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_argument"),
            "{path} {shown}: {}",
            answer.text()
        );
        assert_eq!(answer.fields(), [field], "{path} {shown}");
        assert_eq!(
            self.server.revision().await,
            before,
            "{path} {shown} changed something"
        );
    }
}

fn base() -> Value {
    json!({
        "name": "new",
        "spec": {
            "cpu": { "cores": 1 },
            "memory": { "sizeMib": 512 },
            "disks": [{ "sizeGib": 1, "image": "probe.qcow2" }],
            "nics": [{}],
        },
    })
}

/// The base request with one value replaced.
fn with(pointer: &str, value: Value) -> Value {
    changed(base(), pointer, value)
}

fn changed(mut whole: Value, pointer: &str, value: Value) -> Value {
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    let parent = whole.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[last.parse::<usize>().unwrap()] = value,
        parent => parent[last] = value,
    }
    whole
}

#[tokio::test]
async fn a_vm_that_breaks_a_rule_is_refused_by_the_field_that_breaks_it() {
    let scene = Scene::new().await;
    let disk = json!({ "sizeGib": 1 });
    let named = |name: &str| json!({ "name": name, "sizeGib": 1 });
    let long = |n: usize| "x".repeat(n);
    let labels = |n: usize| -> Value { (0..n).map(|i| (format!("k{i}"), json!("v"))).collect() };
    let kernel = |field: &str, value: Value| {
        let kernel = json!({ "kernel": "probe-vmlinux" });
        json!({ "kernel": changed(kernel, &format!("/{field}"), value) })
    };
    #[rustfmt::skip]
    let table = [
        ("/name", json!(""), "name"),
        ("/name", json!(long(256)), "name"),
        ("/projectId", json!("No Project"), "project_id"),
        ("/projectId", json!(long(64)), "project_id"),
        ("/description", json!(long(4097)), "description"),
        ("/description", json!("bell \u{7}"), "description"),
        ("/labels", json!({ "": "v" }), "labels"),
        ("/labels", json!({ "k": long(64) }), "labels"),
        ("/labels", json!({ "a b": "v" }), "labels"),
        ("/labels", labels(65), "labels"),
        ("/requestId", json!(long(129)), "request_id"),
        ("/requestId", json!("has space"), "request_id"),
        ("/spec", Value::Null, "spec"),
        ("/spec/cpu", Value::Null, "spec.cpu.cores"),
        ("/spec/cpu/cores", json!(0), "spec.cpu.cores"),
        ("/spec/cpu/cores", json!(-1), "spec.cpu.cores"),
        ("/spec/cpu/cores", json!(4097), "spec.cpu.cores"),
        ("/spec/cpu/cores", json!(i32::MAX), "spec.cpu.cores"),
        ("/spec/cpu/cores", json!(i32::MIN), "spec.cpu.cores"),
        ("/spec/memory", Value::Null, "spec.memory.size_mib"),
        ("/spec/memory/sizeMib", json!(511), "spec.memory.size_mib"),
        ("/spec/memory/sizeMib", json!(-512), "spec.memory.size_mib"),
        ("/spec/memory/sizeMib", json!(i32::MAX), "spec.memory.size_mib"),
        ("/spec/disks", json!([]), "spec.disks"),
        ("/spec/disks", json!(vec![disk; 25]), "spec.disks"),
        ("/spec/disks", json!([named("a"), named("a")]), "spec.disks[1].name"),
        ("/spec/disks/0/name", json!("../etc"), "spec.disks[0].name"),
        ("/spec/disks/0/sizeGib", json!(0), "spec.disks[0].size_gib"),
        ("/spec/disks/0/sizeGib", json!(-1), "spec.disks[0].size_gib"),
        ("/spec/disks/0/sizeGib", json!(65537), "spec.disks[0].size_gib"),
        ("/spec/disks/0/sizeGib", json!(i32::MAX), "spec.disks[0].size_gib"),
        ("/spec/disks/0/image", json!("../../etc/shadow"), "spec.disks[0].image"),
        ("/spec/disks/0/image", json!(".hidden"), "spec.disks[0].image"),
        ("/spec/disks/0/pool", json!("a/b"), "spec.disks[0].pool"),
        ("/spec/nics", json!(vec![json!({}); 9]), "spec.nics"),
        ("/spec/nics", json!(vec![json!({ "mac": "52:54:00:00:00:01" }); 2]), "spec.nics[1].mac"),
        ("/spec/nics/0/mac", json!("nonsense"), "spec.nics[0].mac"),
        ("/spec/nics/0/mac", json!("01:00:5e:00:00:01"), "spec.nics[0].mac"),
        ("/spec/nics/0/network", json!("a;b"), "spec.nics[0].network"),
        ("/spec/nics/0/model", json!(99), "spec.nics[0].model"),
        ("/spec/accel", json!(99), "spec.accel"),
        ("/spec/boot", kernel("kernel", json!("")), "spec.boot.kernel.kernel"),
        ("/spec/boot", kernel("kernel", json!("/boot/vmlinuz")), "spec.boot.kernel.kernel"),
        ("/spec/boot", kernel("initrd", json!("a/b")), "spec.boot.kernel.initrd"),
        ("/spec/boot", kernel("pool", json!("a/b")), "spec.boot.kernel.pool"),
        ("/spec/boot", kernel("cmdline", json!(long(2048))), "spec.boot.kernel.cmdline"),
        ("/spec/boot", kernel("cmdline", json!("a\nb")), "spec.boot.kernel.cmdline"),
        ("/spec/cloudInit", json!({ "userData": long(65537) }), "spec.cloud_init.user_data"),
        ("/spec/cloudInit", json!({ "metaData": long(65537) }), "spec.cloud_init.meta_data"),
        ("/spec/cloudInit", json!({ "networkConfig": long(65537) }), "spec.cloud_init.network_config"),
        ("/spec/nodeSelector", json!({ "a b": "v" }), "spec.node_selector"),
        ("/spec/tolerations", json!([{ "key": "" }]), "spec.tolerations[0].key"),
        ("/spec/tolerations", json!([{ "key": "k", "value": "a b" }]), "spec.tolerations[0].value"),
        ("/spec/tolerations", json!(vec![json!({ "key": "k" }); 65]), "spec.tolerations"),
    ];
    for (pointer, value, field) in table {
        let request = with(pointer, value);
        scene.refused(&format!("{VM}CreateVM"), &request, field).await;
        // The same rules hold for what is only asked about.
        if let Some(rest) = field.strip_prefix("spec.") {
            let question = json!({ "spec": request["spec"] });
            scene
                .refused(
                    &format!("{VM}ExplainPlacement"),
                    &question,
                    &format!("spec.{rest}"),
                )
                .await;
        }
    }
    // The request that all of these were made from is fine.
    let answer = scene.ask(&format!("{VM}CreateVM"), &base()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn every_other_request_is_refused_by_its_field_too() {
    let scene = Scene::new().await;
    let (vm, node, task) = (scene.vm.as_str(), scene.node_id.as_str(), scene.task.as_str());
    let register = json!({
        "hostname": "node-2", "bootId": "b", "hypervisor": { "accel": "ACCEL_MOCK" },
        "spec": { "cpuCores": 8, "memoryMib": 8192, "pools": [{ "name": "default" }] },
    });
    let registering = |pointer: &str, value: Value| changed(register.clone(), pointer, value);
    let report =
        json!({ "nodeId": node, "bootId": "boot-of-node-1", "report": { "vmId": vm, "absent": {} } });
    let reporting = |pointer: &str, value: Value| changed(report.clone(), pointer, value);
    let pools = vec![json!({ "name": "same" }); 2];
    #[rustfmt::skip]
    let table = [
        (VM, "GetVM", json!({}), "id"),
        (VM, "GetVM", json!({ "id": "nonsense" }), "id"),
        (VM, "GetVM", json!({ "id": format!("{vm} ") }), "id"),
        (VM, "GetVM", json!({ "name": "web", "projectId": "A B" }), "project_id"),
        (VM, "ListVMs", json!({ "pageSize": -1 }), "page_size"),
        (VM, "ListVMs", json!({ "pageToken": "nonsense" }), "page_token"),
        (VM, "ListVMs", json!({ "nodeId": "nonsense" }), "node_id"),
        (VM, "ListVMs", json!({ "projectId": "A B" }), "project_id"),
        (VM, "ListVMs", json!({ "state": 99 }), "state"),
        (VM, "UpdateVM", json!({ "id": "x" }), "id"),
        (VM, "UpdateVM", json!({ "id": vm }), "update_mask"),
        (VM, "UpdateVM", json!({ "id": vm, "updateMask": "name" }), "update_mask"),
        (VM, "UpdateVM", json!({ "id": vm, "updateMask": "spec.nonsense" }), "update_mask"),
        (VM, "UpdateVM", json!({ "id": vm, "updateMask": "description", "etag": "W/\"x\"" }), "etag"),
        (VM, "UpdateVM", json!({ "id": vm, "updateMask": "description", "description": "\u{1b}[2J" }), "description"),
        (VM, "UpdateVM", json!({ "id": vm, "updateMask": "labels", "labels": { "a b": "" } }), "labels"),
        (VM, "UpdateVM", json!({ "id": vm, "updateMask": "spec.cpu" }), "spec.cpu.cores"),
        (VM, "StartVM", json!({ "id": "" }), "id"),
        (VM, "StartVM", json!({ "id": vm, "etag": "-1" }), "etag"),
        (VM, "StopVM", json!({ "id": vm, "timeout": "-1s" }), "timeout"),
        (VM, "StopVM", json!({ "id": vm, "timeout": "1000000s" }), "timeout"),
        (VM, "StopVM", json!({ "id": vm, "force": true, "timeout": "1s" }), "timeout"),
        (VM, "RebootVM", json!({ "id": vm, "requestId": "\u{e9}" }), "request_id"),
        (VM, "SuspendVM", json!({}), "id"),
        (VM, "SuspendVM", json!({ "id": vm, "etag": "x" }), "etag"),
        (VM, "ResumeVM", json!({ "id": "x" }), "id"),
        (VM, "ResumeVM", json!({ "id": vm, "requestId": "a b" }), "request_id"),
        (VM, "DeleteVM", json!({ "id": vm, "etag": "07" }), "etag"),
        (VM, "GetConsoleLog", json!({}), "vm_id"),
        (VM, "GetConsoleLog", json!({ "vmId": vm, "offset": "-1" }), "offset"),
        (VM, "GetConsoleLog", json!({ "vmId": vm, "maxBytes": -1 }), "max_bytes"),
        (VM, "ExplainPlacement", json!({}), "spec"),
        (VM, "ExplainPlacement", json!({ "vmId": vm, "spec": base()["spec"] }), "spec"),
        (VM, "ExplainPlacement", json!({ "vmId": "x" }), "vm_id"),
        (NODE, "GetNode", json!({}), "id"),
        (NODE, "GetNode", json!({ "id": vm.replace('-', "") }), "id"),
        (NODE, "ListNodes", json!({ "pageSize": i32::MIN }), "page_size"),
        (NODE, "ListNodes", json!({ "phase": 99 }), "phase"),
        (NODE, "Heartbeat", json!({}), "node_id"),
        (NODE, "Heartbeat", json!({ "nodeId": node, "resources": { "cpuUsedMillicores": -1 } }), "resources.cpu_used_millicores"),
        (NODE, "Heartbeat", json!({ "nodeId": node, "resources": { "memoryUsedBytes": "-1" } }), "resources.memory_used_bytes"),
        (NODE, "RegisterNode", registering("/hostname", json!("")), "hostname"),
        (NODE, "RegisterNode", registering("/hostname", json!("a/b")), "hostname"),
        (NODE, "RegisterNode", registering("/bootId", json!("")), "boot_id"),
        (NODE, "RegisterNode", registering("/bootId", json!("x".repeat(256))), "boot_id"),
        (NODE, "RegisterNode", registering("/agentVersion", json!("a\nb")), "agent_version"),
        (NODE, "RegisterNode", registering("/managementIp", json!("\u{1b}[31m")), "management_ip"),
        (NODE, "RegisterNode", registering("/nodeId", json!("x")), "node_id"),
        (NODE, "RegisterNode", registering("/labels", json!({ "a b": "" })), "labels"),
        (NODE, "RegisterNode", registering("/spec", Value::Null), "spec"),
        (NODE, "RegisterNode", registering("/spec/cpuCores", json!(0)), "spec.cpu_cores"),
        (NODE, "RegisterNode", registering("/spec/cpuCores", json!(i32::MAX)), "spec.cpu_cores"),
        (NODE, "RegisterNode", registering("/spec/memoryMib", json!(-1)), "spec.memory_mib"),
        (NODE, "RegisterNode", registering("/spec/memoryMib", json!(i32::MAX)), "spec.memory_mib"),
        (NODE, "RegisterNode", registering("/spec/reservedMemoryMib", json!(9000)), "spec.reserved_memory_mib"),
        (NODE, "RegisterNode", registering("/spec/pools", json!(pools)), "spec.pools[1].name"),
        (NODE, "RegisterNode", registering("/spec/pools/0/name", json!("..")), "spec.pools[0].name"),
        (NODE, "RegisterNode", registering("/spec/pools/0/capacityBytes", json!("-1")), "spec.pools[0].capacity_bytes"),
        (NODE, "RegisterNode", registering("/spec/taints", json!([{ "key": "k" }])), "spec.taints[0].effect"),
        (NODE, "RegisterNode", registering("/hypervisor", Value::Null), "hypervisor"),
        (NODE, "RegisterNode", registering("/hypervisor/accel", json!(0)), "hypervisor.accel"),
        (NODE, "UpdateNode", json!({}), "id"),
        (NODE, "UpdateNode", json!({ "id": node }), "update_mask"),
        (NODE, "UpdateNode", json!({ "id": node, "updateMask": "hostname" }), "update_mask"),
        (NODE, "UpdateNode", json!({ "id": node, "updateMask": "labels", "labels": { "": "" } }), "labels"),
        (NODE, "UpdateNode", json!({ "id": node, "updateMask": "description", "description": "\u{1b}[31m" }), "description"),
        (NODE, "CordonNode", json!({ "id": node, "reason": "a\nb" }), "reason"),
        (NODE, "CordonNode", json!({ "id": node, "etag": "x" }), "etag"),
        (NODE, "CordonNode", json!({ "id": node, "requestId": "a b" }), "request_id"),
        (NODE, "UncordonNode", json!({ "id": "x" }), "id"),
        (NODE, "UncordonNode", json!({ "id": node, "reason": "x".repeat(256) }), "reason"),
        (NODE, "AddTaint", json!({ "id": node }), "taint"),
        (NODE, "AddTaint", json!({ "id": node, "taint": { "key": "k" } }), "taint.effect"),
        (NODE, "AddTaint", json!({ "id": node, "taint": { "effect": 1 } }), "taint.key"),
        (NODE, "AddTaint", json!({ "id": node, "taint": { "key": "k", "value": "a b", "effect": 1 } }), "taint.value"),
        (NODE, "RemoveTaint", json!({ "id": node }), "key"),
        (NODE, "RemoveTaint", json!({ "id": node, "key": "k", "effect": 9 }), "effect"),
        (NODE, "DeleteNode", json!({}), "id"),
        (NODE, "DeleteNode", json!({ "id": node, "nodeIsGone": true }), "reason"),
        (NODE, "GetNodeMetrics", json!({}), "node_id"),
        (TASK, "GetTask", json!({}), "id"),
        (TASK, "ListTasks", json!({ "pageToken": "00" }), "page_token"),
        (TASK, "ListTasks", json!({ "state": 99 }), "state"),
        (TASK, "ListTasks", json!({ "nodeId": "x" }), "node_id"),
        (TASK, "WaitTask", json!({}), "id"),
        (TASK, "WaitTask", json!({ "id": task, "timeout": "-1s" }), "timeout"),
        (TASK, "CancelTask", json!({ "id": task, "requestId": "a b" }), "request_id"),
        (EVENT, "GetEvent", json!({}), "id"),
        (EVENT, "ListEvents", json!({ "pageSize": -1 }), "page_size"),
        (EVENT, "ListEvents", json!({ "resourceType": "moon" }), "resource_type"),
        (EVENT, "ListEvents", json!({ "eventTypes": ["flown"] }), "event_types[0]"),
        (EVENT, "ListEvents", json!({ "nodeId": "x" }), "node_id"),
        (TASK, "CancelTask", json!({ "id": "x" }), "id"),
        (TASK, "CancelTask", json!({ "id": task, "etag": "x" }), "etag"),
        (AGENT, "ReportVM", json!({}), "node_id"),
        (AGENT, "ReportVM", reporting("/report", Value::Null), "report"),
        (AGENT, "ReportVM", reporting("/report/vmId", json!("x")), "report.vm_id"),
        (AGENT, "ReportVM", reporting("/report/absent", Value::Null), "report.seen"),
        (AGENT, "ReportVM", reporting("/report/task", json!({ "taskId": task })), "report.task.outcome"),
        (AGENT, "ReportVM", reporting("/report/task", json!({ "taskId": task, "progress": { "percent": 101 } })), "report.task.progress.percent"),
    ];
    for (service, method, body, field) in table {
        scene.refused(&format!("{service}{method}"), &body, field).await;
    }
}

#[tokio::test]
async fn names_with_a_meaning_to_something_else_are_refused() {
    let scene = Scene::new().await;
    let names = [
        "../../etc/passwd",
        "/etc/passwd",
        "..",
        ".",
        "a/b",
        "a\\b",
        "<domain/>",
        "a&b;",
        "]]>",
        "a'b",
        "a\"b",
        "$(reboot)",
        "`reboot`",
        "a;b",
        "a|b",
        "a>b",
        "a*b",
        "%s%n",
        "a\0b",
        "a\nb",
        "a\rb",
        "\u{1b}[31mred",
        "a\u{202e}b",
        "a\u{200b}b",
        "a\u{feff}b",
        "-rf",
        " padded ",
        "a,b",
        "a=b",
        "{{7*7}}",
        "a\u{fffe}b",
    ];
    for name in names {
        let create = format!("{VM}CreateVM");
        scene.refused(&create, &with("/name", json!(name)), "name").await;
        let disk = with("/spec/disks/0/name", json!(name));
        scene.refused(&create, &disk, "spec.disks[0].name").await;
        let image = with("/spec/disks/0/image", json!(name));
        scene.refused(&create, &image, "spec.disks[0].image").await;
        let pool = with("/spec/disks/0/pool", json!(name));
        scene.refused(&create, &pool, "spec.disks[0].pool").await;
        // To look for such a name is no offence; there is none.
        let answer = scene.ask(&format!("{VM}GetVM"), &json!({ "name": name })).await;
        assert_eq!(answer.code(), "not_found", "{name:?}");
        let answer = scene.ask(&format!("{VM}ListVMs"), &json!({ "name": name })).await;
        assert_eq!(
            (answer.status, answer.json()["vms"].is_null()),
            (200, true),
            "{name:?}"
        );
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let scene = Scene::new().await;
    let before = scene.server.revision().await;
    let nobody = "01890000-0000-7000-8000-000000000000";
    let body = json!({
        "id": nobody, "vmId": nobody, "nodeId": nobody, "bootId": "b", "updateMask": "description", "key": "k",
        "taint": { "key": "k", "effect": "TAINT_EFFECT_NO_SCHEDULE" },
        "report": { "vmId": nobody, "absent": {} },
    });
    for (service, method) in [
        (VM, "GetVM"),
        (VM, "UpdateVM"),
        (VM, "DeleteVM"),
        (VM, "StartVM"),
        (VM, "StopVM"),
        (VM, "RebootVM"),
        (VM, "SuspendVM"),
        (VM, "ResumeVM"),
        (VM, "GetConsoleLog"),
        (VM, "ExplainPlacement"),
        (NODE, "GetNode"),
        (NODE, "UpdateNode"),
        (NODE, "CordonNode"),
        (NODE, "UncordonNode"),
        (NODE, "AddTaint"),
        (NODE, "RemoveTaint"),
        (NODE, "DeleteNode"),
        (NODE, "GetNodeMetrics"),
        (TASK, "GetTask"),
        (TASK, "CancelTask"),
        (TASK, "WaitTask"),
        (EVENT, "GetEvent"),
        (AGENT, "ReportVM"),
    ] {
        let answer = scene.ask(&format!("{service}{method}"), &body).await;
        assert_eq!(
            (answer.status, answer.code().as_str(), answer.reason().as_str()),
            (404, "not_found", "NOT_FOUND"),
            "{method}: {}",
            answer.text()
        );
    }
    // An agent whose node is not known has to register, which its own reason tells it.
    let answer = scene.ask(&format!("{NODE}Heartbeat"), &body).await;
    assert!(
        ["NOT_FOUND", "NODE_SUPERSEDED"].contains(&answer.reason().as_str()),
        "{}",
        answer.text()
    );
    assert_eq!(scene.server.revision().await, before);
}

#[tokio::test]
async fn a_change_to_what_was_not_seen_is_refused() {
    let scene = Scene::new().await;
    let (vm, before) = (scene.vm.clone(), scene.server.revision().await);
    for (method, mut body) in [
        (
            "UpdateVM",
            json!({ "updateMask": "description", "description": "x" }),
        ),
        ("StartVM", json!({})),
        ("StopVM", json!({})),
        ("RebootVM", json!({})),
        ("SuspendVM", json!({})),
        ("ResumeVM", json!({})),
        ("DeleteVM", json!({ "force": true })),
    ] {
        body["id"] = json!(vm);
        body["etag"] = json!("1");
        let answer = scene.ask(&format!("{VM}{method}"), &body).await;
        assert_eq!(
            (answer.code().as_str(), answer.reason().as_str()),
            ("aborted", "VERSION_MISMATCH"),
            "{method}: {}",
            answer.text()
        );
        assert_eq!(answer.status, 409, "{method}");
    }
    for (method, mut body) in [
        (
            "UpdateNode",
            json!({ "updateMask": "description", "description": "x" }),
        ),
        ("CordonNode", json!({})),
        ("UncordonNode", json!({})),
        ("AddTaint", json!({ "taint": { "key": "k", "effect": 1 } })),
        ("RemoveTaint", json!({ "key": "k" })),
        ("DeleteNode", json!({})),
    ] {
        body["id"] = json!(scene.node_id);
        body["etag"] = json!("1");
        let answer = scene.ask(&format!("{NODE}{method}"), &body).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (409, "VERSION_MISMATCH"),
            "{method}"
        );
    }
    assert_eq!(scene.server.revision().await, before);
}
