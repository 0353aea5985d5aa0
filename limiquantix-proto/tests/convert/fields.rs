//! Every rule about a request names the field as the API spells it.

use buffa::EnumValue;
use limiquantix_core::{Error, Reason, Result, validate};
use limiquantix_proto::agent::v1 as agent_wire;
use limiquantix_proto::compute::v1 as wire;
use limiquantix_proto::convert::{agent, console, id, node, vm, vm_spec, watch};
use limiquantix_proto::task::v1 as task_wire;
use limiquantix_testkit::fixtures;

/// What a server does with the spec of a request.
fn accept(spec: Option<&wire::VmSpec>) -> Result<()> {
    let spec = vm_spec::required_from_wire("spec", spec)?;
    validate::vm_spec("spec", &spec)
}

fn good_spec() -> wire::VmSpec {
    let mut spec = fixtures::vm_spec(2, 2048);
    spec.disks = vec![fixtures::disk("root", 10, None), fixtures::disk("data", 10, None)];
    let mut message = vm_spec::to_wire(&spec);
    message.nics = vec![wire::NicConfig::default(), wire::NicConfig::default()];
    message
}

fn kernel(spec: &mut wire::VmSpec) -> &mut wire::DirectKernel {
    spec.boot = wire::BootConfig {
        source: wire::DirectKernel {
            kernel: "vmlinuz".into(),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
    .into();
    match spec.boot.as_option_mut().unwrap().source.as_mut().unwrap() {
        wire::boot_config::Source::Kernel(kernel) => kernel,
        wire::boot_config::Source::Disk(_) => panic!("it boots a kernel"),
    }
}

fn assert_names(field: &str, outcome: Result<()>) -> Error {
    let error = outcome.expect_err(field);
    assert_eq!(
        (error.reason(), error.get("field")),
        (Reason::InvalidField, Some(field)),
        "{error}"
    );
    error
}

/// Makes one thing about a good message wrong.
type Spoil<M> = fn(&mut M);

#[test]
fn every_rule_about_a_spec() {
    accept(Some(&good_spec())).unwrap();
    let long = "a".repeat(256);
    let rules: [(&str, Spoil<wire::VmSpec>); 31] = [
        ("spec.cpu.cores", |s| s.cpu.get_or_insert_default().cores = 0),
        ("spec.cpu.cores", |s| s.cpu.get_or_insert_default().cores = -1),
        ("spec.cpu.cores", |s| {
            s.cpu.get_or_insert_default().cores = i32::MIN;
        }),
        ("spec.cpu.cores", |s| {
            s.cpu.get_or_insert_default().cores = i32::MAX;
        }),
        ("spec.memory.size_mib", |s| {
            s.memory.get_or_insert_default().size_mib = 511;
        }),
        ("spec.memory.size_mib", |s| {
            s.memory.get_or_insert_default().size_mib = -1;
        }),
        ("spec.memory.size_mib", |s| {
            s.memory.get_or_insert_default().size_mib = i32::MAX;
        }),
        ("spec.disks", |s| s.disks.clear()),
        ("spec.disks", |s| s.disks = vec![s.disks[0].clone(); 25]),
        ("spec.disks[1].name", |s| s.disks[1].name = "a/b".into()),
        ("spec.disks[1].name", |s| s.disks[1].name = "root".into()),
        // The name that a disk without one gets may be taken by another.
        ("spec.disks[1].name", |s| {
            s.disks[0].name = "disk1".into();
            s.disks[1].name.clear();
        }),
        ("spec.disks[0].size_gib", |s| s.disks[0].size_gib = 0),
        ("spec.disks[0].size_gib", |s| s.disks[0].size_gib = -5),
        ("spec.disks[1].size_gib", |s| s.disks[1].size_gib = i32::MAX),
        ("spec.disks[0].image", |s| s.disks[0].image = "../secret".into()),
        ("spec.disks[0].pool", |s| s.disks[0].pool = "<pool>".into()),
        ("spec.nics", |s| s.nics = vec![s.nics[0].clone(); 9]),
        ("spec.nics[1].network", |s| s.nics[1].network = "$(x)".into()),
        ("spec.nics[0].mac", |s| s.nics[0].mac = "52:54:00".into()),
        ("spec.nics[0].mac", |s| s.nics[0].mac = "01:00:5e:00:00:01".into()),
        ("spec.nics[1].mac", |s| {
            s.nics.iter_mut().for_each(|n| n.mac = "52:54:00:00:00:01".into());
        }),
        ("spec.nics[1].model", |s| s.nics[1].model = EnumValue::from(99)),
        ("spec.boot.kernel.kernel", |s| kernel(s).kernel.clear()),
        ("spec.boot.kernel.kernel", |s| {
            kernel(s).kernel = "/boot/vmlinuz".into();
        }),
        ("spec.boot.kernel.initrd", |s| kernel(s).initrd = ".hidden".into()),
        ("spec.boot.kernel.pool", |s| kernel(s).pool = " ".into()),
        ("spec.boot.kernel.cmdline", |s| kernel(s).cmdline = "a\nb".into()),
        ("spec.cloud_init.user_data", |s| {
            s.cloud_init.get_or_insert_default().user_data = "x".repeat(65537);
        }),
        ("spec.node_selector", |s| {
            s.node_selector.insert(String::new(), String::new());
        }),
        ("spec.accel", |s| s.accel = EnumValue::from(-7)),
    ];
    for (field, spoil) in rules {
        let mut spec = good_spec();
        spoil(&mut spec);
        assert_names(field, accept(Some(&spec)));
    }
    let mut spec = good_spec();
    spec.disks[0].name = long;
    assert_names("spec.disks[0].name", accept(Some(&spec)));
}

#[test]
fn what_is_missing_is_told_in_the_words_that_were_promised() {
    let text =
        |spec: Option<&wire::VmSpec>, field: &str| assert_names(field, accept(spec)).message().to_owned();
    assert_eq!(text(None, "spec"), "spec is required");
    let mut spec = good_spec();
    let few = "at least 1 CPU core is required";
    for cores in [None, Some(0), Some(-1)] {
        spec.cpu = cores
            .map(|cores| wire::CpuConfig {
                cores,
                ..Default::default()
            })
            .into();
        assert_eq!(text(Some(&spec), "spec.cpu.cores"), few, "{cores:?}");
    }
    let mut spec = good_spec();
    let little = "at least 512 MiB memory is required";
    for size_mib in [None, Some(0), Some(511), Some(-1)] {
        spec.memory = size_mib
            .map(|size_mib| wire::MemoryConfig {
                size_mib,
                ..Default::default()
            })
            .into();
        assert_eq!(text(Some(&spec), "spec.memory.size_mib"), little, "{size_mib:?}");
    }
}

#[test]
fn the_path_is_that_of_the_message_in_its_request() {
    let mut spec = good_spec();
    spec.disks[1].size_gib = -1;
    let field = |at| {
        vm_spec::from_wire(at, &spec)
            .unwrap_err()
            .get("field")
            .map(ToOwned::to_owned)
    };
    assert_eq!(
        field("assignment.spec").as_deref(),
        Some("assignment.spec.disks[1].size_gib")
    );
    assert_eq!(field("").as_deref(), Some("disks[1].size_gib"));
}

#[test]
fn every_rule_about_a_registration() {
    let good = || wire::RegisterNodeRequest {
        hostname: "node-1".into(),
        boot_id: "b".into(),
        spec: node::spec_to_wire(&fixtures::node("node-1", 8, 8192).spec).into(),
        hypervisor: wire::HypervisorInfo {
            accel: wire::Accel::Kvm.into(),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    node::registration_from_wire(&good()).unwrap();
    let rules: [(&str, Spoil<wire::RegisterNodeRequest>); 14] = [
        ("hostname", |r| r.hostname.clear()),
        ("boot_id", |r| r.boot_id.clear()),
        ("node_id", |r| r.node_id = "node-1".into()),
        ("spec", |r| r.spec = None.into()),
        ("spec.cpu_cores", |r| {
            r.spec.get_or_insert_default().cpu_cores = -1;
        }),
        ("spec.memory_mib", |r| {
            r.spec.get_or_insert_default().memory_mib = -1;
        }),
        ("spec.reserved_memory_mib", |r| {
            r.spec.get_or_insert_default().reserved_memory_mib = -1;
        }),
        ("spec.taints[0].effect", |r| {
            r.spec.get_or_insert_default().taints = vec![wire::Taint::default()];
        }),
        ("spec.taints[0].effect", |r| {
            r.spec.get_or_insert_default().taints = vec![wire::Taint {
                effect: EnumValue::from(3),
                ..Default::default()
            }];
        }),
        ("spec.pools[0].name", |r| {
            r.spec.get_or_insert_default().pools = vec![wire::PoolFacts::default()];
        }),
        ("spec.pools[0].capacity_bytes", |r| {
            r.spec.get_or_insert_default().pools = vec![wire::PoolFacts {
                name: "default".into(),
                capacity_bytes: -1,
                ..Default::default()
            }];
        }),
        ("spec.pools[0].available_bytes", |r| {
            r.spec.get_or_insert_default().pools = vec![wire::PoolFacts {
                name: "default".into(),
                available_bytes: i64::MIN,
                ..Default::default()
            }];
        }),
        ("hypervisor", |r| r.hypervisor = None.into()),
        ("hypervisor.accel", |r| {
            r.hypervisor = wire::HypervisorInfo::default().into();
        }),
    ];
    for (field, spoil) in rules {
        let mut request = good();
        spoil(&mut request);
        assert_names(field, node::registration_from_wire(&request).map(|_| ()));
    }
    let usage = wire::NodeResources {
        disk_used_bytes: -1,
        ..Default::default()
    };
    let field = "resources.disk_used_bytes";
    assert_names(field, node::usage_from_wire("resources", &usage).map(|_| ()));
}

#[test]
fn every_rule_about_an_assignment() {
    let good = || {
        let mut vm = fixtures::running_vm("web", fixtures::node_id("node-1"));
        vm.spec.nics.clear();
        let mut message = agent::assignment_to_wire(
            &limiquantix_core::reconcile::Assignment::of(&vm, &Default::default()).unwrap(),
        );
        message.operation = agent_wire::Operation {
            task_id: fixtures::task_id("t").to_string(),
            kind: agent_wire::OperationKind::Start.into(),
            ..Default::default()
        }
        .into();
        message
    };
    agent::assignment_from_wire("a", &good()).unwrap();
    let rules: [(&str, Spoil<agent_wire::Assignment>); 14] = [
        ("a.vm_id", |a| a.vm_id = "web".into()),
        ("a.vm_name", |a| a.vm_name.clear()),
        ("a.project_id", |a| a.project_id = "A B".into()),
        ("a.power", |a| a.power = None.into()),
        ("a.power.state", |a| {
            a.power.get_or_insert_default().state = EnumValue::from(0);
        }),
        ("a.power.state", |a| {
            a.power.get_or_insert_default().state = EnumValue::from(9);
        }),
        ("a.operation.task_id", |a| {
            a.operation.get_or_insert_default().task_id.clear();
        }),
        ("a.operation.kind", |a| {
            a.operation.get_or_insert_default().kind = EnumValue::from(0);
        }),
        ("a.operation.kind", |a| {
            a.operation.get_or_insert_default().kind = EnumValue::from(77);
        }),
        ("a.operation.grace", |a| {
            a.operation.get_or_insert_default().kind = agent_wire::OperationKind::Stop.into();
        }),
        ("a.spec", |a| a.spec = None.into()),
        ("a.volume_ids[0]", |a| a.volume_ids.insert(0, "../root".into())),
        ("a.unmade_volume_ids[0]", |a| {
            a.unmade_volume_ids.insert(0, "../root".into());
        }),
        ("a.mac_addresses[0]", |a| a.mac_addresses = vec!["x".into()]),
    ];
    for (field, spoil) in rules {
        let mut message = good();
        spoil(&mut message);
        assert_names(field, agent::assignment_from_wire("a", &message).map(|_| ()));
    }
}

#[test]
fn every_rule_about_a_report() {
    let defined = |state: i32, cause: i32, accel: i32| agent_wire::Defined {
        state: EnumValue::from(state),
        stop_cause: EnumValue::from(cause),
        accel: EnumValue::from(accel),
        ..Default::default()
    };
    let report = |seen: Option<agent_wire::vm_report::Seen>| agent_wire::VmReport {
        vm_id: fixtures::vm_id("web").to_string(),
        seen,
        ..Default::default()
    };
    let told = |task_id: &str, outcome| {
        let mut report = report(agent_wire::Absent::default().into());
        report.task = agent_wire::TaskReport {
            task_id: task_id.into(),
            outcome,
            ..Default::default()
        }
        .into();
        report
    };
    let percent = |percent| {
        let progress = agent_wire::Progress {
            percent,
            ..Default::default()
        };
        told(&fixtures::task_id("t").to_string(), progress.into())
    };
    let nameless = agent_wire::VmReport {
        vm_id: String::new(),
        ..report(agent_wire::Absent::default().into())
    };
    let rules = [
        ("report.vm_id", nameless),
        ("report.seen", report(None)),
        ("report.defined.state", report(defined(0, 0, 0).into())),
        ("report.defined.state", report(defined(9, 0, 0).into())),
        ("report.defined.stop_cause", report(defined(3, 0, 0).into())),
        ("report.defined.stop_cause", report(defined(3, 99, 0).into())),
        ("report.defined.accel", report(defined(1, 0, 99).into())),
        (
            "report.task.task_id",
            told("t", agent_wire::Done::default().into()),
        ),
        (
            "report.task.outcome",
            told(&fixtures::task_id("t").to_string(), None),
        ),
        ("report.task.progress.percent", percent(-1)),
        ("report.task.progress.percent", percent(101)),
    ];
    for (field, message) in rules {
        assert_names(field, agent::report_from_wire("report", &message).map(|_| ()));
    }
}

#[test]
fn every_rule_about_the_rest_of_requests() {
    let log = |offset, max_bytes| wire::GetConsoleLogRequest {
        vm_id: fixtures::vm_id("web").to_string(),
        offset,
        max_bytes,
        ..Default::default()
    };
    assert_names(
        "vm_id",
        console::log_request_from_wire(&wire::GetConsoleLogRequest::default()).map(|_| ()),
    );
    assert_names("offset", console::log_request_from_wire(&log(-1, 0)).map(|_| ()));
    assert_names(
        "max_bytes",
        console::log_request_from_wire(&log(0, -1)).map(|_| ()),
    );
    assert_eq!(console::log_request_from_wire(&log(7, 0)).unwrap().2, 64 << 10);
    assert_eq!(
        console::log_request_from_wire(&log(7, i32::MAX)).unwrap().2,
        1 << 20
    );

    let empty = agent_wire::ConsoleRequest::default();
    assert_names(
        "c.session_id",
        console::request_from_wire("c", &empty).map(|_| ()),
    );
    let kindless = agent_wire::ConsoleRequest {
        session_id: fixtures::task_id("t").to_string(),
        vm_id: fixtures::vm_id("web").to_string(),
        ..Default::default()
    };
    assert_names("c.kind", console::request_from_wire("c", &kindless).map(|_| ()));
    // A session id is the right to serve it: no error repeats it.
    let e = id::parse_session_id("hello.session_id", "0190c2a4-6f1e-7c3a-9d2b-1f0e5a7b3c4x").unwrap_err();
    assert!(!e.message().contains("0190c2a4"), "{e}");

    let length = |seconds, nanos| buffa_types::google::protobuf::Duration {
        seconds,
        nanos,
        ..Default::default()
    };
    for bad in [length(-1, 0), length(1, -1), length(0, i32::MAX)] {
        assert_names("timeout", vm::grace_from_wire(false, Some(&bad)).map(|_| ()));
    }
    assert_names(
        "timeout",
        vm::grace_from_wire(true, Some(&length(1, 0))).map(|_| ()),
    );
    assert_eq!(vm::grace_from_wire(true, None).unwrap(), None);
    assert_names("from_revision", watch::from_wire(7, true).map(|_| ()));

    for text in ["", "web", "0190C2A4", "{0190c2a4-6f1e-7c3a-9d2b-1f0e5a7b3c4d}"] {
        assert_names("target.id", id::parse_vm_id("target.id", text).map(|_| ()));
    }
    assert_eq!(
        id::parse_node_id("id", "").unwrap_err().message(),
        "id is required"
    );
}

#[test]
fn every_rule_about_a_filter() {
    let vms = |spoil: fn(&mut wire::ListVMsRequest)| {
        let mut request = wire::ListVMsRequest::default();
        spoil(&mut request);
        vm::listing_from_wire(&request).map(|_| ())
    };
    vms(|_| ()).unwrap();
    assert_names("project_id", vms(|r| r.project_id = "A".into()));
    assert_names("node_id", vms(|r| r.node_id = "node-1".into()));
    assert_names("state", vms(|r| r.state = EnumValue::from(99)));
    assert_names("page_size", vms(|r| r.page_size = -1));
    let nodes = wire::ListNodesRequest {
        phase: EnumValue::from(99),
        ..Default::default()
    };
    assert_names("phase", node::listing_from_wire(&nodes).map(|_| ()));
    let tasks = task_wire::ListTasksRequest {
        state: EnumValue::from(-1),
        ..Default::default()
    };
    let listing = limiquantix_proto::convert::task::listing_from_wire(&tasks);
    assert_names("state", listing.map(|_| ()));
}
