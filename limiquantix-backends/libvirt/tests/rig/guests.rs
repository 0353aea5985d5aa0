use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use limiquantix_core::contract::{
    AssignedDisk, Firmware, Hypervisor, Machine, StorageBackend, VolumeRequest,
};
use limiquantix_core::identity::{ImageName, Name, ProjectId, VmId, VolumeId};
use limiquantix_core::resource::VolumeSource;
use limiquantix_core::unit::{Cores, Gibibytes, Mebibytes};
use limiquantix_testkit::hypervisor::{Disturbance, Guest};

use super::{ACCEL, PATIENCE, Rig, image, pool, vm_id, volume_id};

pub(super) fn bare(name: &str) -> Machine {
    Machine {
        vm: vm_id(),
        name: Name::parse("name", name).expect("name"),
        project: ProjectId::default(),
        epoch: 1,
        cores: Cores(1),
        memory: Mebibytes(64),
        disks: Vec::new(),
        nics: Vec::new(),
        firmware: Firmware::Disk,
        cloud_init: None,
        accel: ACCEL,
    }
}

pub(super) fn probe(name: &str, parameters: &str) -> Machine {
    Machine {
        memory: Mebibytes(256),
        firmware: Firmware::Kernel {
            pool: pool(),
            kernel: image("vmlinux"),
            initrd: Some(image("initrd.img")),
            cmdline: format!("console=ttyS0 quiet lqx.name={name} {parameters}"),
        },
        ..bare(name)
    }
}

/// A disk with nothing on it.
pub(super) async fn blank(rig: &Rig) -> AssignedDisk {
    let request = VolumeRequest {
        id: volume_id(),
        pool: pool(),
        size: Gibibytes(1),
        source: VolumeSource::Empty,
    };
    rig.storage.ensure_volume(&request).await.expect("volume");
    AssignedDisk {
        volume: request.id,
        pool: pool(),
    }
}

#[async_trait]
impl limiquantix_testkit::hypervisor::Rig for Rig {
    fn hypervisor(&self) -> Arc<dyn Hypervisor> {
        super::hypervisor(self)
    }

    async fn reattach(&self) -> Arc<dyn Hypervisor> {
        Arc::new(self.attach(&self.uri).await.0)
    }

    async fn machine(&self, guest: Guest) -> Machine {
        match guest {
            // Firmware that finds nothing to start waits for ever, and hears no power button.
            Guest::Deaf => bare("deaf"),
            Guest::Polite => probe("polite", ""),
            Guest::Brief => probe("brief", "lqx.once=1"),
            Guest::Stateful => Machine {
                disks: vec![blank(self).await],
                ..bare("stateful")
            },
        }
    }

    async fn disturb(&self, vm: VmId, what: Disturbance) {
        let domain = self
            .outside()
            .lookup_domain_by_uuid(vm.uuid())
            .expect("the domain is there");
        match what {
            Disturbance::Destroy => domain.destroy().expect("destroy"),
            Disturbance::Crash => kill_qemu(vm),
        }
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    // Dropping a rig clears up behind it.
    async fn clear(&self) {}
}

fn kill_qemu(vm: VmId) {
    let (pid, _) = qemu(vm).pop().expect("a QEMU process");
    let killed = std::process::Command::new("kill")
        .args(["-9", &pid])
        .status()
        .expect("kill");
    assert!(killed.success());
}

/// The QEMU processes of a guest with their arguments. Found by the VM's id in these, since libvirt may be in a
/// namespace of its own where processes have other numbers.
pub(super) fn qemu(vm: VmId) -> Vec<(String, Vec<String>)> {
    let id = vm.to_string();
    let processes = std::fs::read_dir("/proc").expect("proc").flatten();
    let processes = processes.filter_map(|entry| {
        let pid = entry.file_name().into_string().ok()?;
        pid.parse::<u32>().ok()?;
        let arguments = std::fs::read(entry.path().join("cmdline")).ok()?;
        let arguments = String::from_utf8_lossy(&arguments);
        let arguments: Vec<_> = arguments.split('\0').map(str::to_owned).collect();
        let is_qemu = arguments[0].contains("qemu-system") && arguments.iter().any(|a| a.contains(&id));
        is_qemu.then_some((pid, arguments))
    });
    processes.collect()
}

#[async_trait]
impl limiquantix_testkit::storage::Rig for Rig {
    fn storage(&self) -> Arc<dyn StorageBackend> {
        super::storage(self)
    }

    fn pool(&self) -> Name {
        pool()
    }

    fn image(&self) -> ImageName {
        image("two-gib.qcow2")
    }

    fn volume_ids(&self, count: usize) -> Vec<VolumeId> {
        (0..count).map(|_| volume_id()).collect()
    }

    async fn half_make(&self, request: &VolumeRequest) {
        let left = self.dir.join(format!("pool/.making/{}.4711-0", request.id));
        std::fs::write(left, b"QFI\xfb and then the agent was killed").expect("write");
    }

    // Dropping a rig clears up behind it.
    async fn clear(&self) {}
}
