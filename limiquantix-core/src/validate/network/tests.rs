use super::*;
use crate::Reason;
use crate::identity::Name;

fn subnet(cidr: &str) -> Subnet {
    Subnet {
        cidr: cidr.parse().unwrap(),
        gateway: None,
        ranges: Vec::new(),
        dns_servers: Vec::new(),
    }
}

/// The field that is named when `change` is made to a spec that is fine.
fn with(change: impl FnOnce(&mut NetworkSpec)) -> Option<String> {
    in_project("default", change)
}

fn in_project(project: &str, change: impl FnOnce(&mut NetworkSpec)) -> Option<String> {
    let mut spec = NetworkSpec {
        backing: Name::parse("backing", "br0").unwrap(),
        shared: false,
        subnets: vec![subnet("10.0.0.0/24"), subnet("fd00::/64")],
    };
    change(&mut spec);
    let project = ProjectId::parse("project_id", project).unwrap();
    network_spec("spec", &project, &spec).err().map(|e| {
        assert_eq!(e.reason(), Reason::InvalidField);
        e.get("field").unwrap().to_owned()
    })
}

fn named(field: &str) -> Option<String> {
    Some(format!("spec.{field}"))
}

fn range(first: &str, last: &str) -> AddressRange {
    AddressRange {
        first: first.parse().unwrap(),
        last: last.parse().unwrap(),
    }
}

/// For a user: addresses that no guest can use, accepted without a word.
#[test]
fn a_subnet_is_one_of_hosts_and_each_version_has_one() {
    assert_eq!(with(|_| {}), None);
    let cidr = |text: &str| with(|s| s.subnets[0] = subnet(text));
    for fine in ["10.0.0.0/8", "192.168.1.0/31", "192.168.1.7/32"] {
        assert_eq!(cidr(fine), None, "{fine}");
    }
    for bad in [
        "10.0.0.1/24",
        "10.0.0.0/7",
        "0.0.0.0/8",
        "127.0.0.0/8",
        "224.0.0.0/8",
        "255.255.255.255/32",
    ] {
        assert_eq!(cidr(bad), named("subnets[0].cidr"), "{bad}");
    }
    for bad in ["fd00::1/64", "fc00::/31", "::/64", "::1/128", "ff02::/64"] {
        assert_eq!(
            with(|s| s.subnets[1] = subnet(bad)),
            named("subnets[1].cidr"),
            "{bad}"
        );
    }
    let twice = with(|s| s.subnets[1] = subnet("10.1.0.0/24"));
    assert_eq!(twice, named("subnets[1].cidr"));
    assert_eq!(with(|s| s.subnets.push(subnet("10.1.0.0/24"))), named("subnets"));
}

/// For a user: a gateway, or addresses given out, that are outside the subnet or mean something else in it.
#[test]
fn gateway_ranges_and_servers_are_hosts() {
    let gateway = |text: &str| with(|s| s.subnets[0].gateway = Some(text.parse().unwrap()));
    assert_eq!(gateway("10.0.0.1"), None);
    for bad in ["10.0.0.0", "10.0.0.255", "10.0.1.1", "fd00::1"] {
        assert_eq!(gateway(bad), named("subnets[0].gateway"), "{bad}");
    }
    let ranges = |ranges: &[AddressRange]| with(|s| s.subnets[0].ranges = ranges.to_vec());
    assert_eq!(
        ranges(&[range("10.0.0.9", "10.0.0.9"), range("10.0.0.1", "10.0.0.8")]),
        None
    );
    let first = |i| named(&format!("subnets[0].allocation_ranges[{i}].first"));
    let last = |i| named(&format!("subnets[0].allocation_ranges[{i}].last"));
    assert_eq!(ranges(&[range("10.0.0.0", "10.0.0.9")]), first(0));
    assert_eq!(ranges(&[range("10.0.0.9", "10.0.0.255")]), last(0));
    assert_eq!(ranges(&[range("10.0.0.9", "10.0.0.8")]), last(0));
    assert_eq!(
        ranges(&[range("10.0.0.1", "10.0.0.8"), range("10.0.0.8", "10.0.0.9")]),
        first(1)
    );
    let many: Vec<_> = (1..=65)
        .map(|i| range(&format!("10.0.0.{i}"), &format!("10.0.0.{i}")))
        .collect();
    assert_eq!(ranges(&many[..64]), None);
    assert_eq!(ranges(&many), named("subnets[0].allocation_ranges"));

    let servers = |servers: &[&str]| {
        with(|s| s.subnets[0].dns_servers = servers.iter().map(|s| s.parse().unwrap()).collect())
    };
    assert_eq!(servers(&["1.1.1.1", "2606:4700::1111"]), None);
    assert_eq!(
        servers(&["1.1.1.1", "224.0.0.1"]),
        named("subnets[0].dns_servers[1]")
    );
    assert_eq!(servers(&["0.0.0.0"]), named("subnets[0].dns_servers[0]"));
    assert_eq!(servers(&["1.1.1.1"; 9]), named("subnets[0].dns_servers"));
}

/// For an operator: a tenant that offers a network called `default` to everybody else.
#[test]
fn only_the_default_project_shares() {
    assert_eq!(in_project("default", |s| s.shared = true), None);
    assert_eq!(in_project("lab", |s| s.shared = true), named("shared"));
    assert_eq!(in_project("lab", |_| {}), None);
}
