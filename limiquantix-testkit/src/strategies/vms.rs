use std::net::Ipv4Addr;
use std::time::Duration;

use limiquantix_core::identity::{NodeId, SnapshotId, TaskId, VmId, VolumeId};
use limiquantix_core::resource::{
    Accel, AccelPreference, Attachment, Boot, CloudInit, CpuSpec, DiskSpec, MacAddress, Meta, NicModel,
    NicSpec, Operation, OperationKind, Placement, PlacementSpec, PowerIntent, PowerState, Snapshot,
    SnapshotPhase, StopCause, Toleration, Vm, VmPhase, VmSpec, VmStatus,
};
use limiquantix_core::unit::{Cores, Gibibytes, Mebibytes};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::names::{any_image, any_labels, any_name, any_project};
use super::{any_time, any_uuid};

/// Any valid hardware: at least one core and 512 MiB, up to eight disks and interfaces with distinct names
/// and addresses.
pub fn any_vm_spec() -> impl Strategy<Value = VmSpec> {
    let size = prop_oneof![4 => 512u32..65_536, 1 => Just(u32::MAX)];
    let cores = prop_oneof![4 => 1u32..=64, 1 => Just(u32::MAX)];
    (
        (cores, size),
        prop::collection::vec((1u32..4096, of(any_image()), any_name()), 0..8),
        prop::collection::vec((any_name(), any::<bool>(), any::<bool>()), 0..8),
        any_boot(),
        of(any_cloud_init()),
        any_placement_spec(),
        select(vec![
            AccelPreference::Auto,
            AccelPreference::Kvm,
            AccelPreference::Tcg,
        ]),
    )
        .prop_map(
            |((cores, memory), disks, nics, boot, cloud_init, placement, accel)| VmSpec {
                cpu: CpuSpec { cores: Cores(cores) },
                memory: Mebibytes(memory),
                disks: disks.into_iter().zip(0..).map(numbered_disk).collect(),
                nics: nics.into_iter().zip(0..).map(numbered_nic).collect(),
                boot,
                cloud_init,
                placement,
                accel,
            },
        )
}

/// Any VM in any phase, with whatever a VM can carry. Not always one that the lifecycle would lead to:
/// stores and encoders must take them all.
pub fn any_vm() -> impl Strategy<Value = Vm> {
    let identity = (any_uuid(), any_name(), any_project(), any_labels(), "\\PC{0,40}");
    let power = (any::<bool>(), any::<u32>(), any::<bool>());
    let where_ = of((any_uuid(), any::<u32>()));
    let volumes = prop::collection::vec(any_uuid().prop_map(VolumeId::from_uuid), 0..4);
    let operation = of((any_uuid(), any_operation()));
    (
        identity,
        any_vm_spec(),
        power,
        where_,
        volumes,
        operation,
        any_status(),
        any_time(),
    )
        .prop_map(
            |(identity, spec, (on, generation, deleting), place, volumes, operation, status, created)| {
                let (id, name, project, labels, description) = identity;
                let attachments = spec.nics.iter().map(attachment).collect();
                Vm {
                    id: VmId::from_uuid(id),
                    meta: Meta::created(created, labels),
                    name,
                    project,
                    description,
                    spec,
                    power: PowerIntent {
                        state: if on { PowerState::On } else { PowerState::Off },
                        generation,
                    },
                    placement: place.map(|(node, epoch)| Placement {
                        node: NodeId::from_uuid(node),
                        epoch,
                    }),
                    volumes,
                    attachments,
                    snapshots: Vec::new(),
                    current_snapshot: None,
                    operation: operation.map(|(task, kind)| Operation {
                        task: TaskId::from_uuid(task),
                        kind,
                    }),
                    deleting,
                    status,
                }
            },
        )
}

fn numbered_disk(
    ((size, image, pool), n): (
        (
            u32,
            Option<limiquantix_core::identity::ImageName>,
            limiquantix_core::identity::Name,
        ),
        u8,
    ),
) -> DiskSpec {
    DiskSpec {
        name: crate::fixtures::name(&format!("disk{n}")),
        size: Gibibytes(size),
        image,
        pool,
    }
}

fn numbered_nic(
    ((network, with_mac, old), n): ((limiquantix_core::identity::Name, bool, bool), u8),
) -> NicSpec {
    NicSpec {
        network,
        mac: with_mac.then_some(MacAddress([0x52, 0x54, 0, 0x12, 0x34, n])),
        model: if old { NicModel::E1000e } else { NicModel::Virtio },
        addresses: if old {
            vec![Ipv4Addr::new(10, 0, 0, n).into()]
        } else {
            Vec::new()
        },
    }
}

