use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt;
use limiquantix_core::contract::{
    BoxStream, Capabilities, ConsoleChunk, ConsoleIo, Firmware, Hypervisor, Instance, InstanceEvent,
    InstanceState, Machine, NodeFacts, RunMark, SnapshotInfo, Stop,
};
use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::identity::{SnapshotId, VmId};
use limiquantix_core::resource::{Accel, HypervisorFacts, StopCause};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

use crate::console::MockConsole;
use crate::fault::{Point, Verb};
use crate::guest;
use crate::journal::What;
use crate::state::{Shared, Slot};

/// One agent's view of a simulated node. Made by [`MockNode::hypervisor`](crate::MockNode::hypervisor).
#[derive(Debug)]
pub struct MockHypervisor {
    shared: Arc<Shared>,
    events: Arc<broadcast::Sender<InstanceEvent>>,
}

impl MockHypervisor {
    pub(crate) fn attach(shared: &Arc<Shared>) -> Self {
        let events = Arc::new(broadcast::channel(256).0);
        shared.state().listeners.push(Arc::downgrade(&events));
        Self {
            shared: Arc::clone(shared),
            events,
        }
    }

    /// Waits as long as the verb takes, then passes its first fault point.
    async fn begin(&self, verb: Verb) -> Result<()> {
        if let Some(time) = self.shared.config.delays.get(&verb) {
            tokio::time::sleep(*time).await;
        }
        self.shared.faults.pass(verb, Point::Before).await
    }

    async fn midway(&self, verb: Verb) -> Result<()> {
        self.shared.faults.pass(verb, Point::Midway).await
    }

    async fn end(&self, verb: Verb) -> Result<()> {
        self.shared.faults.pass(verb, Point::After).await
    }

