use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Attachment, IndexEntry, Meta};
use crate::error::{Error, Result};
use crate::identity::{ImageName, Name, NodeId, ProjectId, SnapshotId, TaskId, VmId, VolumeId};
use crate::time::Timestamp;
use crate::unit::{Cores, Gibibytes, Mebibytes};

/// A virtual machine: what it should be, whether it should run, where it may run, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vm {
    /// Its id, for life.
    pub id: VmId,
    /// Revision, times, labels.
    pub meta: Meta,
    /// Unique in its project.
    pub name: Name,
    /// The tenant.
    pub project: ProjectId,
    /// Free text for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it should be.
    pub spec: VmSpec,
    /// Whether it should run.
    pub power: PowerIntent,
    /// Where it may run, and by which permission.
    pub placement: Option<Placement>,
    /// Its volumes, in the order of `spec.disks`.
    #[serde(default)]
    pub volumes: Vec<VolumeId>,
    /// What its network interfaces are plugged into, in the order of `spec.nics`.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Its snapshots, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub snapshots: Vec<SnapshotId>,
    /// The snapshot that was last taken or gone back to: what its disks derive from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_snapshot: Option<SnapshotId>,
    /// The one operation under way, if any.
    pub operation: Option<Operation>,
    /// It is to be removed; the record stays until the node has confirmed that nothing is left.
    #[serde(default)]
    pub deleting: bool,
    /// What was seen.
    pub status: VmStatus,
}

/// The hardware and what runs on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmSpec {
    /// Processors.
    pub cpu: CpuSpec,
    /// Memory.
    pub memory: Mebibytes,
    /// Disks, in the order the guest sees them.
    #[serde(default)]
    pub disks: Vec<DiskSpec>,
    /// Network interfaces, in the order the guest sees them.
    #[serde(default)]
    pub nics: Vec<NicSpec>,
    /// What the machine starts from.
    #[serde(default)]
    pub boot: Boot,
    /// First-boot configuration, given to the guest as a NoCloud seed disk.
    pub cloud_init: Option<CloudInit>,
    /// Where it may run.
    #[serde(default)]
    pub placement: PlacementSpec,
    /// Hardware virtualization or software emulation.
    #[serde(default)]
    pub accel: AccelPreference,
}

/// Processors of a VM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuSpec {
    /// Virtual cores, all in one socket.
    pub cores: Cores,
}

/// One disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskSpec {
    /// Unique in the VM.
    pub name: Name,
    /// Virtual size.
    pub size: Gibibytes,
    /// The base image it is an overlay of; empty disk if none.
    pub image: Option<ImageName>,
    /// The pool to put it into.
    pub pool: Name,
}

/// One network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NicSpec {
    /// The network it is plugged into, by name.
    pub network: Name,
    /// Its hardware address; chosen by the control plane if none.
    pub mac: Option<MacAddress>,
    /// The emulated device.
    #[serde(default)]
    pub model: NicModel,
    /// The addresses that the network is asked to give it, at most one per subnet; where none is asked for, the
    /// subnet chooses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
}

/// Emulated network devices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NicModel {
    /// Paravirtual: fast, needs a driver in the guest.
    #[default]
    Virtio,
    /// Intel e1000e, for guests without virtio drivers.
    E1000e,
}

/// A 48-bit hardware address, printed as `52:54:00:12:34:56`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// Reads `xx:xx:xx:xx:xx:xx`; a multicast address is refused, since no interface can have one.
    pub fn parse(field: &str, text: &str) -> Result<Self> {
        let bad = |why: &str| Error::invalid(field, format!("{field} is not a usable MAC address: {why}"));
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts
                .next()
                .filter(|p| p.len() == 2)
                .ok_or_else(|| bad("expected xx:xx:xx:xx:xx:xx"))?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| bad("expected hexadecimal digits"))?;
        }
        if parts.next().is_some() {
            return Err(bad("expected xx:xx:xx:xx:xx:xx"));
        }
        if bytes[0] & 1 == 1 {
            return Err(bad("it is a multicast address"));
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl TryFrom<String> for MacAddress {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        Self::parse("mac", &text)
    }
}

impl From<MacAddress> for String {
    fn from(mac: MacAddress) -> Self {
        mac.to_string()
    }
}

/// What the machine starts from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Boot {
    /// Firmware, then the first bootable disk.
    #[default]
    Disk,
    /// A kernel that the hypervisor loads itself. Images are files of the pool `pool`.
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

/// First-boot configuration in the formats of cloud-init's NoCloud data source.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudInit {
    /// `user-data`, as it is.
    pub user_data: String,
    /// `meta-data`; if none, the instance id and hostname are derived from the VM's id and name.
    pub meta_data: Option<String>,
    /// `network-config`.
    pub network_config: Option<String>,
}

impl fmt::Debug for CloudInit {
    // User data often holds passwords and keys: it must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudInit")
            .field("user_data", &format_args!("{} bytes", self.user_data.len()))
            .finish_non_exhaustive()
    }
}

/// Hard conditions on the node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementSpec {
    /// The node must have all of these labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints that do not keep this VM away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
}

/// A taint that is tolerated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toleration {
    /// The taint's key.
    pub key: String,
    /// The taint's value; any if none.
    pub value: Option<String>,
}

