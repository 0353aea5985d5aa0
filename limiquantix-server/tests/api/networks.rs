//! Networks and ports over the wire.

use std::collections::BTreeSet;

use buffa_types::google::protobuf::FieldMask;
use connectrpc::{ConnectError, ErrorCode};
use limiquantix_core::Reason;
use limiquantix_core::unit::{Cores, Mebibytes};
use limiquantix_mock::MockConfig;
use limiquantix_proto::compute::v1::{CreateVMRequest, DeleteVMRequest, NicConfig, VirtualMachine};
use limiquantix_proto::error::from_connect;
use limiquantix_proto::event::v1::ChangeType;
use limiquantix_proto::network::v1::{
    AddressRange, CreateNetworkRequest, DeleteNetworkRequest, GetNetworkRequest, GetPortRequest,
    ListNetworksRequest, ListPortsRequest, Network, NetworkSpec, Port, Subnet, UpdateNetworkRequest,
    WatchNetworksRequest,
};

use crate::harness::{Running, SimNode, create, next};

/// A network of 10.0.0.0/24 that gives out 10.0.0.10 to 10.0.0.`last`.
fn lan(name: &str, last: u8) -> CreateNetworkRequest {
    let range = AddressRange {
        first: "10.0.0.10".into(),
        last: format!("10.0.0.{last}"),
        ..Default::default()
    };
    let subnet = Subnet {
        cidr: "10.0.0.0/24".into(),
        gateway: "10.0.0.1".into(),
        allocation_ranges: vec![range],
        dns_servers: vec!["10.0.0.2".into()],
        ..Default::default()
    };
    CreateNetworkRequest {
        name: name.into(),
        spec: NetworkSpec {
            backing: "br-lan".into(),
            subnets: vec![subnet],
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

fn on(name: &str, network: &str, addresses: &[&str]) -> CreateVMRequest {
    let mut request = create(name);
    request.spec.get_or_insert_default().nics = vec![NicConfig {
        network: network.into(),
        ip_addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
        ..Default::default()
    }];
    request
}

/// The reason and the field of an error.
fn told<T>(outcome: Result<T, ConnectError>) -> (&'static str, String) {
    let error = from_connect(outcome.map(drop).unwrap_err());
    let field = error.get("field").unwrap_or_default().to_owned();
    (error.reason().code(), field)
}

impl Running {
    async fn network(&self, request: CreateNetworkRequest) -> Network {
        self.networks()
            .create_network(request)
            .await
            .unwrap()
            .into_owned()
    }

    async fn ports_of(&self, request: ListPortsRequest) -> Vec<Port> {
        self.ports().list_ports(request).await.unwrap().into_owned().ports
    }
}

fn delete(id: &str) -> DeleteNetworkRequest {
    DeleteNetworkRequest {
        id: id.to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_network_is_created_shown_changed_and_deleted() {
    let server = Running::memory().await;
    let networks = server.networks();
    let before = server.revision().await;
    let dry = CreateNetworkRequest {
        validate_only: true,
        ..lan("lan", 20)
    };
    let preview = networks.create_network(dry).await.unwrap().into_owned();
    assert_eq!((preview.id.as_str(), preview.etag.as_str()), ("", ""));
    assert_eq!(server.revision().await, before, "a dry run writes nothing");

    let request = CreateNetworkRequest {
        request_id: "r-1".into(),
        ..lan("lan", 20)
    };
    let made = server.network(request.clone()).await;
    assert_eq!(made.spec, request.spec);
    assert_eq!(
        server.network(request.clone()).await,
        made,
        "a repeat has the first answer"
    );
    let other = CreateNetworkRequest {
        name: "other".into(),
        ..request
    };
    assert_eq!(told(networks.create_network(other).await).0, "REQUEST_ID_REUSED");
    let taken = told(networks.create_network(lan("lan", 20)).await);
    assert_eq!(taken, ("NAME_TAKEN", "name".to_owned()));

    let by_id = GetNetworkRequest {
        id: made.id.clone(),
        ..Default::default()
    };
    let by_name = GetNetworkRequest {
        name: "lan".into(),
        ..Default::default()
    };
    assert_eq!(
        networks.get_network(by_id.clone()).await.unwrap().into_owned(),
        made
    );
    assert_eq!(networks.get_network(by_name).await.unwrap().into_owned(), made);
    let nobody = networks.get_network(GetNetworkRequest::default()).await;
    assert_eq!(told(nobody), ("INVALID_FIELD", "id".to_owned()));

    let change = |path: &str, etag: &str| UpdateNetworkRequest {
        id: made.id.clone(),
        etag: etag.to_owned(),
        description: "for the shop".into(),
        labels: [("tier".to_owned(), "front".to_owned())].into(),
        update_mask: FieldMask {
            paths: vec![path.to_owned()],
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    let bad = networks.update_network(change("spec", "")).await;
    assert_eq!(told(bad), ("INVALID_FIELD", "update_mask".to_owned()));
    let described = networks.update_network(change("description", &made.etag)).await;
    let described = described.unwrap().into_owned();
    assert_eq!(
        (described.description.as_str(), described.labels.len()),
        ("for the shop", 0)
    );
    let stale = networks.update_network(change("labels", &made.etag)).await;
    assert_eq!(told(stale), ("VERSION_MISMATCH", "etag".to_owned()));
    networks
        .update_network(change("labels", &described.etag))
        .await
        .unwrap();

    let listed = ListNetworksRequest {
        labels: [("tier".to_owned(), "front".to_owned())].into(),
        with_total_count: true,
        ..Default::default()
    };
    let listed = networks.list_networks(listed).await.unwrap().into_owned();
    assert_eq!((listed.networks.len(), listed.total_count), (1, Some(1)));
    let all = networks
        .list_networks(ListNetworksRequest::default())
        .await
        .unwrap()
        .into_owned();
    let names: BTreeSet<_> = all.networks.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["default", "lan"]));

    let stale = DeleteNetworkRequest {
        etag: made.etag.clone(),
        ..delete(&made.id)
    };
    assert_eq!(told(networks.delete_network(stale).await).0, "VERSION_MISMATCH");
    networks.delete_network(delete(&made.id)).await.unwrap();
    assert_eq!(told(networks.get_network(by_id).await).0, "NOT_FOUND");
}

#[tokio::test]
async fn what_is_wrong_with_a_network_is_named() {
    let server = Running::memory().await;
    let before = server.revision().await;
    let field = async |spoil: fn(&mut CreateNetworkRequest)| {
        let mut request = lan("lan", 20);
        spoil(&mut request);
        let (reason, field) = told(server.networks().create_network(request).await);
        assert_eq!(reason, "INVALID_FIELD");
        field
    };
    fn subnet(request: &mut CreateNetworkRequest) -> &mut Subnet {
        &mut request.spec.get_or_insert_default().subnets[0]
    }
    assert_eq!(field(|r| r.name.clear()).await, "name");
    assert_eq!(field(|r| r.project_id = "A".into()).await, "project_id");
    assert_eq!(field(|r| r.spec = None.into()).await, "spec");
    assert_eq!(
        field(|r| r.labels = [(String::new(), String::new())].into()).await,
        "labels"
    );
    assert_eq!(
        field(|r| r.spec.get_or_insert_default().backing = "<x>".into()).await,
        "spec.backing"
    );
    assert_eq!(field(|r| subnet(r).cidr.clear()).await, "spec.subnets[0].cidr");
    assert_eq!(
        field(|r| subnet(r).cidr = "10.0.0.0".into()).await,
        "spec.subnets[0].cidr"
    );
    assert_eq!(
        field(|r| subnet(r).cidr = "10.0.0.1/24".into()).await,
        "spec.subnets[0].cidr"
    );
    assert_eq!(
        field(|r| subnet(r).gateway = "router".into()).await,
        "spec.subnets[0].gateway"
    );
    assert_eq!(
        field(|r| subnet(r).gateway = "10.1.0.1".into()).await,
        "spec.subnets[0].gateway"
    );
    let range = "spec.subnets[0].allocation_ranges[0]";
    assert_eq!(
        field(|r| subnet(r).allocation_ranges[0].first.clear()).await,
        format!("{range}.first")
    );
    assert_eq!(
        field(|r| subnet(r).allocation_ranges[0].last = "10.0.0.5".into()).await,
        format!("{range}.last")
    );
    assert_eq!(
        field(|r| subnet(r).dns_servers.push("1.1.1.1.1".into())).await,
        "spec.subnets[0].dns_servers[1]"
    );
    let shared = field(|r| {
        r.project_id = "lab".into();
        r.spec.get_or_insert_default().shared = true;
    });
    assert_eq!(shared.await, "spec.shared");
    assert_eq!(server.revision().await, before);
}

#[tokio::test]
async fn a_vm_shows_its_address_and_reaches_the_node_with_what_backs_the_network() {
    let server = Running::memory().await;
    let node = SimNode::join(&server, "node-1").await;
    let network = server.network(lan("lan", 20)).await;
    let missing = server.vms().create_vm(on("web", "wan", &[])).await;
    assert_eq!(
        told(missing),
        ("INVALID_FIELD", "spec.nics[0].network".to_owned())
    );
    let bad = server.vms().create_vm(on("web", "lan", &["10.0.0"])).await;
    assert_eq!(
        told(bad),
        ("INVALID_FIELD", "spec.nics[0].ip_addresses[0]".to_owned())
    );

    let vm = server
        .vms()
        .create_vm(on("web", "lan", &[]))
        .await
        .unwrap()
        .into_owned();
    server.finished(&vm.current_task_id).await;
    assert_eq!(vm.status.nics.len(), 1);
    let nic = &vm.status.nics[0];
    assert_eq!(nic.ip_addresses, ["10.0.0.10"]);
    assert_eq!(nic.network_id, network.id);
    let machines = node.mock.instances();
    assert_eq!(machines.len(), 1);

    let wanted = GetPortRequest {
        id: nic.port_id.clone(),
        ..Default::default()
    };
    let port = server.ports().get_port(wanted).await.unwrap().into_owned();
    assert_eq!(
        (port.vm_name.as_str(), port.network_name.as_str()),
        ("web", "lan")
    );
    assert_eq!(port.mac, vm.spec.nics[0].mac);
    assert_eq!(port.ip_addresses, nic.ip_addresses);
    server.vms().create_vm(on("db", "default", &[])).await.unwrap();
    let by = |network_id: &str, vm_id: &str, mac: &str| ListPortsRequest {
        network_id: network_id.to_owned(),
        vm_id: vm_id.to_owned(),
        mac: mac.to_owned(),
        ..Default::default()
    };
    assert_eq!(server.ports_of(ListPortsRequest::default()).await.len(), 2);
    for by in [
        by(&network.id, "", ""),
        by("", &vm.id, ""),
        by("", "", &port.mac),
        by(&network.id, &vm.id, &port.mac),
    ] {
        assert_eq!(server.ports_of(by).await, std::slice::from_ref(&port));
    }
    let bad = server.ports().list_ports(by("", "", "aa:bb")).await;
    assert_eq!(told(bad), ("INVALID_FIELD", "mac".to_owned()));

    let taken = server.vms().create_vm(on("web-2", "lan", &["10.0.0.10"])).await;
    assert_eq!(
        told(taken),
        ("ADDRESS_TAKEN", "spec.nics[0].ip_addresses[0]".to_owned())
    );
    let used = server.networks().delete_network(delete(&network.id)).await;
    let used = used.map(drop).unwrap_err();
    assert_eq!(used.code, ErrorCode::FailedPrecondition);
    assert_eq!(from_connect(used).reason(), Reason::NetworkInUse);

    let gone = DeleteVMRequest {
        id: vm.id.clone(),
        force: true,
        ..Default::default()
    };
    let gone = server.vms().delete_vm(gone).await.unwrap().into_owned();
    server.finished(&gone.current_task_id).await;
    assert!(server.ports_of(by(&network.id, "", "")).await.is_empty());
    server
        .networks()
        .delete_network(delete(&network.id))
        .await
        .unwrap();
}

#[tokio::test]
async fn networks_are_watched() {
    let server = Running::memory().await;
    let initial = WatchNetworksRequest {
        initial: true,
        ..Default::default()
    };
    let mut watch = server.networks().watch_networks(initial).await.unwrap();
    let first = next!(watch).unwrap().unwrap();
    assert_eq!(first.r#type.as_known(), Some(ChangeType::Added));
    assert_eq!(first.network.name, "default");
    let network = server.network(lan("lan", 20)).await;
    server
        .networks()
        .delete_network(delete(&network.id))
        .await
        .unwrap();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let event = next!(watch).unwrap().unwrap();
        if let Some(shown) = event.network.as_option() {
            seen.push((event.r#type.as_known().unwrap(), shown.name.clone()));
        }
    }
    let lan = "lan".to_owned();
    assert_eq!(
        seen,
        [(ChangeType::Added, lan.clone()), (ChangeType::Deleted, lan)]
    );
}

/// A hundred clients at once on each store: nobody gets the address of another, and the one too many is told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_vms_get_one_address() {
    let directory = tempfile::tempdir().unwrap();
    for server in [Running::memory().await, Running::sqlite(directory.path()).await] {
        let mut large = MockConfig::new("node-1");
        large.cores = Cores(256);
        large.memory = Mebibytes(1 << 20);
        let _node = SimNode::join_as(&server, large).await;
        server.network(lan("lan", 109)).await;
        let calls = (0..101).map(|i| {
            let vms = server.vms();
            tokio::spawn(async move {
                vms.create_vm(on(&format!("vm-{i}"), "lan", &[]))
                    .await
                    .map(|a| a.into_owned())
            })
        });
        let mut addresses = BTreeSet::new();
        let mut refused = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            let answer: Result<VirtualMachine, ConnectError> = call.await.unwrap();
            match answer {
                Ok(vm) => assert!(addresses.insert(vm.status.nics[0].ip_addresses[0].clone())),
                Err(error) => refused.push(from_connect(error).reason()),
            }
        }
        assert_eq!(
            (addresses.len(), refused.as_slice()),
            (100, &[Reason::AddressesExhausted][..])
        );
        server.stop().await;
    }
}
