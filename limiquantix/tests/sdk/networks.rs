//! Networks, the ports that VMs have on them, and their addresses.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use limiquantix::core::contract::{PageRequest, Selector};
use limiquantix::core::identity::{NetworkId, ProjectId};
use limiquantix::core::resource::{
    AddressRange, Kind, Labels, MacAddress, Network, NetworkSpec, NicSpec, Port, Subnet, Vm, VmSpec,
};
use limiquantix::core::{Error, Result};
use limiquantix::{Call, CreateNetwork, CreateVm, UpdateNetwork, UpdateVm};
use limiquantix_testkit::fixtures::{self, nic};

use crate::bench::{Bench, call, code, dry, field, repeated, request, spec};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A network with the subnet 10.0.0.0/24 behind 10.0.0.1, of which this range is given out.
fn lan(name: &str, first: &str, last: &str) -> CreateNetwork {
    CreateNetwork {
        name: fixtures::name(name),
        project: ProjectId::default(),
        description: String::new(),
        labels: Labels::new(),
        spec: NetworkSpec {
            backing: fixtures::name("br-lan"),
            shared: false,
            subnets: vec![Subnet {
                cidr: "10.0.0.0/24".parse().unwrap(),
                gateway: Some(ip("10.0.0.1")),
                ranges: vec![AddressRange {
                    first: ip(first),
                    last: ip(last),
                }],
                dns_servers: Vec::new(),
            }],
        },
    }
}

fn on(name: &str, nics: Vec<NicSpec>) -> CreateVm {
    let mut request = request(name);
    request.spec.nics = nics;
    request
}

fn asking(network: &str, address: &str) -> NicSpec {
    NicSpec {
        addresses: vec![ip(address)],
        ..nic(network)
    }
}

impl Bench {
    async fn network(&self, request: CreateNetwork) -> Arc<Network> {
        self.cp.networks().create(&call(), request).await.unwrap()
    }

    async fn plug(&self, name: &str, nics: Vec<NicSpec>) -> Result<Arc<Vm>> {
        self.cp.vms().create(&call(), on(name, nics)).await
    }

    async fn ports(&self, label: &str, of: String) -> Vec<Arc<Port>> {
        let selector = Selector {
            labels: Labels::from([(label.to_owned(), of)]),
            ..Selector::default()
        };
        let page = PageRequest {
            limit: PageRequest::MAX,
            ..PageRequest::default()
        };
        self.cp.networks().ports(selector, page).await.unwrap().items
    }

    async fn gone(&self, vm: &Vm) {
        self.cp.vms().delete(&call(), vm.id, true).await.unwrap();
        self.finish(vm.id).await;
    }

    async fn replug(&self, vm: &Vm, nics: Vec<NicSpec>) -> Result<Arc<Vm>> {
        let spec = VmSpec {
            nics,
            ..vm.spec.clone()
        };
        let update = UpdateVm {
            spec: Some(spec),
            ..UpdateVm::default()
        };
        self.cp.vms().update(&call(), vm.id, update).await
    }

    /// Ports, and addresses that are taken.
    async fn addresses_taken(&self, id: NetworkId) -> (u32, u128) {
        let allocation = self.cp.networks().allocation(id).await.unwrap();
        (
            allocation.ports,
            allocation.taken.iter().map(|set| set.len()).sum(),
        )
    }
}

/// What a VM's interfaces have, in words.
fn addresses(vm: &Vm) -> Vec<String> {
    let all = vm.attachments.iter().flat_map(|a| &a.addresses);
    all.map(ToString::to_string).collect()
}

/// For a user: `lqx launch` on a new installation does not know the network that it names by itself; or every
/// restart adds another.
#[tokio::test]
async fn the_default_network_is_there_from_the_start_and_once() {
    let bench = Bench::with_nodes(1, 8, 8192)
        .await
        .restarted()
        .await
        .restarted()
        .await;
    let networks = bench.cp.networks();
    let all = networks
        .list(Selector::default(), PageRequest::default())
        .await
        .unwrap();
    assert_eq!(all.items.len(), 1);
    assert_eq!(all.items[0].name.as_str(), "default");
    assert_eq!(all.items[0].spec.backing.as_str(), "default");
    bench.plug("web", vec![nic("default")]).await.unwrap();
    let mut elsewhere = on("web", vec![nic("default")]);
    elsewhere.project = bench.project("lab").await;
    let vm = bench.cp.vms().create(&call(), elsewhere).await.unwrap();
    assert_eq!(vm.attachments[0].backing.as_str(), "default", "it is shared");
}

