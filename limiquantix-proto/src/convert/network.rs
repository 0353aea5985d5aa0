//! [`Network`] and [`Port`] as the API shows them, and what requests say about them.

use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;

use limiquantix_core::contract::Selector;
use limiquantix_core::identity::Name;
use limiquantix_core::resource::{
    AddressRange, Labels, MacAddress, Network, NetworkSpec, Port, Revision, Subnet,
};
use limiquantix_core::{Error, Result};

use super::field::{path, required, signed};
use super::page::Listing;
use super::time::timestamp_to_wire;
use super::vm::project_filter;
use super::{etag, id};
use crate::network::v1 as wire;

/// What to change of a network; `None` leaves things as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkChanges {
    /// Another description.
    pub description: Option<String>,
    /// Other labels, replacing all.
    pub labels: Option<Labels>,
}

/// The network as the API shows it.
pub fn to_wire(network: &Network) -> wire::Network {
    wire::Network {
        id: network.id.to_string(),
        name: network.name.to_string(),
        project_id: network.project.to_string(),
        description: network.description.clone(),
        labels: network.meta.labels.clone(),
        spec: spec_to_wire(&network.spec).into(),
        etag: etag::to_wire(network.meta.revision),
        revision: network.meta.revision.0,
        created_at: timestamp_to_wire(network.meta.created_at).into(),
        updated_at: timestamp_to_wire(network.meta.updated_at).into(),
        ..Default::default()
    }
}

/// The answer to a mutation with `validate_only`: the network as it would be, less what does not exist (for one
/// that would be created its id and version).
pub fn preview_to_wire(network: &Network) -> wire::Network {
    let mut preview = to_wire(network);
    if network.meta.revision == Revision::ZERO {
        preview.id.clear();
        preview.etag.clear();
    }
    preview
}

/// What a network is, as the API shows it.
pub fn spec_to_wire(spec: &NetworkSpec) -> wire::NetworkSpec {
    wire::NetworkSpec {
        backing: spec.backing.to_string(),
        shared: spec.shared,
        subnets: spec.subnets.iter().map(subnet_to_wire).collect(),
        ..Default::default()
    }
}

fn subnet_to_wire(subnet: &Subnet) -> wire::Subnet {
    let ranges = subnet.ranges.iter().map(|range| wire::AddressRange {
        first: range.first.to_string(),
        last: range.last.to_string(),
        ..Default::default()
    });
    wire::Subnet {
        cidr: subnet.cidr.to_string(),
        gateway: subnet.gateway.map(|g| g.to_string()).unwrap_or_default(),
        allocation_ranges: ranges.collect(),
        dns_servers: subnet.dns_servers.iter().map(ToString::to_string).collect(),
        ..Default::default()
    }
}

/// Reads what a network is to be.
///
/// # Errors
///
/// `INVALID_FIELD` with the path of the field; for `at` if there is no spec.
pub fn spec_from_wire(at: &str, spec: Option<&wire::NetworkSpec>) -> Result<NetworkSpec> {
    let spec = spec.ok_or_else(|| required(at))?;
    let backing = match spec.backing.as_str() {
        "" => Network::DEFAULT,
        backing => backing,
    };
    let subnets = spec.subnets.iter().enumerate();
    Ok(NetworkSpec {
        backing: Name::parse(&path(at, "backing"), backing)?,
        shared: spec.shared,
        subnets: subnets
            .map(|(i, subnet)| subnet_from_wire(&path(at, &format!("subnets[{i}]")), subnet))
            .collect::<Result<_>>()?,
    })
}

fn subnet_from_wire(at: &str, subnet: &wire::Subnet) -> Result<Subnet> {
    let ranges = subnet.allocation_ranges.iter().enumerate();
    let ranges = ranges.map(|(i, range)| {
        let at = path(at, &format!("allocation_ranges[{i}]"));
        Ok(AddressRange {
            first: parsed(&path(&at, "first"), &range.first, "an IP address")?,
            last: parsed(&path(&at, "last"), &range.last, "an IP address")?,
        })
    });
    Ok(Subnet {
        cidr: parsed(&path(at, "cidr"), &subnet.cidr, "a subnet such as 10.0.0.0/24")?,
        gateway: match subnet.gateway.as_str() {
            "" => None,
            gateway => Some(parsed(&path(at, "gateway"), gateway, "an IP address")?),
        },
        ranges: ranges.collect::<Result<_>>()?,
        dns_servers: addresses_from_wire(&path(at, "dns_servers"), &subnet.dns_servers)?,
    })
}

