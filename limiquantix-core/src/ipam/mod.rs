//! Which address a port gets: the lowest free one of the subnet's ranges, or the one it asks for.
//!
//! ```text
//!   subnet      |N··G·····[ range ]·····[ range ]······B|      N network, G gateway, B broadcast: never given
//!   taken            ▪      ▪▪▪▪▪   ▪    ▪                     an AddressSet: runs of neighbours, not one by one
//! ```
//!
//! What is taken is one small object per network, read and written with each port. Addresses are given out from
//! below, so that it stays a few runs however many ports there are, and an allocation looks at runs, never at
//! ports.

mod set;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use crate::error::{Error, Reason, Result};
use crate::resource::{AddressRange, Subnet};

pub use set::AddressSet;

/// Takes the lowest free address of the subnet's ranges. `ADDRESSES_EXHAUSTED` if there is none.
pub fn take_any(subnet: &Subnet, taken: &mut AddressSet) -> Result<IpAddr> {
    let hosts = [hosts(subnet)];
    let ranges = if subnet.ranges.is_empty() {
        &hosts[..]
    } else {
        &subnet.ranges
    };
    let mut ranges: Vec<AddressRange> = ranges.to_vec();
    ranges.sort_by_key(|range| range.first);
    let found = ranges
        .into_iter()
        .find_map(|range| lowest_free(subnet, taken, range));
    match found {
        Some(address) => {
            taken.insert(address);
            Ok(address)
        }
        None => {
            let message = format!("every address that {} gives out is taken", subnet.cidr);
            Err(Error::new(Reason::AddressesExhausted, message).with("subnet", subnet.cidr.to_string()))
        }
    }
}

/// Takes this address, which may be outside the ranges. `INVALID_FIELD` naming `field` if the subnet gives it to
/// nobody; `ADDRESS_TAKEN`.
pub fn take(field: &str, subnet: &Subnet, taken: &mut AddressSet, address: IpAddr) -> Result<IpAddr> {
    if !may_have(subnet, address) {
        let message = format!(
            "{address} cannot be had: it is not an address for a port of {}",
            subnet.cidr
        );
        return Err(Error::invalid(field, message));
    }
    if taken.insert(address) {
        return Ok(address);
    }
    let message = format!("another port has the address {address}");
    Err(Error::new(Reason::AddressTaken, message)
        .with("field", field)
        .with("address", address.to_string()))
}

/// Whether a port may have this address at all.
pub fn may_have(subnet: &Subnet, address: IpAddr) -> bool {
    let hosts = hosts(subnet);
    (hosts.first..=hosts.last).contains(&address) && subnet.gateway != Some(address)
}

/// The addresses of the subnet less those that mean something else. The first and the last of IPv4 are the
/// network and the broadcast address, except in subnets of two (RFC 3021) and of one; the first of IPv6 is the
/// routers' anycast address (RFC 4291, 2.6.1), except in subnets of two (RFC 6164) and of one.
pub fn hosts(subnet: &Subnet) -> AddressRange {
    let (first, last) = (subnet.cidr.network(), subnet.cidr.broadcast());
    if subnet.cidr.max_prefix_len() - subnet.cidr.prefix_len() < 2 {
        return AddressRange { first, last };
    }
    let last = if first.is_ipv4() {
        set::before(last).unwrap_or(last)
    } else {
        last
    };
    AddressRange {
        first: set::after(first).unwrap_or(first),
        last,
    }
}

fn lowest_free(subnet: &Subnet, taken: &AddressSet, range: AddressRange) -> Option<IpAddr> {
    let hosts = hosts(subnet);
    let last = range.last.min(hosts.last);
    let mut next = range.first.max(hosts.first);
    loop {
        // Beyond the run of taken addresses that it is in, if any.
        if let Some(run) = taken.run_with(next) {
            next = set::after(run.last)?;
        }
        if next > last {
            return None;
        }
        if subnet.gateway != Some(next) {
            return Some(next);
        }
        next = set::after(next)?;
    }
}