/// For a user: a machine is plugged into whatever happens to have that name on the node, or into the network of
/// another tenant.
#[tokio::test]
async fn an_interface_names_a_network_of_its_project_or_a_shared_one() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let before = bench.revision().await;
    let lost = bench.plug("web", vec![nic("default"), nic("lan")]).await;
    assert_eq!(field(lost), "spec.nics[1].network");
    assert_eq!(bench.revision().await, before);
    bench.network(lan("lan", "10.0.0.2", "10.0.0.9")).await;
    let mut elsewhere = on("web", vec![nic("lan")]);
    elsewhere.project = bench.project("lab").await;
    let lost = bench.cp.vms().create(&call(), elsewhere.clone()).await;
    assert_eq!(field(lost), "spec.nics[0].network", "not everybody's");
    let mut own = lan("lan", "10.0.0.2", "10.0.0.9");
    own.project = fixtures::project_id("lab");
    own.spec.backing = fixtures::name("br-lab");
    bench.network(own).await;
    let vm = bench.cp.vms().create(&call(), elsewhere).await.unwrap();
    assert_eq!(vm.attachments[0].backing.as_str(), "br-lab");
}

/// For an operator: an address that nobody uses and nobody can have, or a port of a VM that never was.
#[tokio::test]
async fn ports_come_and_go_with_their_vm() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let network = bench.network(lan("lan", "10.0.0.5", "10.0.0.9")).await;
    let before = bench.revision().await;
    let vm = bench.plug("web", vec![nic("lan"), nic("default")]).await.unwrap();
    assert_eq!(bench.revision().await, before.next(), "in the commit of the VM");
    let written = bench.log().await.pop().unwrap();
    let ports = written
        .changes
        .iter()
        .filter(|c| c.key.kind == Kind::Port)
        .count();
    let allocations = written
        .changes
        .iter()
        .filter(|c| c.key.kind == Kind::NetworkAllocation);
    assert_eq!((ports, allocations.count()), (2, 2));

    let ports = bench.ports(Port::OF_NETWORK, network.id.to_string()).await;
    assert_eq!(ports.len(), 1);
    let port = &ports[0];
    assert_eq!((port.vm, port.device_index), (vm.id, 0));
    assert_eq!(Some(port.mac), vm.spec.nics[0].mac);
    assert_eq!(port.addresses, [ip("10.0.0.5")]);
    assert_eq!(vm.attachments[0].addresses, port.addresses);
    assert_eq!(vm.attachments[0].port, port.id);
    assert_eq!(bench.ports(Port::OF_VM, vm.id.to_string()).await.len(), 2);
    assert_eq!(bench.addresses_taken(network.id).await, (1, 1));

    let networks = bench.cp.networks();
    let e = networks.delete(&call(), network.id).await.unwrap_err();
    assert_eq!(e.reason().code(), "NETWORK_IN_USE");
    bench.finish(vm.id).await;
    bench.gone(&vm).await;
    assert!(bench.ports(Port::OF_VM, vm.id.to_string()).await.is_empty());
    assert_eq!(bench.addresses_taken(network.id).await, (0, 0));
    let again = bench.plug("web-2", vec![nic("lan")]).await.unwrap();
    assert_eq!(
        addresses(&again),
        ["10.0.0.5"],
        "released addresses are given out again"
    );
    bench.finish(again.id).await;
    bench.gone(&again).await;
    networks.delete(&call(), network.id).await.unwrap();
    assert_eq!(code(networks.get(network.id).await), "NOT_FOUND");
    assert_eq!(code(networks.allocation(network.id).await), "NOT_FOUND");
}

