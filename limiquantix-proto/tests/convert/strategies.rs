//! Values of core that the wire can hold exactly, and messages with anything in them.

use std::time::Duration;

use buffa::EnumValue;
use limiquantix_core::contract::{
    ConsoleKind, ConsoleRequest, InstanceState, NodeRegistration, RunMark, SessionId,
};
use limiquantix_core::identity::{TaskId, VmId, VolumeId};
use limiquantix_core::reconcile::Assignment;
use limiquantix_core::resource::{
    Accel, MacAddress, Node, Operation, OperationKind, StopCause, TaskError, VmSpec,
};
use limiquantix_core::settle::{Outcome, Seen, TaskReport, VmReport};
use limiquantix_core::unit::{Bytes, Cores, Mebibytes};
use limiquantix_proto::compute::v1 as wire;
use limiquantix_testkit::strategies::{any_node, any_vm, any_vm_spec};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

/// A spec with counts that the wire's 31 bits hold; `validate` allows far less.
pub(crate) fn spec() -> impl Strategy<Value = VmSpec> {
    any_vm_spec().prop_map(narrowed)
}

fn narrowed(mut spec: VmSpec) -> VmSpec {
    spec.cpu.cores = Cores(spec.cpu.cores.get().min(i32::MAX.unsigned_abs()));
    spec.memory = Mebibytes(spec.memory.get().min(i32::MAX.unsigned_abs()));
    spec
}

