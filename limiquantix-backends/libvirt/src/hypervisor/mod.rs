//! The [`Hypervisor`] contract on libvirt.
//!
//! A VM is a persistent domain whose UUID is the VM's id. What the contract wants remembered (epoch, digest, run
//! mark) is our element in the domain's metadata ([`Mark`](crate::domain_xml::Mark)), so libvirt keeps it exactly
//! as long as the domain, and an agent has no memory that could be lost. Every verb reads what is, does what is
//! missing, and records it last; whoever was killed in between asks again.
//!
//! | verb | effects, in this order |
//! |---|---|
//! | `ensure_defined` | seed file, definition with mark |
//! | `ensure_running` | raised epoch and forgotten stop (if there is any), start, run mark |
//! | `ensure_stopped` | epoch and who asked, stop |
//! | `ensure_suspended`, `ensure_resumed` | epoch, the state |
//! | `ensure_snapshot`, `ensure_snapshot_absent` | epoch, the snapshot |
//! | `revert_snapshot` | epoch, the present mark in the snapshot's definition, the state, run mark |
//! | `ensure_absent` | destroy, undefine, seed and log files |

mod absent;
mod define;
mod domain;
mod facts;
mod inspect;
mod power;
mod snapshot;
#[cfg(test)]
mod tests;

pub(crate) use self::domain::find;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt;
use limiquantix_core::contract::{
    BoxStream, Capabilities, ConsoleChunk, ConsoleIo, Hypervisor, Instance, InstanceEvent, Machine,
    NodeFacts, RunMark, SnapshotInfo, Stop,
};
use limiquantix_core::error::Result;
use limiquantix_core::identity::{SnapshotId, VmId};
use tokio_stream::wrappers::BroadcastStream;

use crate::connection::{Link, Pace};
use crate::console;
use crate::places::Places;
use crate::probe::Accelerator;

/// libvirt on this node. Made by [`LibvirtNode::connect`](crate::LibvirtNode::connect).
#[derive(Debug)]
pub struct LibvirtHypervisor {
    link: Link,
    places: Arc<Places>,
    accelerator: Accelerator,
}

impl LibvirtHypervisor {
    pub(crate) fn new(link: Link, places: Arc<Places>, accelerator: Accelerator) -> Self {
        Self {
            link,
            places,
            accelerator,
        }
    }
}