/// Reads IP addresses.
///
/// # Errors
///
/// `INVALID_FIELD` with the path of the address.
pub(super) fn addresses_from_wire(at: &str, texts: &[String]) -> Result<Vec<IpAddr>> {
    let texts = texts.iter().enumerate();
    texts
        .map(|(i, text)| parsed(&format!("{at}[{i}]"), text, "an IP address"))
        .collect()
}

fn parsed<T: FromStr>(field: &str, text: &str, what: impl Display) -> Result<T> {
    if text.is_empty() {
        return Err(required(field));
    }
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(64).collect();
        Error::invalid(field, format!("{field} is not {what}: {shown:?}"))
    })
}

/// What `request` changes of a network. Nothing, if its mask is empty.
///
/// # Errors
///
/// `INVALID_FIELD` for `update_mask` if it names what is not there or may not be changed.
pub fn changes_from_wire(request: &wire::UpdateNetworkRequest) -> Result<NetworkChanges> {
    let mut changes = NetworkChanges::default();
    let mask = request.update_mask.as_option();
    for path in mask.map_or(&[][..], |mask| mask.paths.as_slice()) {
        match path.as_str() {
            "description" => changes.description = Some(request.description.clone()),
            "labels" => changes.labels = Some(request.labels.clone()),
            path => {
                let shown: String = path.chars().take(64).collect();
                return Err(Error::invalid(
                    "update_mask",
                    format!("update_mask has {shown:?}, which is not a field that can be changed"),
                ));
            }
        }
    }
    Ok(changes)
}

/// Which networks, and which page of them, a list is to show.
///
/// # Errors
///
/// `INVALID_FIELD`, `INVALID_PAGE_TOKEN`.
pub fn listing_from_wire(request: &wire::ListNetworksRequest) -> Result<Listing> {
    let selector = Selector {
        project: project_filter("project_id", &request.project_id)?,
        name: Some(request.name.clone()).filter(|name| !name.is_empty()),
        labels: request.labels.clone(),
        ..Selector::default()
    };
    Listing::read::<Network>(selector, request)
}

/// The port as the API shows it.
pub fn port_to_wire(port: &Port) -> wire::Port {
    wire::Port {
        id: port.id.to_string(),
        project_id: port.project.to_string(),
        network_id: port.network.to_string(),
        network_name: port.network_name.to_string(),
        vm_id: port.vm.to_string(),
        vm_name: port.vm_name.to_string(),
        device_index: signed(port.device_index),
        mac: port.mac.to_string(),
        ip_addresses: port.addresses.iter().map(ToString::to_string).collect(),
        etag: etag::to_wire(port.meta.revision),
        revision: port.meta.revision.0,
        created_at: timestamp_to_wire(port.meta.created_at).into(),
        updated_at: timestamp_to_wire(port.meta.updated_at).into(),
        ..Default::default()
    }
}

/// Which ports, and which page of them, a list is to show.
///
/// # Errors
///
/// `INVALID_FIELD`, `INVALID_PAGE_TOKEN`.
pub fn ports_from_wire(request: &wire::ListPortsRequest) -> Result<Listing> {
    let network = id::optional("network_id", &request.network_id, id::parse_network_id)?;
    let vm = id::optional("vm_id", &request.vm_id, id::parse_vm_id)?;
    let mac = id::optional("mac", &request.mac, MacAddress::parse)?;
    let labels = [
        (Port::OF_NETWORK, network.map(|id| id.to_string())),
        (Port::OF_VM, vm.map(|id| id.to_string())),
        (Port::WITH_MAC, mac.map(|mac| mac.to_string())),
    ];
    let labels = labels
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let selector = Selector {
        project: project_filter("project_id", &request.project_id)?,
        labels: labels.collect(),
        ..Selector::default()
    };
    Listing::read::<Port>(selector, request)
}