    fn check_parts(&self, machine: &Machine) -> Result<()> {
        let state = self.shared.reach()?;
        let config = &self.shared.config;
        for disk in &machine.disks {
            if !state.volumes.contains_key(&(disk.pool.clone(), disk.volume)) {
                return Err(Error::new(
                    Reason::StorageFailed,
                    format!("no volume {} in pool {}", disk.volume, disk.pool),
                ));
            }
        }
        if let Firmware::Kernel {
            pool, kernel, initrd, ..
        } = &machine.firmware
        {
            if !config.pools.iter().any(|p| p.name == *pool) {
                return Err(Error::new(
                    Reason::PoolMissing,
                    format!("no pool {pool} on this node"),
                ));
            }
            let mut images = std::iter::once(kernel).chain(initrd);
            if let Some(missing) = images.find(|i| !config.images.contains_key(*i)) {
                return Err(Error::new(
                    Reason::ImageMissing,
                    format!("no image {missing} in pool {pool}"),
                ));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Hypervisor for MockHypervisor {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            interactive_console: true,
            survives_agent: true,
            snapshots: true,
        }
    }

    async fn facts(&self) -> Result<NodeFacts> {
        self.begin(Verb::Facts).await?;
        let facts = {
            let state = self.shared.reach()?;
            let config = &self.shared.config;
            NodeFacts {
                cores: config.cores,
                memory: config.memory,
                hypervisor: HypervisorFacts {
                    driver: "mock".to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    accel: Accel::Mock,
                },
                pools: crate::storage::pools(config, &state),
            }
        };
        self.end(Verb::Facts).await?;
        Ok(facts)
    }

    async fn list(&self) -> Result<Vec<Instance>> {
        self.begin(Verb::List).await?;
        let all = self.shared.reach()?.slots.values().map(Slot::instance).collect();
        self.end(Verb::List).await?;
        Ok(all)
    }

    async fn inspect(&self, vm: VmId) -> Result<Option<Instance>> {
        self.begin(Verb::Inspect).await?;
        let found = self.shared.reach()?.slots.get(&vm).map(Slot::instance);
        self.end(Verb::Inspect).await?;
        Ok(found)
    }

    async fn ensure_defined(&self, machine: &Machine) -> Result<()> {
        self.begin(Verb::EnsureDefined).await?;
        {
            // Stale callers learn that first, whatever else is wrong with their request.
            let mut state = self.shared.reach()?;
            if state.slots.contains_key(&machine.vm) {
                state.claim(machine.vm, machine.epoch)?;
            }
        }
        self.check_parts(machine)?;
        self.midway(Verb::EnsureDefined).await?;
        {
            let mut state = self.shared.reach()?;
            match state.claim(machine.vm, machine.epoch) {
                Ok(slot) => slot.machine = machine.clone(),
                Err(e) if e.reason() == Reason::NotFound => {
                    state.slots.insert(machine.vm, Slot::new(machine.clone()));
                    state.emit(InstanceEvent::Changed(machine.vm));
                }
                Err(e) => return Err(e),
            }
        }
        self.end(Verb::EnsureDefined).await
    }

    async fn ensure_running(&self, vm: VmId, run: RunMark) -> Result<()> {
        self.begin(Verb::EnsureRunning).await?;
        {
            let mut state = self.shared.reach()?;
            let slot = state.claim(vm, run.epoch)?;
            match slot.state {
                InstanceState::Running => {}
                InstanceState::Paused => self.shared.switch(&mut state, vm, InstanceState::Running),
                InstanceState::Off(_) => self.shared.power_on(&mut state, vm, run),
            }
        }
        self.midway(Verb::EnsureRunning).await?;
        {
            let mut state = self.shared.reach()?;
            let slot = state.claim(vm, run.epoch)?;
            slot.last_run = Some(run);
        }
        self.end(Verb::EnsureRunning).await
    }

    async fn ensure_stopped(&self, vm: VmId, epoch: u32, stop: Stop) -> Result<()> {
        self.begin(Verb::EnsureStopped).await?;
        {
            let mut state = self.shared.reach()?;
            if state.slots.contains_key(&vm) {
                let behaviour = self.shared.behaviour(&state, vm);
                let slot = state.claim(vm, epoch)?;
                let run = slot.run;
                match stop {
                    _ if !slot.is_on() => {}
                    Stop::Graceful if slot.state == InstanceState::Paused => {
                        return Err(Error::new(
                            Reason::WrongState,
                            format!("VM {vm} is suspended, and hears nothing"),
                        ));
                    }
                    Stop::Graceful => {
                        slot.requested.get_or_insert(Stop::Graceful);
                        guest::ask_to_shut_down(&self.shared, vm, run, behaviour);
                    }
                    Stop::Force => {
                        slot.requested = Some(Stop::Force);
                        self.shared.power_off(&mut state, vm, StopCause::Requested);
                    }
                }
            }
        }
        self.end(Verb::EnsureStopped).await
    }

    async fn reboot(&self, vm: VmId, epoch: u32, _force: bool) -> Result<()> {
        self.begin(Verb::Reboot).await?;
        {
            let mut state = self.shared.reach()?;
            let behaviour = self.shared.behaviour(&state, vm);
            let slot = state.claim(vm, epoch)?;
            if slot.state != InstanceState::Running {
                return Err(Error::new(Reason::WrongState, format!("VM {vm} is not running")));
            }
            slot.run += 1;
            guest::boot(&self.shared, vm, slot.run, &slot.machine.name, behaviour);
            self.shared
                .journal
                .write(&self.shared.config.name, vm, What::Rebooted);
            state.emit(InstanceEvent::Changed(vm));
        }
        self.end(Verb::Reboot).await
    }

    async fn ensure_suspended(&self, vm: VmId, epoch: u32) -> Result<()> {
        self.begin(Verb::EnsureSuspended).await?;
        self.shared.pause(vm, epoch, InstanceState::Paused)?;
        self.end(Verb::EnsureSuspended).await
    }

    async fn ensure_resumed(&self, vm: VmId, epoch: u32) -> Result<()> {
        self.begin(Verb::EnsureResumed).await?;
        self.shared.pause(vm, epoch, InstanceState::Running)?;
        self.end(Verb::EnsureResumed).await
    }

    async fn ensure_snapshot(&self, vm: VmId, epoch: u32, snapshot: SnapshotId, memory: bool) -> Result<()> {
        self.begin(Verb::EnsureSnapshot).await?;
        self.shared.take(vm, epoch, snapshot, memory)?;
        self.end(Verb::EnsureSnapshot).await
    }

    async fn revert_snapshot(
        &self,
        vm: VmId,
        snapshot: SnapshotId,
        run: RunMark,
        memory: bool,
    ) -> Result<()> {
        self.begin(Verb::RevertSnapshot).await?;
        self.shared.revert(vm, snapshot, run, memory)?;
        self.midway(Verb::RevertSnapshot).await?;
        if memory {
            self.shared.reach()?.claim(vm, run.epoch)?.last_run = Some(run);
        }
        self.end(Verb::RevertSnapshot).await
    }

    async fn ensure_snapshot_absent(&self, vm: VmId, epoch: u32, snapshot: SnapshotId) -> Result<()> {
        self.begin(Verb::EnsureSnapshotAbsent).await?;
        self.shared.forget(vm, epoch, snapshot)?;
        self.end(Verb::EnsureSnapshotAbsent).await
    }

    async fn snapshots(&self, vm: VmId) -> Result<Vec<SnapshotInfo>> {
        self.begin(Verb::Snapshots).await?;
        let all = self.shared.kept(vm)?;
        self.end(Verb::Snapshots).await?;
        Ok(all)
    }

    async fn ensure_absent(&self, vm: VmId, epoch: u32) -> Result<()> {
        self.begin(Verb::EnsureAbsent).await?;
        {
            let mut state = self.shared.reach()?;
            if state.slots.contains_key(&vm) {
                state.claim(vm, epoch)?;
                self.shared.power_off(&mut state, vm, StopCause::Requested);
            }
        }
        self.midway(Verb::EnsureAbsent).await?;
        {
            let mut state = self.shared.reach()?;
            if state.slots.remove(&vm).is_some() {
                state.behaviours.remove(&vm);
                state.emit(InstanceEvent::Changed(vm));
            }
        }
        self.end(Verb::EnsureAbsent).await
    }

    async fn console_log(&self, vm: VmId, offset: u64, max: u32) -> Result<ConsoleChunk> {
        self.begin(Verb::ConsoleLog).await?;
        let chunk = {
            let state = self.shared.reach()?;
            let slot = state.slots.get(&vm).ok_or_else(|| Error::not_found("vm", vm))?;
            let size = slot.log.len();
            let from = usize::try_from(offset).unwrap_or(size).min(size);
            let to = from
                .saturating_add(usize::try_from(max).unwrap_or(size))
                .min(size);
            ConsoleChunk {
                offset,
                data: slot.log.get(from..to).unwrap_or_default().to_vec(),
                size: size as u64,
            }
        };
        self.end(Verb::ConsoleLog).await?;
        Ok(chunk)
    }

    async fn console_open(&self, vm: VmId) -> Result<Box<dyn ConsoleIo>> {
        self.begin(Verb::ConsoleOpen).await?;
        let console = MockConsole::attach(&self.shared, vm)?;
        self.end(Verb::ConsoleOpen).await?;
        Ok(Box::new(console))
    }

    async fn events(&self) -> Result<BoxStream<InstanceEvent>> {
        let stream = BroadcastStream::new(self.events.subscribe());
        // A receiver that fell behind has missed events: that is what Resync says.
        Ok(Box::pin(
            stream.map(|event| event.unwrap_or(InstanceEvent::Resync)),
        ))
    }
}
