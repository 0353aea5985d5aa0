use serde::{Deserialize, Serialize};

use super::{IndexEntry, Meta, VmSpec, Volume};
use crate::identity::ProjectId;
use crate::unit::{Cores, Gibibytes, Mebibytes};

/// A tenant: VMs, volumes and networks belong to one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its id, which is also its name.
    pub id: ProjectId,
    /// Revision, times, labels.
    pub meta: Meta,
    /// What was said about it.
    pub spec: ProjectSpec,
}

/// What was said about a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectSpec {
    /// What people call it; its id where this is empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// Free text for people.
    #[serde(default)]
    pub description: String,
    /// The most it may have.
    #[serde(default)]
    pub quota: Quota,
}

/// The most that a project may have of everything that is counted; no limit where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quota {
    /// VMs, whether they run or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vms: Option<u64>,
    /// Virtual cores of all VMs together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vcpus: Option<u64>,
    /// Memory of all VMs together, in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u64>,
    /// Virtual size of all volumes together, in GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_gib: Option<u64>,
}

/// How much there is of everything that is counted. Sums over a project do not fit the units of one VM.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Amounts {
    /// VMs, whether they run or not.
    pub vms: u64,
    /// Virtual cores.
    pub vcpus: u64,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Virtual size of volumes in GiB.
    pub storage_gib: u64,
}

impl Amounts {
    /// Nothing of anything.
    pub const ZERO: Self = Self {
        vms: 0,
        vcpus: 0,
        memory_mib: 0,
        storage_gib: 0,
    };

    /// What a VM with this spec counts for, its volumes apart.
    pub fn of_vm(spec: &VmSpec) -> Self {
        let (Cores(cores), Mebibytes(memory)) = (spec.cpu.cores, spec.memory);
        Self {
            vms: 1,
            vcpus: cores.into(),
            memory_mib: memory.into(),
            ..Self::ZERO
        }
    }

    /// What a volume counts for.
    pub fn of_volume(volume: &Volume) -> Self {
        let Gibibytes(size) = volume.spec.size;
        Self {
            storage_gib: size.into(),
            ..Self::ZERO
        }
    }

    /// Both together, or the largest number where the sum does not fit.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            vms: self.vms.saturating_add(other.vms),
            vcpus: self.vcpus.saturating_add(other.vcpus),
            memory_mib: self.memory_mib.saturating_add(other.memory_mib),
            storage_gib: self.storage_gib.saturating_add(other.storage_gib),
        }
    }
}

/// What a project's VMs and volumes use. Written in the same commit as the VM or volume it counts, with the
/// version it was read at as precondition: two creations can never both take the last of a quota. An object of
/// its own, so that whoever edits the project does not contend with whoever creates VMs in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectUsage {
    /// The project.
    pub id: ProjectId,
    /// Revision and times.
    pub meta: Meta,
    /// What is used.
    pub used: Amounts,
}

impl ProjectUsage {
    /// Nothing used yet.
    pub const fn empty(id: ProjectId, meta: Meta) -> Self {
        Self {
            id,
            meta,
            used: Amounts::ZERO,
        }
    }

    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            project: Some(&self.id),
            ..IndexEntry::default()
        }
    }
}

impl Project {
    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            project: Some(&self.id),
            name: Some(self.id.as_str()),
            ..IndexEntry::default()
        }
    }
}
