//! The simulated node keeps the contracts that it stands in for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use limiquantix_core::contract::{
    AssignedDisk, Firmware, Hypervisor, Machine, StorageBackend, VolumeRequest,
};
use limiquantix_core::identity::{ImageName, Name, ProjectId, VmId, VolumeId};
use limiquantix_core::resource::{Accel, VolumeSource};
use limiquantix_core::unit::{Cores, Gibibytes, Mebibytes};
use limiquantix_mock::{GuestBehaviour, MockConfig, MockNode, OnShutdown, Point, Verb};
use limiquantix_testkit::{hypervisor, storage};
use uuid::Uuid;

struct Rig {
    node: MockNode,
    ids: AtomicU64,
}

async fn rig() -> Option<Rig> {
    let mut config = MockConfig::new("node-1");
    let image = ImageName::parse("image", "two-gib.qcow2").unwrap();
    config.images.insert(image, Gibibytes(2).bytes());
    Some(Rig {
        node: MockNode::new(config),
        ids: AtomicU64::new(1),
    })
}

impl Rig {
    async fn disk(&self) -> AssignedDisk {
        let request = VolumeRequest {
            id: VolumeId::from_uuid(self.id()),
            pool: storage::Rig::pool(self),
            size: Gibibytes(1),
            source: VolumeSource::Empty,
        };
        self.node.storage().ensure_volume(&request).await.unwrap();
        AssignedDisk {
            volume: request.id,
            pool: request.pool,
        }
    }

    fn id(&self) -> Uuid {
        Uuid::from_u64_pair(7 << 12, self.ids.fetch_add(1, Ordering::Relaxed))
    }
}

#[async_trait]
impl hypervisor::Rig for Rig {
    fn hypervisor(&self) -> Arc<dyn Hypervisor> {
        Arc::new(self.node.hypervisor())
    }

    async fn reattach(&self) -> Arc<dyn Hypervisor> {
        Arc::new(self.node.hypervisor())
    }

    async fn machine(&self, guest: hypervisor::Guest) -> Machine {
        let vm = VmId::from_uuid(self.id());
        let mut behaviour = GuestBehaviour::default();
        match guest {
            hypervisor::Guest::Deaf | hypervisor::Guest::Stateful => {
                behaviour.on_shutdown = OnShutdown::Ignore;
            }
            hypervisor::Guest::Polite => {}
            hypervisor::Guest::Brief => behaviour.powers_off_after = Some(Duration::from_millis(30)),
        }
        self.node.set_behaviour(vm, behaviour);
        let disks = match guest {
            hypervisor::Guest::Stateful => vec![self.disk().await],
            _ => Vec::new(),
        };
        Machine {
            vm,
            name: Name::parse("name", "web").unwrap(),
            project: ProjectId::default(),
            epoch: 1,
            cores: Cores(1),
            memory: Mebibytes(512),
            disks,
            nics: Vec::new(),
            firmware: Firmware::Kernel {
                pool: storage::Rig::pool(self),
                kernel: ImageName::parse("kernel", "probe-vmlinux").unwrap(),
                initrd: None,
                cmdline: String::new(),
            },
            cloud_init: None,
            accel: Accel::Mock,
        }
    }

    async fn disturb(&self, vm: VmId, what: hypervisor::Disturbance) {
        let ran = match what {
            hypervisor::Disturbance::Destroy => self.node.destroy_outside(vm),
            hypervisor::Disturbance::Crash => self.node.crash(vm),
        };
        assert!(ran, "the guest ran");
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(2)
    }

    async fn clear(&self) {
        assert_eq!(self.node.journal().violations(), []);
    }
}

#[async_trait]
impl storage::Rig for Rig {
    fn storage(&self) -> Arc<dyn StorageBackend> {
        Arc::new(self.node.storage())
    }

    fn pool(&self) -> Name {
        Name::parse("pool", "default").unwrap()
    }

    fn image(&self) -> ImageName {
        ImageName::parse("image", "two-gib.qcow2").unwrap()
    }

    fn volume_ids(&self, count: usize) -> Vec<VolumeId> {
        (0..count).map(|_| VolumeId::from_uuid(self.id())).collect()
    }

    async fn half_make(&self, request: &VolumeRequest) {
        self.node.faults().hang(Verb::EnsureVolume, Point::Midway);
        let (storage, request) = (self.node.storage(), request.clone());
        let key = (request.pool.clone(), request.id);
        let call = tokio::spawn(async move { storage.ensure_volume(&request).await });
        while !self.node.volumes().contains(&key) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        call.abort();
    }

    async fn clear(&self) {}
}

mod hypervisor_contract {
    use super::rig;
    limiquantix_testkit::hypervisor_conformance!(rig());
}

mod storage_contract {
    use super::rig;
    limiquantix_testkit::storage_conformance!(rig());
}