/// For a user: an address was promised and another one given; or a refusal that does not say what is wrong.
#[tokio::test]
async fn addresses_are_given_as_asked_or_refused_with_the_reason() {
    let bench = Bench::with_nodes(1, 64, 65536).await;
    let network = bench.network(lan("lan", "10.0.0.5", "10.0.0.6")).await;
    let vm = bench.plug("a", vec![asking("lan", "10.0.0.200")]).await.unwrap();
    assert_eq!(addresses(&vm), ["10.0.0.200"]);
    let refused = async |address: &str| -> Error {
        bench
            .plug("x", vec![nic("default"), asking("lan", address)])
            .await
            .unwrap_err()
    };
    let at = Some("spec.nics[1].ip_addresses[0]");
    for bad in ["10.0.0.0", "10.0.0.1", "10.0.0.255", "10.0.1.7", "fd00::7"] {
        let e = refused(bad).await;
        assert_eq!(
            (e.reason().code(), e.get("field")),
            ("INVALID_FIELD", at),
            "{bad}"
        );
    }
    let e = refused("10.0.0.200").await;
    assert_eq!((e.reason().code(), e.get("field")), ("ADDRESS_TAKEN", at));
    let mut two = asking("lan", "10.0.0.201");
    two.addresses.push(ip("10.0.0.202"));
    let refused = bench.plug("x", vec![two]).await;
    assert_eq!(field(refused), "spec.nics[0].ip_addresses[1]");
    let refused = bench.plug("x", vec![asking("default", "10.0.0.7")]).await;
    assert_eq!(
        field(refused),
        "spec.nics[0].ip_addresses[0]",
        "no subnet, no addresses"
    );

    bench.plug("b", vec![nic("lan"), nic("lan")]).await.unwrap();
    let before = bench.revision().await;
    let e = bench.plug("c", vec![nic("lan")]).await.unwrap_err();
    assert_eq!(e.reason().code(), "ADDRESSES_EXHAUSTED");
    let e = bench
        .cp
        .vms()
        .create(&dry(), on("c", vec![nic("lan")]))
        .await
        .unwrap_err();
    assert_eq!(e.reason().code(), "ADDRESSES_EXHAUSTED", "a dry run tells it too");
    assert_eq!(bench.revision().await, before);
    assert_eq!(bench.addresses_taken(network.id).await, (3, 3));
}

/// For a user: two machines with one hardware address, and the network between them works every other second.
#[tokio::test]
async fn hardware_addresses_are_unique_on_a_network_and_not_beyond() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    bench.network(lan("lan", "10.0.0.5", "10.0.0.9")).await;
    let mac = MacAddress([0x52, 0x54, 0, 7, 7, 7]);
    let with = |network: &str| NicSpec {
        mac: Some(mac),
        ..nic(network)
    };
    bench.plug("a", vec![with("lan")]).await.unwrap();
    let e = bench.plug("b", vec![nic("lan"), with("lan")]).await.unwrap_err();
    assert_eq!(e.reason().code(), "ADDRESS_TAKEN");
    assert_eq!(e.get("field"), Some("spec.nics[1].mac"));
    bench.plug("b", vec![with("default")]).await.unwrap();
}

/// For a user: another disk or more memory, and the machine comes back under another address; or an interface is
/// moved and both networks believe to have it.
#[tokio::test]
async fn an_update_keeps_the_ports_that_still_serve() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let network = bench.network(lan("lan", "10.0.0.5", "10.0.0.9")).await;
    let vm = bench.plug("web", vec![nic("lan"), nic("lan")]).await.unwrap();
    bench.finish(vm.id).await;
    bench.cp.vms().stop(&call(), vm.id, true, None).await.unwrap();
    bench.finish(vm.id).await;
    assert_eq!(addresses(&vm), ["10.0.0.5", "10.0.0.6"]);
    let [first, second] = [vm.spec.nics[0].clone(), vm.spec.nics[1].clone()];

    // More of something else.
    let update = UpdateVm {
        spec: Some(VmSpec {
            nics: vm.spec.nics.clone(),
            ..spec(2, 1024)
        }),
        ..UpdateVm::default()
    };
    let same = bench.cp.vms().update(&call(), vm.id, update).await.unwrap();
    assert_eq!(same.attachments, vm.attachments);
    bench.finish(vm.id).await;

    // Turned round, and one more in front.
    let three = vec![nic("default"), second, first.clone()];
    let turned = bench.replug(&same, three).await.unwrap();
    let macs: BTreeSet<_> = turned.spec.nics.iter().map(|n| n.mac.unwrap()).collect();
    assert_eq!(macs.len(), 3);
    assert_eq!(turned.attachments[1], vm.attachments[1]);
    assert_eq!(turned.attachments[2], vm.attachments[0]);
    let ports = bench.ports(Port::OF_VM, vm.id.to_string()).await;
    let mut places: Vec<_> = ports.iter().map(|p| (p.device_index, p.id)).collect();
    places.sort_unstable();
    let expected: Vec<_> = (0..).zip(turned.attachments.iter().map(|a| a.port)).collect();
    assert_eq!(places, expected);
    bench.finish(vm.id).await;

    // Only the first is left, and wants another address.
    let other = NicSpec {
        addresses: vec![ip("10.0.0.77")],
        ..first
    };
    let one = bench.replug(&turned, vec![other]).await.unwrap();
    assert_eq!(addresses(&one), ["10.0.0.77"]);
    assert_eq!(bench.addresses_taken(network.id).await, (1, 1));
    assert_eq!(bench.ports(Port::OF_VM, vm.id.to_string()).await.len(), 1);
}