fn attachment(nic: &NicSpec) -> Attachment {
    Attachment {
        port: crate::fixtures::port_id(nic.network.as_str()),
        network: crate::fixtures::network_id(nic.network.as_str()),
        backing: nic.network.clone(),
        addresses: nic.addresses.clone(),
    }
}

fn any_boot() -> impl Strategy<Value = Boot> {
    prop_oneof![
        2 => Just(Boot::Disk),
        1 => (any_name(), any_image(), of(any_image()), "\\PC{0,60}").prop_map(
            |(pool, kernel, initrd, cmdline)| Boot::Kernel { pool, kernel, initrd, cmdline }
        ),
    ]
}

fn any_cloud_init() -> impl Strategy<Value = CloudInit> {
    ("(?s).{0,200}", of("(?s).{0,40}"), of("(?s).{0,40}")).prop_map(
        |(user_data, meta_data, network_config)| CloudInit {
            user_data,
            meta_data,
            network_config,
        },
    )
}

fn any_placement_spec() -> impl Strategy<Value = PlacementSpec> {
    let toleration = ("[a-z]{1,8}", of("[a-z]{0,8}")).prop_map(|(key, value)| Toleration { key, value });
    (any_labels(), prop::collection::vec(toleration, 0..3)).prop_map(|(node_selector, tolerations)| {
        PlacementSpec {
            node_selector,
            tolerations,
        }
    })
}

fn any_snapshot_id() -> impl Strategy<Value = SnapshotId> {
    any_uuid().prop_map(SnapshotId::from_uuid)
}

/// Any snapshot.
pub fn any_snapshot() -> impl Strategy<Value = Snapshot> {
    let identity = (any_uuid(), any_name(), any_uuid(), any_uuid(), "\\PC{0,40}");
    let owner = (any_project(), any_labels(), any_time(), any_vm_spec());
    let links = (of(any_snapshot_id()), of(any_uuid()), any::<bool>());
    let volumes = prop::collection::vec(any_uuid().prop_map(VolumeId::from_uuid), 0..4);
    let parts = (identity, owner, links, volumes, select(SnapshotPhase::ALL));
    let made = parts.prop_map(|(identity, owner, (parent, task, with_memory), volumes, phase)| {
        let (id, name, vm, node, text) = identity;
        let (project, labels, created, spec) = owner;
        Snapshot {
            id: SnapshotId::from_uuid(id),
            meta: Meta::created(created, labels),
            vm: VmId::from_uuid(vm),
            name,
            project,
            description: text.clone(),
            node: NodeId::from_uuid(node),
            parent,
            with_memory,
            spec,
            volumes,
            phase,
            task: task.map(TaskId::from_uuid),
            message: text,
        }
    });
    // By value it would not fit on a stack beside the others.
    made.boxed()
}

fn any_operation() -> impl Strategy<Value = OperationKind> {
    prop_oneof![
        Just(OperationKind::Create),
        Just(OperationKind::Start),
        (0u64..3600).prop_map(|s| OperationKind::Stop {
            grace: Duration::from_secs(s)
        }),
        any::<bool>().prop_map(|force| OperationKind::Reboot { force }),
        Just(OperationKind::Suspend),
        Just(OperationKind::Resume),
        (any_snapshot_id(), any::<bool>())
            .prop_map(|(snapshot, memory)| OperationKind::CreateSnapshot { snapshot, memory }),
        (any_snapshot_id(), any::<bool>())
            .prop_map(|(snapshot, memory)| OperationKind::RevertSnapshot { snapshot, memory }),
        any_snapshot_id().prop_map(|snapshot| OperationKind::DeleteSnapshot { snapshot }),
        Just(OperationKind::Update),
        Just(OperationKind::Delete),
    ]
}

fn any_status() -> impl Strategy<Value = VmStatus> {
    let cause = select(vec![
        StopCause::Requested,
        StopCause::GuestShutdown,
        StopCause::Outside,
        StopCause::Crashed,
        StopCause::StartFailed,
        StopCause::Unknown,
    ]);
    let accel = select(vec![Accel::Kvm, Accel::Tcg, Accel::Mock]);
    let addresses = prop::collection::vec("[0-9a-f.:]{3,30}", 0..3);
    (
        select(VmPhase::ALL),
        of(cause),
        "\\PC{0,60}",
        of(accel),
        of(any_time()),
        addresses,
    )
        .prop_map(|(phase, cause, message, accel, started_at, addresses)| VmStatus {
            phase,
            cause,
            message,
            accel,
            started_at,
            addresses,
        })
}
