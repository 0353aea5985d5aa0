use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{IndexEntry, Meta, Network};
use crate::error::{Error, Result};
use crate::identity::NetworkId;
use crate::ipam::{self, AddressSet};

/// What is taken of one network. Written in the same commit as the ports it counts, with the version it was
/// read at as precondition: two ports can never get the same address, and a network can never be removed while
/// somebody plugs in. An object of its own, so that changing a description does not contend with that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAllocation {
    /// The network.
    pub id: NetworkId,
    /// Revision and times.
    pub meta: Meta,
    /// How many ports.
    pub ports: u32,
    /// The addresses that ports have, in the order of the network's subnets.
    pub taken: Vec<AddressSet>,
}

impl NetworkAllocation {
    /// Nothing is taken yet.
    pub fn empty(network: &Network, meta: Meta) -> Self {
        Self {
            id: network.id,
            meta,
            ports: 0,
            taken: vec![AddressSet::default(); network.spec.subnets.len()],
        }
    }

    /// Takes a port, and for it one address of each subnet of `network`: the one in `asked`, or any. The path
    /// of `asked` in the request is `at`.
    ///
    /// Fails with `INVALID_FIELD`, `ADDRESS_TAKEN` and `ADDRESSES_EXHAUSTED`; what was taken before the failure
    /// stays taken in this value, which is then to be dropped.
    pub fn take(&mut self, at: &str, network: &Network, asked: &[IpAddr]) -> Result<Vec<IpAddr>> {
        let subnets = &network.spec.subnets;
        if self.taken.len() != subnets.len() {
            return Err(Error::internal(
                "a network's allocation has not one set per subnet",
            ));
        }
        for (i, address) in asked.iter().enumerate() {
            let home = subnets.iter().position(|subnet| subnet.cidr.contains(address));
            let alone = |home| !asked[..i].iter().any(|a| subnet_of(network, a) == Some(home));
            if !home.is_some_and(alone) {
                let why = match home {
                    Some(_) => "a port has one address of a subnet",
                    None => "it is in no subnet of the network",
                };
                let message = format!(
                    "{address} cannot be had on network {:?}: {why}",
                    network.name.as_str()
                );
                return Err(Error::invalid(format!("{at}[{i}]"), message));
            }
        }
        let mut addresses = Vec::with_capacity(subnets.len());
        for (subnet, taken) in subnets.iter().zip(&mut self.taken) {
            let wish = asked.iter().position(|address| subnet.cidr.contains(address));
            addresses.push(match wish {
                Some(i) => ipam::take(&format!("{at}[{i}]"), subnet, taken, asked[i])?,
                None => ipam::take_any(subnet, taken)?,
            });
        }
        let ports = self.ports.checked_add(1);
        self.ports = ports.ok_or_else(|| Error::internal("a network's allocation overflows"))?;
        Ok(addresses)
    }

    /// Gives back a port and its addresses. Giving back more than was taken is a bug, and is refused.
    pub fn release(&mut self, network: &Network, addresses: &[IpAddr]) -> Result<()> {
        let more = || {
            Error::internal("more would be released than is allocated").with("network", self.id.to_string())
        };
        self.ports = self.ports.checked_sub(1).ok_or_else(more)?;
        for address in addresses {
            let set = subnet_of(network, address).and_then(|i| self.taken.get_mut(i));
            if !set.is_some_and(|set| set.remove(*address)) {
                let message = format!("{address} would be released and is not taken");
                return Err(Error::internal(message).with("network", self.id.to_string()));
            }
        }
        Ok(())
    }

    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry::default()
    }
}

fn subnet_of(network: &Network, address: &IpAddr) -> Option<usize> {
    network
        .spec
        .subnets
        .iter()
        .position(|subnet| subnet.cidr.contains(address))
}
