//! Ports come and go with the interfaces of VMs, in the commit that makes, changes or removes the VM.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use limiquantix_core::contract::{Changeset, IdSourceExt as _, PageRequest, Repository, Selector};
use limiquantix_core::identity::{Name, NetworkId, PortId, ProjectId, SecurityGroupId};
use limiquantix_core::resource::{
    Attachment, Labels, MacAddress, Meta, Network, NetworkAllocation, NicSpec, Port, Vm, VmSpec,
};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Reason, Result};

use super::read::find;
use crate::control_plane::Parts;

/// Plugs in every interface of a VM that is to be created. Addresses that `asked` leaves open may be changed.
///
/// Errors: `INVALID_FIELD` for a network that there is not or an address that it does not have, `ADDRESS_TAKEN`,
/// `ADDRESSES_EXHAUSTED`.
pub(crate) async fn plug(
    parts: &Parts,
    vm: &mut Vm,
    asked: &VmSpec,
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    let mut panel = Panel::new(parts, now);
    for i in 0..vm.spec.nics.len() {
        let free = asked.nics.get(i).is_none_or(|nic| nic.mac.is_none());
        let attachment = panel.plug_in(vm, i, free, Vec::new(), changes).await?;
        vm.attachments.push(attachment);
    }
    panel.write(changes);
    Ok(())
}

/// Brings the ports of `before` up to the interfaces of `after`, which is the same VM with another spec. An
/// interface is known by its hardware address: while that, its network and the addresses asked for stay, so does
/// its port. The security groups of one that moves to another network go with it. A hardware address that
/// neither `before` nor `asked` has may be changed.
///
/// Errors: as [`plug`].
pub(crate) async fn replug(
    parts: &Parts,
    before: &Vm,
    after: &mut Vm,
    asked: &VmSpec,
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    if before.spec.nics == after.spec.nics {
        return Ok(());
    }
    let mut panel = Panel::new(parts, now);
    let mut kept = BTreeMap::new();
    let mut groups = BTreeMap::new();
    for (i, (nic, attachment)) in before.spec.nics.iter().zip(&before.attachments).enumerate() {
        let Some(port) = panel.port(attachment.port).await? else {
            continue;
        };
        let now_at = after.spec.nics.iter().position(|n| n.mac == nic.mac);
        let same = now_at.filter(|at| stays(nic, attachment, &after.spec.nics[*at]));
        match same {
            Some(at) => {
                if at != i {
                    let mut moved = Port::clone(&port);
                    moved.device_index = index(at)?;
                    moved.meta.updated_at = now;
                    changes.update(moved);
                }
                kept.insert(at, attachment.clone());
            }
            None => {
                groups.insert(port.mac, port.security_groups.clone());
                panel.pull_out(&port, changes).await?;
            }
        }
    }
    after.attachments.clear();
    for i in 0..after.spec.nics.len() {
        let attachment = match kept.remove(&i) {
            Some(attachment) => attachment,
            None => {
                let chosen = |nics: &[NicSpec]| nics.iter().any(|nic| nic.mac == after.spec.nics[i].mac);
                let free = !chosen(&before.spec.nics) && !chosen(&asked.nics);
                let mac = after.spec.nics[i].mac;
                let groups = mac.and_then(|mac| groups.remove(&mac)).unwrap_or_default();
                panel.plug_in(after, i, free, groups, changes).await?
            }
        };
        after.attachments.push(attachment);
    }
    panel.write(changes);
    Ok(())
}

/// Pulls out every interface of a VM that is about to be removed.
pub(crate) async fn unplug(parts: &Parts, vm: &Vm, now: Timestamp, changes: &mut Changeset) -> Result<()> {
    let mut panel = Panel::new(parts, now);
    for attachment in &vm.attachments {
        if let Some(port) = panel.port(attachment.port).await? {
            panel.pull_out(&port, changes).await?;
        }
    }
    panel.write(changes);
    Ok(())
}

/// Whether the port of an interface serves it as it is to be.
fn stays(before: &NicSpec, attachment: &Attachment, after: &NicSpec) -> bool {
    let has = |address| attachment.addresses.contains(address);
    before.network == after.network && after.addresses.iter().all(has)
}

fn index(i: usize) -> Result<u32> {
    u32::try_from(i).map_err(|_| Error::internal("more interfaces than can be counted"))
}

/// What one commit does to ports: each network that it concerns is read once and written once.
struct Panel<'a> {
    parts: &'a Parts,
    now: Timestamp,
    networks: BTreeMap<NetworkId, (Arc<Network>, NetworkAllocation)>,
    /// Ports that this commit removes: their hardware addresses are free.
    gone: BTreeSet<PortId>,
}

impl<'a> Panel<'a> {
    fn new(parts: &'a Parts, now: Timestamp) -> Self {
        Self {
            parts,
            now,
            networks: BTreeMap::new(),
            gone: BTreeSet::new(),
        }
    }

