//! A hypervisor that says "done" and does nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use limiquantix::core::Result;
use limiquantix::core::contract::{
    BoxStream, Capabilities, ConsoleChunk, ConsoleIo, Hypervisor, Instance, InstanceEvent, Machine,
    NodeFacts, RunMark, SnapshotInfo, Stop,
};
use limiquantix::core::identity::{SnapshotId, VmId};
use limiquantix::core::resource::TaskState;
use limiquantix_mock::MockHypervisor;

use crate::site::{Site, call, view};

#[derive(Debug)]
struct Liar {
    honest: MockHypervisor,
    starts: Arc<AtomicU32>,
}

#[async_trait]
impl Hypervisor for Liar {
    fn capabilities(&self) -> Capabilities {
        self.honest.capabilities()
    }

    async fn facts(&self) -> Result<NodeFacts> {
        self.honest.facts().await
    }

    async fn list(&self) -> Result<Vec<Instance>> {
        self.honest.list().await
    }

    async fn inspect(&self, vm: VmId) -> Result<Option<Instance>> {
        self.honest.inspect(vm).await
    }

    async fn ensure_defined(&self, machine: &Machine) -> Result<()> {
        self.honest.ensure_defined(machine).await
    }

    async fn ensure_running(&self, _vm: VmId, _run: RunMark) -> Result<()> {
        self.starts.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn ensure_stopped(&self, vm: VmId, epoch: u32, stop: Stop) -> Result<()> {
        self.honest.ensure_stopped(vm, epoch, stop).await
    }

    async fn reboot(&self, vm: VmId, epoch: u32, force: bool) -> Result<()> {
        self.honest.reboot(vm, epoch, force).await
    }

    async fn ensure_suspended(&self, vm: VmId, epoch: u32) -> Result<()> {
        self.honest.ensure_suspended(vm, epoch).await
    }

    async fn ensure_resumed(&self, vm: VmId, epoch: u32) -> Result<()> {
        self.honest.ensure_resumed(vm, epoch).await
    }

    async fn ensure_snapshot(&self, vm: VmId, epoch: u32, snapshot: SnapshotId, memory: bool) -> Result<()> {
        self.honest.ensure_snapshot(vm, epoch, snapshot, memory).await
    }

    async fn revert_snapshot(
        &self,
        vm: VmId,
        snapshot: SnapshotId,
        run: RunMark,
        memory: bool,
    ) -> Result<()> {
        self.honest.revert_snapshot(vm, snapshot, run, memory).await
    }

    async fn ensure_snapshot_absent(&self, vm: VmId, epoch: u32, snapshot: SnapshotId) -> Result<()> {
        self.honest.ensure_snapshot_absent(vm, epoch, snapshot).await
    }

    async fn snapshots(&self, vm: VmId) -> Result<Vec<SnapshotInfo>> {
        self.honest.snapshots(vm).await
    }

    async fn ensure_absent(&self, vm: VmId, epoch: u32) -> Result<()> {
        self.honest.ensure_absent(vm, epoch).await
    }

    async fn console_log(&self, vm: VmId, offset: u64, max: u32) -> Result<ConsoleChunk> {
        self.honest.console_log(vm, offset, max).await
    }

    async fn console_open(&self, vm: VmId) -> Result<Box<dyn ConsoleIo>> {
        self.honest.console_open(vm).await
    }

    async fn events(&self) -> Result<BoxStream<InstanceEvent>> {
        self.honest.events().await
    }
}

/// For an operator: one VM on a broken hypervisor keeps a core of the node busy for ever, and its task open.
#[tokio::test(start_paused = true)]
async fn an_effect_that_never_shows_ends_the_task() {
    let mut site = Site::new().await;
    let vm = site.stopped("web").await;
    site.kill_agent().await;
    let starts = Arc::new(AtomicU32::new(0));
    site.start_agent_on(Arc::new(Liar {
        honest: view(&site),
        starts: starts.clone(),
    }));
    let start = site.cp().vms().start(&call(), vm.id).await.unwrap();
    let task = site.end_of(&start).await;
    assert_eq!(task.state, TaskState::Failed);
    assert!(
        task.error
            .clone()
            .unwrap()
            .message
            .contains("nothing has changed"),
        "{task:?}"
    );
    let tried = starts.load(Ordering::SeqCst);
    assert!(tried <= 5, "{tried} times");
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(starts.load(Ordering::SeqCst), tried);
    site.assert_sound().await;
}
