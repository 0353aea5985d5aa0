use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{IndexEntry, Meta};
use crate::identity::{Name, NetworkId, ProjectId};

/// A virtual network that VMs plug into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Its id.
    pub id: NetworkId,
    /// Revision, times, labels.
    pub meta: Meta,
    /// Unique in its project.
    pub name: Name,
    /// The tenant.
    pub project: ProjectId,
    /// Free text for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it is. Never changes: ports rest on it.
    pub spec: NetworkSpec,
}

/// What a network is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkSpec {
    /// The network or bridge of this name that the hypervisor of every node has.
    pub backing: Name,
    /// VMs of every project may plug into it. Only networks of the default project are shared, so that a name
    /// means one network to everybody.
    #[serde(default)]
    pub shared: bool,
    /// The addresses that its ports get, at most one subnet of each IP version; ports have none if empty.
    #[serde(default)]
    pub subnets: Vec<Subnet>,
}

/// Addresses of one IP version, and what guests have to know to use them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// All its addresses, without host bits.
    pub cidr: IpNet,
    /// The router; never given to a port.
    pub gateway: Option<IpAddr>,
    /// From which addresses are chosen for ports that ask for none; the whole subnet if empty. A port may ask
    /// for one outside.
    #[serde(default)]
    pub ranges: Vec<AddressRange>,
    /// Name servers, the first asked first.
    #[serde(default)]
    pub dns_servers: Vec<IpAddr>,
}

/// Addresses that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressRange {
    /// The lowest.
    pub first: IpAddr,
    /// The highest.
    pub last: IpAddr,
}

impl Network {
    /// The network that exists from the start and is meant when none is named.
    pub const DEFAULT: &'static str = "default";

    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            project: Some(&self.project),
            name: Some(self.name.as_str()),
            unique: Some(format!("{}/{}", self.project, self.name)),
            ..IndexEntry::default()
        }
    }
}
