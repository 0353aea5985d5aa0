use std::time::Duration;

use async_trait::async_trait;

use super::BoxStream;
use crate::error::Result;
use crate::identity::{ImageName, Name, ProjectId, SnapshotId, VmId, VolumeId};
use crate::resource::{
    Accel, CloudInit, HypervisorFacts, MacAddress, NicModel, PoolFacts, StopCause, VmSpec,
};
use crate::unit::{Cores, Mebibytes};

/// Runs machines on one node: libvirt, or a simulation.
///
/// Every verb is *ensure*: it brings about a state and succeeds if the state is there already, so that a
/// caller that crashed in between simply asks again. Verbs for one VM are never called concurrently by
/// one agent; verbs for different VMs are.
///
/// **Epochs.** A machine is defined under a run epoch. An implementation keeps the highest epoch it has
/// seen for a VM for as long as the machine is defined, across its own restarts and the node's, and
/// refuses a verb with a lower one with `STALE_EPOCH`, without any effect.
///
/// **Ownership.** Only machines that this product defined are listed, changed or removed; machines that
/// somebody else made on the same host are invisible here.
///
/// Errors: `HYPERVISOR_UNAVAILABLE` when the hypervisor cannot be reached (retry; what was asked may still
/// happen, but before any later verb for the same VM through the same object), `NOT_FOUND` for a VM that is
/// not defined, `HYPERVISOR_FAILED` with the hypervisor's own words otherwise.
#[async_trait]
pub trait Hypervisor: Send + Sync + std::fmt::Debug {
    /// What this implementation can do. Fixed for its lifetime.
    fn capabilities(&self) -> Capabilities;

    /// What the node has, and what its guests run under.
    async fn facts(&self) -> Result<NodeFacts>;

    /// Every machine of ours on this node, running or not, by VM id ascending.
    async fn list(&self) -> Result<Vec<Instance>>;

    /// One machine, or `None` if it is not defined.
    async fn inspect(&self, vm: VmId) -> Result<Option<Instance>>;

    /// Makes the definition of the machine equal to `machine`. A definition that differs is replaced; a
    /// running guest keeps running and sees the change at its next start. Never starts or stops anything,
    /// and leaves the run mark alone. `IMAGE_MISSING` if a boot image is not there, `POOL_MISSING` if a pool is
    /// not, `STORAGE_FAILED` if a volume is not, `INVALID_FIELD` for text that a definition cannot hold; nothing
    /// is changed then.
    async fn ensure_defined(&self, machine: &Machine) -> Result<()>;

    /// Powers the machine on for power generation `run.generation` under `run.epoch`, and marks it so.
    /// If it runs already, only the mark is brought up to date; if it is paused, it is resumed. A generation
    /// below that of the mark is not refused: to order decisions is the caller's business.
    /// On return the hypervisor has accepted the guest as running; the guest may still be booting.
    async fn ensure_running(&self, vm: VmId, run: RunMark) -> Result<()>;

    /// Powers the machine off. [`Stop::Graceful`] only asks the guest and returns at once; the state
    /// changes when the guest obeys, if it does. [`Stop::Force`] returns when the guest is dead.
    /// Success if it is off already, or not defined at all. A paused guest hears nothing: asking it is
    /// `WRONG_STATE`, forcing it off is not. A guest that was forced
    /// off, or shut down after it was asked, is off with the cause `Requested`.
    async fn ensure_stopped(&self, vm: VmId, epoch: u32, stop: Stop) -> Result<()>;

    /// Restarts a running guest: asks it, or resets it if `force`. Not idempotent by nature; the caller
    /// does it at most once per task as far as it can know. `WRONG_STATE` if it is not running.
    async fn reboot(&self, vm: VmId, epoch: u32, force: bool) -> Result<()>;

    /// Pauses a running guest: its processors stand still, its memory is kept on the node, and nothing is written
    /// to disk, so that it does not outlive the node's power. Success if it is paused already; the run mark stays
    /// as it is. `WRONG_STATE` if it is off.
    async fn ensure_suspended(&self, vm: VmId, epoch: u32) -> Result<()>;

    /// Lets a paused guest go on, whoever paused it. Success if it runs already; the run mark stays as it is.
    /// `WRONG_STATE` if it is off: unlike [`ensure_running`](Self::ensure_running), this never starts a guest.
    async fn ensure_resumed(&self, vm: VmId, epoch: u32) -> Result<()>;

    /// Takes a snapshot of the machine's volumes, and with `memory` of the guest's memory too, as of one moment. Kept
    /// inside the volumes. The guest may stand still meanwhile, and is afterwards as it was. Success, without any
    /// effect, if there is a snapshot of that id. `WRONG_STATE` if `memory` and the guest is off, or not `memory` and it
    /// is on: the disks of what runs are of no moment. `UNSUPPORTED` without the capability.
    async fn ensure_snapshot(&self, vm: VmId, epoch: u32, snapshot: SnapshotId, memory: bool) -> Result<()>;