/// Any assignment, whether or not the lifecycle leads to it.
pub(crate) fn assignment() -> impl Strategy<Value = Assignment> {
    let mac = any::<[u8; 6]>().prop_map(|mut bytes| {
        bytes[0] &= !1;
        MacAddress(bytes)
    });
    let grace = (0u64..1_000_000, 0u32..1_000_000_000).prop_map(|(s, n)| Duration::new(s, n));
    (any_vm(), vec(mac, 0..4), any::<u32>(), any::<bool>(), of(grace)).prop_map(
        |(vm, macs, epoch, unseen, grace)| Assignment {
            vm: vm.id,
            name: vm.name,
            project: vm.project,
            epoch,
            power: vm.power,
            deleting: vm.deleting,
            operation: vm.operation.map(|op| match grace {
                Some(grace) => Operation {
                    kind: OperationKind::Stop { grace },
                    ..op
                },
                None => op,
            }),
            spec: narrowed(vm.spec),
            unmade: vm.volumes.iter().copied().skip(1).collect(),
            volumes: vm.volumes,
            macs,
            unseen,
        },
    )
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn accel() -> impl Strategy<Value = Accel> {
    select(vec![Accel::Kvm, Accel::Tcg, Accel::Mock])
}

fn seen() -> impl Strategy<Value = Seen> {
    let cause = select(vec![
        StopCause::Requested,
        StopCause::GuestShutdown,
        StopCause::Outside,
        StopCause::Crashed,
        StopCause::StartFailed,
        StopCause::Unknown,
    ]);
    let state = prop_oneof![
        Just(InstanceState::Running),
        Just(InstanceState::Paused),
        cause.prop_map(InstanceState::Off),
    ];
    let run = (any::<u32>(), any::<u32>()).prop_map(|(epoch, generation)| RunMark { epoch, generation });
    let defined = (state, of(run), of(accel())).prop_map(|(state, last_run, accel)| Seen::Defined {
        state,
        last_run,
        accel,
    });
    prop_oneof![1 => Just(Seen::Absent), 4 => defined]
}

/// Any report.
pub(crate) fn report() -> impl Strategy<Value = VmReport> {
    let outcome = prop_oneof![
        (".{0,30}", 0u32..=100).prop_map(|(phase, percent)| Outcome::Progress { phase, percent }),
        Just(Outcome::Done),
        ("[A-Z_]{0,20}", ".{0,60}")
            .prop_map(|(reason, message)| Outcome::Failed(TaskError { reason, message })),
    ];
    let task = (uuid(), outcome).prop_map(|(task, outcome)| TaskReport {
        task: TaskId::from_uuid(task),
        outcome,
    });
    let made = vec(uuid().prop_map(VolumeId::from_uuid), 0..3);
    (uuid(), any::<u32>(), seen(), of(task), made).prop_map(|(vm, epoch, seen, task, made)| VmReport {
        vm: VmId::from_uuid(vm),
        epoch,
        seen,
        task,
        made,
    })
}

/// Any registration of a node with pools below 8 EiB.
pub(crate) fn registration() -> impl Strategy<Value = NodeRegistration> {
    (any_node(), any::<bool>()).prop_map(|(node, known): (Node, bool)| {
        let mut spec = node.spec;
        for pool in &mut spec.pools {
            pool.capacity = Bytes(pool.capacity.get() >> 1);
            pool.available = Bytes(pool.available.get() >> 1);
        }
        NodeRegistration {
            id: known.then_some(node.id),
            name: node.name,
            management_ip: node.management_ip,
            labels: node.meta.labels,
            spec,
            boot_id: node.status.boot_id,
            agent_version: node.status.agent_version,
            hypervisor: node.status.hypervisor,
        }
    })
}

/// Any request for a console.
pub(crate) fn console_request() -> impl Strategy<Value = ConsoleRequest> {
    let log = (0..=i64::MAX.unsigned_abs(), 0..=i32::MAX.unsigned_abs())
        .prop_map(|(offset, max)| ConsoleKind::Log { offset, max });
    let kind = prop_oneof![log, Just(ConsoleKind::Interactive)];
    (uuid(), uuid(), kind).prop_map(|(session, vm, kind)| ConsoleRequest {
        session: SessionId(session),
        vm: VmId::from_uuid(vm),
        kind,
    })
}

/// A spec message with anything in its fields: what a stranger can send, short of malformed bytes.
pub(crate) fn wild_spec() -> impl Strategy<Value = wire::VmSpec> {
    let text = || prop_oneof![3 => Just(String::new()), 2 => "[a-z]{1,6}", 1 => "(?s).{0,300}"];
    let number = || prop_oneof![Just(0), Just(i32::MIN), Just(-1), Just(i32::MAX), any::<i32>()];
    let disk =
        (text(), number(), text(), text()).prop_map(|(name, size_gib, image, pool)| wire::DiskConfig {
            name,
            size_gib,
            image,
            pool,
            ..Default::default()
        });
    let nic = (text(), text(), number()).prop_map(|(network, mac, model)| wire::NicConfig {
        network,
        mac,
        model: EnumValue::from(model),
        ..Default::default()
    });
    let kernel =
        (text(), text(), text(), text()).prop_map(|(kernel, initrd, cmdline, pool)| wire::BootConfig {
            source: wire::DirectKernel {
                kernel,
                initrd,
                cmdline,
                pool,
                ..Default::default()
            }
            .into(),
            ..Default::default()
        });
    let seed =
        (text(), of(text()), of(text())).prop_map(|(user_data, meta_data, network_config)| wire::CloudInit {
            user_data,
            meta_data,
            network_config,
            ..Default::default()
        });
    let numbers = (of(number()), of(number()), number());
    (numbers, vec(disk, 0..4), vec(nic, 0..4), of(kernel), of(seed)).prop_map(
        |((cores, size_mib, accel), disks, nics, boot, cloud_init)| wire::VmSpec {
            cpu: cores
                .map(|cores| wire::CpuConfig {
                    cores,
                    ..Default::default()
                })
                .into(),
            memory: size_mib
                .map(|size_mib| wire::MemoryConfig {
                    size_mib,
                    ..Default::default()
                })
                .into(),
            disks,
            nics,
            boot: boot.into(),
            cloud_init: cloud_init.into(),
            accel: EnumValue::from(accel),
            ..Default::default()
        },
    )
}
