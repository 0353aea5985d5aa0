//! Networks and ports: what is sent arrives as it was.

use limiquantix_core::resource::{AddressRange, NetworkSpec, Port, Revision, Subnet};
use limiquantix_proto::convert::network;
use limiquantix_proto::network::v1 as wire;
use limiquantix_testkit::fixtures;
use serde_json::json;

fn spec() -> NetworkSpec {
    let subnet = |cidr: &str, gateway: Option<&str>, server: &str| Subnet {
        cidr: cidr.parse().unwrap(),
        gateway: gateway.map(|g| g.parse().unwrap()),
        ranges: Vec::new(),
        dns_servers: vec![server.parse().unwrap()],
    };
    let mut spec = NetworkSpec {
        backing: fixtures::name("br-lan"),
        shared: true,
        subnets: vec![
            subnet("10.0.0.0/24", Some("10.0.0.1"), "1.1.1.1"),
            subnet("fd00::/64", None, "2606:4700::1111"),
        ],
    };
    spec.subnets[0].ranges = vec![AddressRange {
        first: "10.0.0.5".parse().unwrap(),
        last: "10.0.0.9".parse().unwrap(),
    }];
    spec
}

#[test]
fn a_network_survives_the_way_there_and_back() {
    let sent = network::spec_to_wire(&spec());
    assert_eq!(network::spec_from_wire("spec", Some(&sent)).unwrap(), spec());
    let unnamed = network::spec_from_wire("spec", Some(&wire::NetworkSpec::default())).unwrap();
    assert_eq!(unnamed.backing.as_str(), "default", "as the API promises");
}

#[test]
fn a_network_with_everything() {
    let mut object = fixtures::network("lan");
    object.meta.revision = Revision(7);
    object.description = "for the shop".into();
    object.spec = spec();
    assert_eq!(
        serde_json::to_value(network::to_wire(&object)).unwrap(),
        json!({
            "id": object.id.to_string(),
            "name": "lan",
            "projectId": "default",
            "description": "for the shop",
            "spec": {
                "backing": "br-lan",
                "shared": true,
                "subnets": [
                    {
                        "cidr": "10.0.0.0/24", "gateway": "10.0.0.1", "dnsServers": ["1.1.1.1"],
                        "allocationRanges": [{"first": "10.0.0.5", "last": "10.0.0.9"}],
                    },
                    {"cidr": "fd00::/64", "dnsServers": ["2606:4700::1111"]},
                ],
            },
            "etag": "7",
            "revision": "7",
            "createdAt": "2026-01-01T00:00:00Z",
            "updatedAt": "2026-01-01T00:00:00Z",
        })
    );
}

#[test]
fn ports_are_found_by_what_they_are_attached_to() {
    let (lan, web) = (fixtures::network("lan"), fixtures::vm("web"));
    let port = fixtures::port(&lan, &web);
    let request = wire::ListPortsRequest {
        network_id: lan.id.to_string(),
        vm_id: web.id.to_string(),
        // However it is spelled.
        mac: port.mac.to_string().to_uppercase(),
        ..Default::default()
    };
    let listing = network::ports_from_wire(&request).unwrap();
    assert_eq!(listing.selector.labels, port.meta.labels);
    assert_eq!(listing.selector.labels, Port::labels(lan.id, web.id, port.mac));
}