    /// Puts the machine back to a snapshot: its volumes and its definition, so that it may have to be defined again;
    /// but never its epoch, nor its run mark. With `memory`, which only a snapshot that has it allows, the guest is then
    /// on (or paused, if it was), whatever it was before, and is marked with `run`; without, it is and stays off. What
    /// was written since is lost. Done again, it goes back again. `NOT_FOUND` if there is no such snapshot, `WRONG_STATE`
    /// if without `memory` the guest is on, or if with it the snapshot has none.
    async fn revert_snapshot(&self, vm: VmId, snapshot: SnapshotId, run: RunMark, memory: bool)
    -> Result<()>;

    /// Removes a snapshot; what derives from it is left as it is. Success if it, or the machine, is not there.
    async fn ensure_snapshot_absent(&self, vm: VmId, epoch: u32, snapshot: SnapshotId) -> Result<()>;

    /// The machine's snapshots, by id ascending; those that somebody else made are invisible.
    async fn snapshots(&self, vm: VmId) -> Result<Vec<SnapshotInfo>>;

    /// Forces the machine off and removes its definition, run mark, snapshots, console log and cloud-init seed.
    /// Volumes are left. Success if it is not defined.
    async fn ensure_absent(&self, vm: VmId, epoch: u32) -> Result<()>;

    /// Up to `max` bytes of the machine's serial console log from byte `offset` on. The log goes on over
    /// restarts of the guest and ends with `ensure_absent`. An offset past the end gives an empty chunk.
    async fn console_log(&self, vm: VmId, offset: u64, max: u32) -> Result<ConsoleChunk>;

    /// Opens the serial console of a running guest for reading and typing. A second opener takes it over.
    /// `WRONG_STATE` if the guest is not running.
    async fn console_open(&self, vm: VmId) -> Result<Box<dyn ConsoleIo>>;

    /// Every change of a machine's state from now on, as soon as the hypervisor knows. Events carry the VM
    /// only: the receiver inspects it, so that a late, doubled or reordered event does no harm. When the
    /// connection to the hypervisor was lost and is back, [`InstanceEvent::Resync`] says that events may
    /// have been missed. The stream ends only with the hypervisor object.
    async fn events(&self) -> Result<BoxStream<InstanceEvent>>;
}

/// What a hypervisor implementation can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The guest's serial console can be opened for typing.
    pub interactive_console: bool,
    /// Machines and guests survive the restart of the agent.
    pub survives_agent: bool,
    /// Snapshots can be taken.
    pub snapshots: bool,
}

/// A snapshot as the hypervisor has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// Its id.
    pub id: SnapshotId,
    /// The guest's memory is in it.
    pub with_memory: bool,
}

/// What a node has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFacts {
    /// Cores that guests may use.
    pub cores: Cores,
    /// Physical memory.
    pub memory: Mebibytes,
    /// Driver, version and accelerator.
    pub hypervisor: HypervisorFacts,
    /// Its storage pools.
    pub pools: Vec<PoolFacts>,
}

/// What is to be defined: a [`VmSpec`] with everything resolved that only the control plane knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The VM.
    pub vm: VmId,
    /// Its name, for people who look with the hypervisor's own tools.
    pub name: Name,
    /// Its tenant.
    pub project: ProjectId,
    /// The permission under which it is defined.
    pub epoch: u32,
    /// Processors.
    pub cores: Cores,
    /// Memory.
    pub memory: Mebibytes,
    /// Disks, in the order the guest sees them.
    pub disks: Vec<AssignedDisk>,
    /// Network interfaces: network or bridge name, address, device.
    pub nics: Vec<(Name, MacAddress, NicModel)>,
    /// What it starts from.
    pub firmware: Firmware,
    /// First-boot configuration.
    pub cloud_init: Option<CloudInit>,
    /// What it runs under.
    pub accel: Accel,
}

/// A volume as a disk of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignedDisk {
    /// The volume.
    pub volume: VolumeId,
    /// The pool it is in.
    pub pool: Name,
}

/// What a machine starts from, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Firmware {
    /// The platform's firmware, then the first disk.
    Disk,
    /// A kernel loaded by the hypervisor.
    Kernel {
        /// The pool that has the images.
        pool: Name,
        /// The kernel image.
        kernel: ImageName,
        /// The initial ramdisk.
        initrd: Option<ImageName>,
        /// The kernel's command line.
        cmdline: String,
    },
}

/// For which decision a machine was last started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunMark {
    /// The permission to run.
    pub epoch: u32,
    /// The power generation, see [`PowerIntent`](crate::resource::PowerIntent).
    pub generation: u32,
}

