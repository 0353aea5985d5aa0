#[cfg(test)]
mod tests;

use std::net::IpAddr;

use super::{MAX_SUBNETS, count};
use crate::error::{Error, Result};
use crate::identity::ProjectId;
use crate::ipam;
use crate::resource::{AddressRange, NetworkSpec, Subnet};

/// The most ranges of a subnet.
const MAX_RANGES: usize = 64;
/// The most name servers of a subnet. Resolvers look at three of them.
const MAX_DNS_SERVERS: usize = 8;
/// The shortest prefixes: larger subnets are typing errors.
const MIN_PREFIX: (u8, u8) = (8, 32);

/// Checks the spec of a network that is to be created. `at` is the path of the spec, usually `spec`.
pub fn network_spec(at: &str, project: &ProjectId, spec: &NetworkSpec) -> Result<()> {
    if spec.shared && *project != ProjectId::default() {
        return Err(Error::invalid(
            format!("{at}.shared"),
            format!("only networks of project {:?} can be shared", ProjectId::DEFAULT),
        ));
    }
    let subnets = format!("{at}.subnets");
    count(&subnets, spec.subnets.len(), MAX_SUBNETS)?;
    for (i, subnet) in spec.subnets.iter().enumerate() {
        let at = format!("{subnets}[{i}]");
        let version = |s: &Subnet| s.cidr.network().is_ipv4();
        if spec.subnets[..i]
            .iter()
            .any(|other| version(other) == version(subnet))
        {
            return Err(Error::invalid(
                format!("{at}.cidr"),
                "a network has one subnet of each IP version",
            ));
        }
        self::subnet(&at, subnet)?;
    }
    Ok(())
}

fn subnet(at: &str, subnet: &Subnet) -> Result<()> {
    cidr(&format!("{at}.cidr"), subnet)?;
    let hosts = ipam::hosts(subnet);
    let inside = |address: IpAddr| (hosts.first..=hosts.last).contains(&address);
    if let Some(gateway) = subnet.gateway
        && !inside(gateway)
    {
        let message = format!("{gateway} is no host of {}", subnet.cidr);
        return Err(Error::invalid(format!("{at}.gateway"), message));
    }
    let ranges = format!("{at}.allocation_ranges");
    count(&ranges, subnet.ranges.len(), MAX_RANGES)?;
    for (i, range) in subnet.ranges.iter().enumerate() {
        let AddressRange { first, last } = range;
        for (name, address) in [("first", first), ("last", last)] {
            if !inside(*address) {
                let message = format!("{address} is no host of {}", subnet.cidr);
                return Err(Error::invalid(format!("{ranges}[{i}].{name}"), message));
            }
        }
        if first > last {
            let message = format!("the range ends at {last}, before it begins at {first}");
            return Err(Error::invalid(format!("{ranges}[{i}].last"), message));
        }
        let overlaps = |other: &AddressRange| other.first <= *last && *first <= other.last;
        if subnet.ranges[..i].iter().any(overlaps) {
            let message = format!("the range from {first} to {last} overlaps another");
            return Err(Error::invalid(format!("{ranges}[{i}].first"), message));
        }
    }
    let servers = format!("{at}.dns_servers");
    count(&servers, subnet.dns_servers.len(), MAX_DNS_SERVERS)?;
    match subnet.dns_servers.iter().position(|server| !is_unicast(*server)) {
        Some(i) => Err(Error::invalid(
            format!("{servers}[{i}]"),
            format!("{} is not the address of a host", subnet.dns_servers[i]),
        )),
        None => Ok(()),
    }
}

fn cidr(field: &str, subnet: &Subnet) -> Result<()> {
    let cidr = subnet.cidr;
    let bad = |why: String| Err(Error::invalid(field, format!("{cidr} cannot be a subnet: {why}")));
    if cidr != cidr.trunc() {
        return bad(format!("it has host bits; write {}", cidr.trunc()));
    }
    let least = if cidr.network().is_ipv4() {
        MIN_PREFIX.0
    } else {
        MIN_PREFIX.1
    };
    if cidr.prefix_len() < least {
        return bad(format!("it is too large: the prefix has at least {least} bits"));
    }
    if !is_unicast(cidr.network()) || cidr.network().is_loopback() {
        return bad("its addresses are not those of hosts".to_owned());
    }
    Ok(())
}

fn is_unicast(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    !address.is_multicast() && !address.is_unspecified() && !broadcast
}
