use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{IndexEntry, Labels, MacAddress, Meta};
use crate::identity::{Name, NetworkId, PortId, ProjectId, SecurityGroupId, VmId};

/// The attachment of one network interface of a VM to a network. Made and removed with the interface, in the
/// same commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Its id.
    pub id: PortId,
    /// Revision and times. Its labels are those of [`Port::labels`]: stores find it by them.
    pub meta: Meta,
    /// The tenant: that of the VM.
    pub project: ProjectId,
    /// What it is plugged into.
    pub network: NetworkId,
    /// What that is called.
    pub network_name: Name,
    /// Whose interface it is.
    pub vm: VmId,
    /// What that is called.
    pub vm_name: Name,
    /// Which of the VM's interfaces, from 0.
    pub device_index: u32,
    /// The interface's hardware address, unique on the network.
    pub mac: MacAddress,
    /// The addresses that are set apart for it, one per subnet of the network.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
    /// The security groups that it is in, by id ascending.
    #[serde(default)]
    pub security_groups: Vec<SecurityGroupId>,
}

/// What a VM's interface is plugged into: what its node and its readers must know of the port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The port.
    pub port: PortId,
    /// The network.
    pub network: NetworkId,
    /// What the node knows the network as.
    pub backing: Name,
    /// The addresses that are set apart for the interface.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
}

impl Port {
    /// The label by which ports of one network are found.
    pub const OF_NETWORK: &'static str = "network";
    /// The label by which ports of one VM are found.
    pub const OF_VM: &'static str = "vm";
    /// The label by which ports with one hardware address are found, on whatever network.
    pub const WITH_MAC: &'static str = "mac";

    /// What a port with these parts is found by.
    pub fn labels(network: NetworkId, vm: VmId, mac: MacAddress) -> Labels {
        Labels::from([
            (Self::OF_NETWORK.to_owned(), network.to_string()),
            (Self::OF_VM.to_owned(), vm.to_string()),
            (Self::WITH_MAC.to_owned(), mac.to_string()),
        ])
    }

    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            project: Some(&self.project),
            name: Some(self.vm_name.as_str()),
            unique: Some(format!("{}/{}", self.network, self.mac)),
            ..IndexEntry::default()
        }
    }
}