/// For a user: two of many machines that are made at once get one address.
#[tokio::test]
async fn a_hundred_vms_at_once_get_a_hundred_addresses() {
    let bench = Bench::with_nodes(4, 64, 65536).await;
    let network = bench.network(lan("lan", "10.0.0.2", "10.0.0.101")).await;
    let made = (0..101).map(|i| {
        let bench = bench.clone();
        tokio::spawn(async move { bench.plug(&format!("vm-{i}"), vec![nic("lan")]).await })
    });
    let mut seen = BTreeSet::new();
    let mut refused = Vec::new();
    for vm in made.collect::<Vec<_>>() {
        match vm.await.unwrap() {
            Ok(vm) => assert!(seen.insert(vm.attachments[0].addresses[0]), "given twice"),
            Err(e) => refused.push(e.reason().code()),
        }
    }
    assert_eq!(seen.len(), 100);
    assert_eq!(refused, ["ADDRESSES_EXHAUSTED"]);
    // And given back at once, while others are made.
    let vms = bench.cp.vms();
    let page = PageRequest {
        limit: 1000,
        ..PageRequest::default()
    };
    let all = vms.list(Selector::default(), page).await.unwrap().items;
    let removed = all.iter().map(|vm| {
        let (bench, vm) = (bench.clone(), Arc::clone(vm));
        tokio::spawn(async move {
            bench.finish(vm.id).await;
            bench.gone(&vm).await;
        })
    });
    for done in removed.collect::<Vec<_>>() {
        done.await.unwrap();
    }
    assert_eq!(bench.addresses_taken(network.id).await, (0, 0));
}

/// For an automation: a repeated call makes a second network, or a stale one overwrites what others changed.
#[tokio::test]
async fn networks_keep_the_rules_of_all_mutations() {
    let bench = Bench::new().await;
    let networks = bench.cp.networks();
    let before = bench.revision().await;
    let wanted = lan("lan", "10.0.0.5", "10.0.0.9");
    let would_be = networks.create(&dry(), wanted.clone()).await.unwrap();
    assert_eq!(would_be.spec, wanted.spec);
    assert_eq!(bench.revision().await, before);
    let made = networks.create(&repeated("r1"), wanted.clone()).await.unwrap();
    let again = networks.create(&repeated("r1"), wanted.clone()).await.unwrap();
    assert_eq!(made, again);
    let other = networks
        .create(&repeated("r1"), lan("lan-2", "10.0.0.5", "10.0.0.9"))
        .await;
    assert_eq!(code(other), "REQUEST_ID_REUSED");
    assert_eq!(code(networks.create(&call(), wanted.clone()).await), "NAME_TAKEN");
    assert_eq!(code(networks.create(&dry(), wanted).await), "NAME_TAKEN");

    let stale = Call {
        expected: Some(before),
        ..call()
    };
    let described = UpdateNetwork {
        description: Some("for the shop".to_owned()),
        labels: None,
    };
    assert_eq!(
        code(networks.update(&stale, made.id, described.clone()).await),
        "VERSION_MISMATCH"
    );
    assert_eq!(code(networks.delete(&stale, made.id).await), "VERSION_MISMATCH");
    assert_eq!(
        field(networks.update(&call(), made.id, UpdateNetwork::default()).await),
        "update_mask"
    );
    let changed = networks
        .update(&call(), made.id, described.clone())
        .await
        .unwrap();
    assert_eq!(changed.description, "for the shop");
    assert!(changed.meta.revision > made.meta.revision);
    let same = networks.update(&call(), made.id, described).await.unwrap();
    assert_eq!(same.meta.revision, changed.meta.revision, "nothing is left to do");

    networks.delete(&dry(), made.id).await.unwrap();
    networks.get(made.id).await.unwrap();
    networks.delete(&repeated("r2"), made.id).await.unwrap();
    networks.delete(&repeated("r2"), made.id).await.unwrap();
    assert_eq!(code(networks.delete(&repeated("r3"), made.id).await), "NOT_FOUND");
}