/// How to power off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Ask the guest.
    Graceful,
    /// Pull the plug.
    Force,
}

/// A machine as the hypervisor has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The VM.
    pub vm: VmId,
    /// The highest epoch seen for it.
    pub epoch: u32,
    /// A digest of the [`Machine`] that it was defined from, see [`Machine::digest`].
    pub digest: String,
    /// The last completed start, if it was ever started.
    pub last_run: Option<RunMark>,
    /// What it does now.
    pub state: InstanceState,
    /// What it runs under, while it runs.
    pub accel: Option<Accel>,
}

/// What a machine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceState {
    /// The guest runs, or is being started or shut down and its process is there.
    Running,
    /// Paused, its memory kept.
    Paused,
    /// Off, and why as far as the hypervisor knows; `Unknown` if it was never on.
    Off(StopCause),
}

/// Something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceEvent {
    /// This machine did.
    Changed(VmId),
    /// Anything may have: look at all.
    Resync,
}

/// A piece of a console log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleChunk {
    /// Where it begins.
    pub offset: u64,
    /// The bytes, as the guest wrote them: not necessarily UTF-8.
    pub data: Vec<u8>,
    /// How long the log is at present.
    pub size: u64,
}

/// An open serial console.
#[async_trait]
pub trait ConsoleIo: Send {
    /// The next bytes that the guest wrote; empty when the console was closed or taken over. Cancel-safe.
    async fn read(&mut self) -> Result<Vec<u8>>;
    /// Types `data`.
    async fn write(&mut self, data: &[u8]) -> Result<()>;
}

impl Machine {
    /// Resolves `spec`. `disks` are the VM's volumes in the order of `spec.disks`; `macs` has an address
    /// for every NIC; `accel` is what the node's guests run under.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a fact from another place, and all are needed"
    )]
    pub fn resolve(
        vm: VmId,
        name: Name,
        project: ProjectId,
        epoch: u32,
        spec: &VmSpec,
        volumes: &[VolumeId],
        macs: &[MacAddress],
        node_accel: Accel,
    ) -> Result<Self> {
        use crate::error::Error;
        use crate::resource::{AccelPreference, Boot};
        if volumes.len() != spec.disks.len() || macs.len() != spec.nics.len() {
            return Err(Error::internal(
                "an assignment has not one volume per disk and one address per NIC",
            ));
        }
        let firmware = match &spec.boot {
            Boot::Disk => Firmware::Disk,
            Boot::Kernel {
                pool,
                kernel,
                initrd,
                cmdline,
            } => Firmware::Kernel {
                pool: pool.clone(),
                kernel: kernel.clone(),
                initrd: initrd.clone(),
                cmdline: cmdline.clone(),
            },
        };
        let accel = match spec.accel {
            AccelPreference::Auto => node_accel,
            AccelPreference::Kvm => Accel::Kvm,
            AccelPreference::Tcg => Accel::Tcg,
        };
        let disks = spec.disks.iter().zip(volumes);
        let nics = spec.nics.iter().zip(macs);
        Ok(Self {
            vm,
            name,
            project,
            epoch,
            cores: spec.cpu.cores,
            memory: spec.memory,
            disks: disks
                .map(|(d, v)| AssignedDisk {
                    volume: *v,
                    pool: d.pool.clone(),
                })
                .collect(),
            nics: nics.map(|(n, mac)| (n.network.clone(), *mac, n.model)).collect(),
            firmware,
            cloud_init: spec.cloud_init.clone(),
            accel,
        })
    }

    /// A digest of everything but the epoch: equal for machines that need no redefinition. Stored by the
    /// hypervisor beside the definition. FNV-1a, 64 bits: it detects change, it does not resist attack.
    pub fn digest(&self) -> String {
        let mut canonical = self.clone();
        canonical.epoch = 0;
        let seed = canonical.cloud_init.take();
        let text = format!("{canonical:?}");
        let mut hash = fnv1a(0xcbf2_9ce4_8422_2325, text.as_bytes());
        for part in seed.iter().flat_map(|s| {
            [
                Some(&s.user_data),
                s.meta_data.as_ref(),
                s.network_config.as_ref(),
            ]
        }) {
            hash = fnv1a(hash, part.map_or(b"\xff".as_slice(), |p| p.as_bytes()));
            hash = fnv1a(hash, b"\0");
        }
        format!("{hash:016x}")
    }
}

fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// How long a graceful stop waits where the caller did not say.
///
/// systemd gives its units 90 s by default; a guest that needs longer is more often stuck than busy, and
/// the user can ask for longer.
pub const DEFAULT_STOP_GRACE: Duration = Duration::from_secs(90);
