use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use async_trait::async_trait;
use limiquantix_core::Result;
use limiquantix_core::contract::{
    BoxStream, Capabilities, ConsoleChunk, ConsoleIo, Hypervisor, Instance, InstanceEvent, Machine,
    NodeFacts, RunMark, SnapshotInfo, Stop,
};
use limiquantix_core::identity::{SnapshotId, VmId};
use tokio::sync::Notify;

/// When each VM was first to be defined.
#[derive(Debug, Default)]
pub struct Told {
    defined: Mutex<BTreeMap<String, Instant>>,
    news: Notify,
}

impl Told {
    /// Waits until the VM of this name is to be defined, and says when that was.
    pub async fn defined(&self, name: &str) -> Instant {
        loop {
            let news = self.news.notified();
            if let Some(at) = self.defined.lock().expect("not poisoned").get(name) {
                return *at;
            }
            news.await;
        }
    }
}

/// A hypervisor that notes when it is first called for a VM.
#[derive(Debug)]
pub struct TellingHypervisor {
    inner: Arc<dyn Hypervisor>,
    told: Arc<Told>,
}

impl TellingHypervisor {
    /// `inner`, with its calls noted in `told`.
    pub fn new(inner: Arc<dyn Hypervisor>, told: Arc<Told>) -> Self {
        Self { inner, told }
    }
}

#[async_trait]
impl Hypervisor for TellingHypervisor {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
    async fn facts(&self) -> Result<NodeFacts> {
        self.inner.facts().await
    }
    async fn list(&self) -> Result<Vec<Instance>> {
        self.inner.list().await
    }
    async fn inspect(&self, vm: VmId) -> Result<Option<Instance>> {
        self.inner.inspect(vm).await
    }
    async fn ensure_defined(&self, machine: &Machine) -> Result<()> {
        let now = Instant::now();
        self.told
            .defined
            .lock()
            .expect("not poisoned")
            .entry(machine.name.to_string())
            .or_insert(now);
        self.told.news.notify_waiters();
        self.inner.ensure_defined(machine).await
    }
    async fn ensure_running(&self, vm: VmId, run: RunMark) -> Result<()> {
        self.inner.ensure_running(vm, run).await
    }
    async fn ensure_stopped(&self, vm: VmId, epoch: u32, stop: Stop) -> Result<()> {
        self.inner.ensure_stopped(vm, epoch, stop).await
    }
    async fn reboot(&self, vm: VmId, epoch: u32, force: bool) -> Result<()> {
        self.inner.reboot(vm, epoch, force).await
    }
    async fn ensure_suspended(&self, vm: VmId, epoch: u32) -> Result<()> {
        self.inner.ensure_suspended(vm, epoch).await
    }

    async fn ensure_resumed(&self, vm: VmId, epoch: u32) -> Result<()> {
        self.inner.ensure_resumed(vm, epoch).await
    }

    async fn ensure_snapshot(&self, vm: VmId, epoch: u32, snapshot: SnapshotId, memory: bool) -> Result<()> {
        self.inner.ensure_snapshot(vm, epoch, snapshot, memory).await
    }

    async fn revert_snapshot(
        &self,
        vm: VmId,
        snapshot: SnapshotId,
        run: RunMark,
        memory: bool,
    ) -> Result<()> {
        self.inner.revert_snapshot(vm, snapshot, run, memory).await
    }

    async fn ensure_snapshot_absent(&self, vm: VmId, epoch: u32, snapshot: SnapshotId) -> Result<()> {
        self.inner.ensure_snapshot_absent(vm, epoch, snapshot).await
    }

    async fn snapshots(&self, vm: VmId) -> Result<Vec<SnapshotInfo>> {
        self.inner.snapshots(vm).await
    }

    async fn ensure_absent(&self, vm: VmId, epoch: u32) -> Result<()> {
        self.inner.ensure_absent(vm, epoch).await
    }
    async fn console_log(&self, vm: VmId, offset: u64, max: u32) -> Result<ConsoleChunk> {
        self.inner.console_log(vm, offset, max).await
    }
    async fn console_open(&self, vm: VmId) -> Result<Box<dyn ConsoleIo>> {
        self.inner.console_open(vm).await
    }
    async fn events(&self) -> Result<BoxStream<InstanceEvent>> {
        self.inner.events().await
    }
}
