use serde::{Deserialize, Serialize};

use super::{IndexEntry, Meta, VmSpec};
use crate::error::{Error, Result};
use crate::identity::NodeId;
use crate::unit::{Cores, Mebibytes};

/// What is promised to VMs on one node. Written in the same commit as the VM it counts, with the version
/// it was read at as precondition: two placements can never both take the last free core. An object of its
/// own, so that neither heartbeats nor administrators contend with placement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeAllocation {
    /// The node.
    pub id: NodeId,
    /// Revision and times.
    pub meta: Meta,
    /// Promised cores.
    pub cores: Cores,
    /// Promised memory.
    pub memory: Mebibytes,
    /// How many VMs.
    pub vms: u32,
}

impl NodeAllocation {
    /// Nothing promised yet.
    pub fn empty(id: NodeId, meta: Meta) -> Self {
        Self {
            id,
            meta,
            cores: Cores::ZERO,
            memory: Mebibytes::ZERO,
            vms: 0,
        }
    }

    /// Promises what `spec` needs. Fails where the sum would not fit its type.
    pub fn reserve(&mut self, spec: &VmSpec) -> Result<()> {
        let sum = || {
            Some((
                self.cores.checked_add(spec.cpu.cores)?,
                self.memory.checked_add(spec.memory)?,
                self.vms.checked_add(1)?,
            ))
        };
        let (cores, memory, vms) = sum().ok_or_else(|| Error::internal("a node's allocation overflows"))?;
        (self.cores, self.memory, self.vms) = (cores, memory, vms);
        Ok(())
    }

    /// Gives back what `spec` needed. Giving back more than was promised is a bug, and is refused.
    pub fn release(&mut self, spec: &VmSpec) -> Result<()> {
        let fits = self.cores >= spec.cpu.cores && self.memory >= spec.memory && self.vms >= 1;
        if !fits {
            return Err(
                Error::internal("more would be released than is allocated").with("node", self.id.to_string())
            );
        }
        self.cores = self.cores.saturating_sub(spec.cpu.cores);
        self.memory = self.memory.saturating_sub(spec.memory);
        self.vms -= 1;
        Ok(())
    }

    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            node: Some(self.id),
            ..IndexEntry::default()
        }
    }
}