#[async_trait]
impl Hypervisor for LibvirtHypervisor {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            interactive_console: true,
            survives_agent: true,
            snapshots: true,
        }
    }

    async fn facts(&self) -> Result<NodeFacts> {
        let accel = self.accelerator.decide(&self.link).await?;
        let host = self
            .link
            .call("cannot read the node's facts", Pace::Quick, facts::read)
            .await?;
        let places = Arc::clone(&self.places);
        let pools = crate::blocking::run(move || crate::storage::pool_facts(&places)).await?;
        Ok(facts::complete(host, accel, pools))
    }

    async fn list(&self) -> Result<Vec<Instance>> {
        self.link
            .call("cannot list the VMs", Pace::Quick, inspect::list)
            .await
    }

    async fn inspect(&self, vm: VmId) -> Result<Option<Instance>> {
        let what = format!("cannot inspect VM {vm}");
        self.link
            .call(&what, Pace::Quick, move |session| inspect::one(session, vm))
            .await
    }

    async fn ensure_defined(&self, machine: &Machine) -> Result<()> {
        let (vm, machine, places) = (machine.vm, machine.clone(), Arc::clone(&self.places));
        let what = format!("cannot define VM {vm}");
        let work = move |session: &_| define::ensure(session, &places, &machine);
        self.link.call_for(vm, &what, Pace::Slow, work).await
    }

    async fn ensure_running(&self, vm: VmId, run: RunMark) -> Result<()> {
        let what = format!("cannot start VM {vm}");
        let work = move |session: &_| power::ensure_running(session, vm, run);
        self.link.call_for(vm, &what, Pace::Slow, work).await
    }

    async fn ensure_stopped(&self, vm: VmId, epoch: u32, stop: Stop) -> Result<()> {
        let what = format!("cannot stop VM {vm}");
        let work = move |session: &_| power::ensure_stopped(session, vm, epoch, stop);
        self.link.call_for(vm, &what, Pace::Slow, work).await
    }

    async fn reboot(&self, vm: VmId, epoch: u32, force: bool) -> Result<()> {
        let what = format!("cannot reboot VM {vm}");
        let work = move |session: &_| power::reboot(session, vm, epoch, force);
        self.link.call_for(vm, &what, Pace::Slow, work).await
    }

    async fn ensure_suspended(&self, vm: VmId, epoch: u32) -> Result<()> {
        let what = format!("cannot suspend VM {vm}");
        let work = move |session: &_| power::ensure_suspended(session, vm, epoch);
        self.link.call_for(vm, &what, Pace::Slow, work).await
    }

    async fn ensure_resumed(&self, vm: VmId, epoch: u32) -> Result<()> {
        let what = format!("cannot resume VM {vm}");
        let work = move |session: &_| power::ensure_resumed(session, vm, epoch);
        self.link.call_for(vm, &what, Pace::Slow, work).await
    }

    async fn ensure_snapshot(&self, vm: VmId, epoch: u32, snapshot: SnapshotId, memory: bool) -> Result<()> {
        let what = format!("cannot take a snapshot of VM {vm}");
        let work = move |session: &_| snapshot::take(session, vm, epoch, snapshot, memory);
        self.link.call_for(vm, &what, Pace::Long, work).await
    }

    async fn revert_snapshot(
        &self,
        vm: VmId,
        snapshot: SnapshotId,
        run: RunMark,
        memory: bool,
    ) -> Result<()> {
        let what = format!("cannot revert VM {vm}");
        let work = move |session: &_| snapshot::revert(session, vm, snapshot, run, memory);
        self.link.call_for(vm, &what, Pace::Long, work).await
    }

    async fn ensure_snapshot_absent(&self, vm: VmId, epoch: u32, snapshot: SnapshotId) -> Result<()> {
        let what = format!("cannot remove a snapshot of VM {vm}");
        let work = move |session: &_| snapshot::remove(session, vm, epoch, snapshot);
        self.link.call_for(vm, &what, Pace::Long, work).await
    }

    async fn snapshots(&self, vm: VmId) -> Result<Vec<SnapshotInfo>> {
        let what = format!("cannot list the snapshots of VM {vm}");
        self.link
            .call(&what, Pace::Quick, move |session| snapshot::list(session, vm))
            .await
    }

    async fn ensure_absent(&self, vm: VmId, epoch: u32) -> Result<()> {
        let (what, places) = (format!("cannot remove VM {vm}"), Arc::clone(&self.places));
        let work = move |session: &_| absent::ensure(session, &places, vm, epoch);
        self.link.call_for(vm, &what, Pace::Slow, work).await
    }

    async fn console_log(&self, vm: VmId, offset: u64, max: u32) -> Result<ConsoleChunk> {
        let what = format!("cannot read the console log of VM {vm}");
        let exists = move |session: &_| domain::find(session, vm).map(drop);
        self.link.call(&what, Pace::Quick, exists).await?;
        let log = self.places.console_log(vm);
        crate::blocking::run(move || console::read_log(&log, offset, max)).await
    }

    async fn console_open(&self, vm: VmId) -> Result<Box<dyn ConsoleIo>> {
        let what = format!("cannot open the console of VM {vm}");
        let work = move |session: &_| console::open(session, vm);
        let console = self.link.call(&what, Pace::Quick, work).await?;
        Ok(Box::new(console))
    }

    async fn events(&self) -> Result<BoxStream<InstanceEvent>> {
        let events = BroadcastStream::new(self.link.events());
        // A receiver that fell behind has missed events: that is what Resync says.
        Ok(Box::pin(
            events.map(|event| event.unwrap_or(InstanceEvent::Resync)),
        ))
    }
}