    /// Makes a port for interface `i` of `vm`. Another hardware address is chosen where it is taken and `free`.
    async fn plug_in(
        &mut self,
        vm: &mut Vm,
        i: usize,
        free: bool,
        security_groups: Vec<SecurityGroupId>,
        changes: &mut Changeset,
    ) -> Result<Attachment> {
        let at = |field: &str| format!("spec.nics[{i}].{field}");
        let nic = vm.spec.nics[i].clone();
        let network = self.resolve(&at("network"), &vm.project, &nic.network).await?;
        let mac = self.free_mac(&at("mac"), &network, vm, i, free).await?;
        vm.spec.nics[i].mac = Some(mac);
        let (_, allocation) = self.load(&network).await?;
        let addresses = allocation.take(&at("ip_addresses"), &network, &nic.addresses)?;
        let port = Port {
            id: self.parts.ids.port(),
            meta: Meta::created(self.now, Port::labels(network.id, vm.id, mac)),
            project: vm.project.clone(),
            network: network.id,
            network_name: network.name.clone(),
            vm: vm.id,
            vm_name: vm.name.clone(),
            device_index: index(i)?,
            mac,
            addresses: addresses.clone(),
            security_groups,
        };
        let attachment = Attachment {
            port: port.id,
            network: network.id,
            backing: network.spec.backing.clone(),
            addresses,
        };
        changes.create(port);
        Ok(attachment)
    }

    async fn pull_out(&mut self, port: &Port, changes: &mut Changeset) -> Result<()> {
        let networks = Repository::<Network>::new(Arc::clone(&self.parts.store));
        let network = networks.get(&port.network).await?;
        let (_, allocation) = self.load(&network).await?;
        allocation.release(&network, &port.addresses)?;
        self.gone.insert(port.id);
        changes.delete(port);
        Ok(())
    }

    fn write(self, changes: &mut Changeset) {
        for (_, mut allocation) in self.networks.into_values() {
            allocation.meta.updated_at = self.now;
            changes.update(allocation);
        }
    }

    async fn port(&self, id: PortId) -> Result<Option<Arc<Port>>> {
        Repository::new(Arc::clone(&self.parts.store)).find(&id).await
    }

    /// The network of this name: the project's own, or else one that is shared with it.
    async fn resolve(&self, field: &str, project: &ProjectId, name: &Name) -> Result<Arc<Network>> {
        let store = &self.parts.store;
        if let Some(own) = find(store, project, name.as_str()).await? {
            return Ok(own);
        }
        let shared = find(store, &ProjectId::default(), name.as_str()).await?;
        shared.filter(|network| network.spec.shared).ok_or_else(|| {
            let name = name.as_str();
            let message =
                format!("no network is named {name:?} in project {project}, nor is one shared with it");
            Error::invalid(field, message)
        })
    }

    async fn load(&mut self, network: &Arc<Network>) -> Result<&mut (Arc<Network>, NetworkAllocation)> {
        use std::collections::btree_map::Entry;
        match self.networks.entry(network.id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(free) => {
                let all = Repository::<NetworkAllocation>::new(Arc::clone(&self.parts.store));
                let allocation = NetworkAllocation::clone(&*all.get(&network.id).await?);
                Ok(free.insert((Arc::clone(network), allocation)))
            }
        }
    }

    /// A hardware address that no other port of the network has: the interface's, or another if it is `free`.
    async fn free_mac(
        &self,
        field: &str,
        network: &Network,
        vm: &Vm,
        i: usize,
        free: bool,
    ) -> Result<MacAddress> {
        let mut mac = vm.spec.nics[i].mac;
        loop {
            let mine = mac.filter(|mac| !vm.spec.nics.iter().take(i).any(|nic| nic.mac == Some(*mac)));
            match mine {
                Some(mac) if !self.has(network, mac).await? => return Ok(mac),
                Some(mac) if !free => {
                    let message = format!(
                        "another port of network {:?} has the address {mac}",
                        network.name.as_str()
                    );
                    return Err(Error::new(Reason::AddressTaken, message)
                        .with("field", field)
                        .with("address", mac.to_string()));
                }
                _ => mac = Some(crate::service::vm::qemu_mac(self.parts.ids.next())),
            }
        }
    }

    /// Whether another port of the network has this address.
    async fn has(&self, network: &Network, mac: MacAddress) -> Result<bool> {
        let selector = Selector {
            labels: Labels::from([(Port::WITH_MAC.to_owned(), mac.to_string())]),
            ..Selector::default()
        };
        // One per network that it was used on; mostly none.
        let page = PageRequest {
            limit: PageRequest::MAX,
            ..PageRequest::default()
        };
        let ports = Repository::<Port>::new(Arc::clone(&self.parts.store));
        let ports = ports.page(selector, page).await?.items;
        Ok(ports
            .iter()
            .any(|port| port.network == network.id && !self.gone.contains(&port.id)))
    }
}