/// What the user asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccelPreference {
    /// What the node found to work.
    #[default]
    Auto,
    /// Hardware virtualization only.
    Kvm,
    /// Software emulation only.
    Tcg,
}

/// What a guest runs under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accel {
    /// The kernel's hardware virtualization.
    Kvm,
    /// QEMU's software emulation.
    Tcg,
    /// A simulated hypervisor.
    Mock,
}

/// Whether a VM should run, and the number of that decision. Every change of mind has a new generation,
/// so that "it should run" and "it ran and ended" are never confused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PowerIntent {
    /// On or off.
    pub state: PowerState,
    /// Grows with every decision.
    pub generation: u32,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerState {
    /// It should run.
    On,
    /// It should not.
    Off,
}

/// The permission to run on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// The node that may run it; no other may.
    pub node: NodeId,
    /// The number of this permission: grows whenever the VM is given to a node, or an order that the node is
    /// working on is turned round.
    pub epoch: u32,
}

/// What is being done to a VM, on behalf of which task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// The task that reports on it.
    pub task: TaskId,
    /// What is being done.
    pub kind: OperationKind,
}

/// The operations of the VM's lifecycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "op")]
pub enum OperationKind {
    /// Make volumes and define the machine; then power on, if the intent says so.
    Create,
    /// Power on.
    Start,
    /// Ask the guest to shut down; force it off when the grace period is over.
    Stop {
        /// Zero forces it off at once.
        grace: Duration,
    },
    /// Restart the guest.
    Reboot {
        /// Reset rather than ask.
        force: bool,
    },
    /// Pause the guest, its memory kept on the node.
    Suspend,
    /// Let a paused guest go on.
    Resume,
    /// Take a snapshot.
    CreateSnapshot {
        /// Which.
        snapshot: SnapshotId,
        /// The guest is on, and its memory is to be kept too.
        memory: bool,
    },
    /// Go back to a snapshot.
    RevertSnapshot {
        /// Which.
        snapshot: SnapshotId,
        /// It has the guest's memory, and the guest is to run on from there.
        memory: bool,
    },
    /// Remove a snapshot.
    DeleteSnapshot {
        /// Which.
        snapshot: SnapshotId,
    },
    /// Bring the machine's definition up to its spec.
    Update,
    /// Force off and remove, volumes included.
    Delete,
}

/// What was last seen of a VM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmStatus {
    /// Where it is in its life.
    pub phase: VmPhase,
    /// Why it is not running, if it was and is not.
    pub cause: Option<StopCause>,
    /// One sentence for people: the last error, or what is waited for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What it runs under.
    pub accel: Option<Accel>,
    /// When the present run began.
    pub started_at: Option<Timestamp>,
    /// The guest's addresses, as far as known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}

impl VmStatus {
    /// Of a VM that was just accepted.
    pub fn pending() -> Self {
        Self {
            phase: VmPhase::Pending,
            cause: None,
            message: String::new(),
            accel: None,
            started_at: None,
            addresses: Vec::new(),
        }
    }
}

/// Where a VM is in its life. See [`lifecycle`](crate::lifecycle) for what leads where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VmPhase {
    /// Accepted and placed; the node has not begun.
    Pending,
    /// The node makes volumes and defines the machine.
    Provisioning,
    /// Defined, not running.
    Stopped,
    /// Being powered on.
    Starting,
    /// The guest runs.
    Running,
    /// Being powered off.
    Stopping,
    /// Being restarted.
    Rebooting,
    /// Paused, its memory kept.
    Suspended,
    /// Moving to another node.
    Migrating,
    /// Being removed.
    Deleting,
    /// An operation failed; `message` says why. Start, stop and delete are possible.
    Error,
    /// Its node does not report: it may or may not run.
    Unknown,
}

impl VmPhase {
    /// Every phase.
    pub const ALL: &'static [Self] = &[
        Self::Pending,
        Self::Provisioning,
        Self::Stopped,
        Self::Starting,
        Self::Running,
        Self::Stopping,
        Self::Rebooting,
        Self::Suspended,
        Self::Migrating,
        Self::Deleting,
        Self::Error,
        Self::Unknown,
    ];

    /// Its name, in lower-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Provisioning => "provisioning",
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Rebooting => "rebooting",
            Self::Suspended => "suspended",
            Self::Migrating => "migrating",
            Self::Deleting => "deleting",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for VmPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a VM that ran no longer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopCause {
    /// The control plane stopped it.
    Requested,
    /// The guest shut itself down.
    GuestShutdown,
    /// Somebody stopped it on the node, past the control plane.
    Outside,
    /// The guest or its hypervisor process crashed.
    Crashed,
    /// The hypervisor could not start it.
    StartFailed,
    /// Not known, for example after the node was rebooted.
    Unknown,
}

impl OperationKind {
    /// Whether it is about a snapshot.
    pub const fn is_of_snapshot(self) -> bool {
        matches!(
            self,
            Self::CreateSnapshot { .. } | Self::RevertSnapshot { .. } | Self::DeleteSnapshot { .. }
        )
    }
}

impl Vm {
    /// Where the stores find it.
    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            project: Some(&self.project),
            name: Some(self.name.as_str()),
            unique: Some(format!("{}/{}", self.project, self.name)),
            node: self.placement.map(|p| p.node),
            phase: Some(self.status.phase.as_str()),
        }
    }
}
