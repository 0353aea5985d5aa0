use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::Reason;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn subnet(cidr: &str, gateway: Option<&str>, ranges: &[(&str, &str)]) -> Subnet {
    Subnet {
        cidr: cidr.parse().unwrap(),
        gateway: gateway.map(ip),
        ranges: ranges
            .iter()
            .map(|(first, last)| AddressRange {
                first: ip(first),
                last: ip(last),
            })
            .collect(),
        dns_servers: Vec::new(),
    }
}

/// Everything that the subnet gives out, in the order it does.
fn drained(subnet: &Subnet) -> Vec<String> {
    let mut taken = AddressSet::default();
    let mut given = Vec::new();
    loop {
        match take_any(subnet, &mut taken) {
            Ok(address) => given.push(address.to_string()),
            Err(e) => {
                assert_eq!(e.reason(), Reason::AddressesExhausted);
                assert_eq!(e.get("subnet"), Some(subnet.cidr.to_string().as_str()));
                return given;
            }
        }
    }
}

/// For a user: a guest gets the router's address, and the whole network is cut off.
#[test]
fn the_network_broadcast_and_gateway_addresses_are_given_to_nobody() {
    let small = subnet("10.0.0.0/29", Some("10.0.0.1"), &[]);
    assert_eq!(
        drained(&small),
        ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]
    );
    for never in ["10.0.0.0", "10.0.0.1", "10.0.0.7", "10.0.0.8", "fd00::2"] {
        let mut taken = AddressSet::default();
        let e = take("nics[0].addresses[0]", &small, &mut taken, ip(never)).unwrap_err();
        assert_eq!(e.get("field"), Some("nics[0].addresses[0]"), "{never}");
        assert!(taken.is_empty());
    }
    let six = subnet("fd00::/126", Some("fd00::2"), &[]);
    assert_eq!(drained(&six), ["fd00::1", "fd00::3"]);
}

/// For a user: a point-to-point link has no addresses at all.
#[test]
fn subnets_of_one_and_two_addresses_are_used_up_to_the_last() {
    assert_eq!(
        drained(&subnet("10.0.0.8/31", None, &[])),
        ["10.0.0.8", "10.0.0.9"]
    );
    assert_eq!(
        drained(&subnet("10.0.0.8/31", Some("10.0.0.8"), &[])),
        ["10.0.0.9"]
    );
    assert_eq!(drained(&subnet("10.0.0.8/32", None, &[])), ["10.0.0.8"]);
    assert_eq!(drained(&subnet("fd00::/127", None, &[])), ["fd00::", "fd00::1"]);
    // The ends of all addresses there are.
    assert_eq!(
        drained(&subnet("255.255.255.252/30", None, &[])),
        ["255.255.255.253", "255.255.255.254"]
    );
    let last = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    assert_eq!(drained(&subnet(&format!("{last}/128"), None, &[])), [last]);
}

/// For a user: a guest gets an address that was kept for something else.
#[test]
fn only_ranges_are_chosen_from_and_others_can_be_asked_for() {
    let ranges = [("10.0.0.20", "10.0.0.21"), ("10.0.0.10", "10.0.0.11")];
    let two = subnet("10.0.0.0/24", Some("10.0.0.11"), &ranges);
    assert_eq!(drained(&two), ["10.0.0.10", "10.0.0.20", "10.0.0.21"]);
    let mut taken = AddressSet::default();
    take("a", &two, &mut taken, ip("10.0.0.200")).unwrap();
    let e = take("a", &two, &mut taken, ip("10.0.0.200")).unwrap_err();
    assert_eq!((e.reason(), e.get("field")), (Reason::AddressTaken, Some("a")));
}

/// For an operator: an allocation that takes longer the larger the network, or an object that grows with it.
#[test]
fn a_large_subnet_is_one_run_however_many_addresses_are_taken() {
    let large = subnet("fd00::/64", None, &[]);
    let mut taken = AddressSet::default();
    for _ in 0..10_000 {
        take_any(&large, &mut taken).unwrap();
    }
    assert_eq!((taken.runs().len(), taken.len()), (1, 10_000));
    assert!(taken.remove(ip("fd00::100")));
    assert_eq!(taken.runs().len(), 2);
    assert_eq!(take_any(&large, &mut taken).unwrap(), ip("fd00::100"));
    assert_eq!(taken.runs().len(), 1);
}

/// For an operator: a damaged object is read, and gives an address out twice.
#[test]
fn a_stored_set_that_is_not_in_order_is_refused() {
    let read = |text: &str| serde_json::from_str::<AddressSet>(text);
    let run = |first: &str, last: &str| format!(r#"{{"first":"{first}","last":"{last}"}}"#);
    let fine = format!(
        "[{},{}]",
        run("10.0.0.1", "10.0.0.3"),
        run("10.0.0.5", "10.0.0.5")
    );
    let set = read(&fine).unwrap();
    assert_eq!(serde_json::to_string(&set).unwrap(), fine);
    for bad in [
        format!("[{}]", run("10.0.0.3", "10.0.0.1")),
        format!("[{}]", run("10.0.0.3", "fd00::1")),
        format!(
            "[{},{}]",
            run("10.0.0.1", "10.0.0.3"),
            run("10.0.0.4", "10.0.0.5")
        ),
        format!(
            "[{},{}]",
            run("10.0.0.5", "10.0.0.6"),
            run("10.0.0.1", "10.0.0.1")
        ),
    ] {
        assert!(read(&bad).is_err(), "{bad}");
    }
}

#[derive(Debug, Clone)]
enum Act {
    Any,
    Ask(u8),
    Release(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Any),
        2 => any::<u8>().prop_map(Act::Ask),
        3 => any::<u8>().prop_map(Act::Release),
    ]
}

proptest! {
    /// Against a set of addresses kept one by one and a list of all that may be given out.
    #[test]
    fn it_does_what_a_list_of_all_addresses_would_do(
        six in any::<bool>(),
        bits in 0u8..=6,
        gateway in proptest::option::of(0u8..64),
        cuts in proptest::collection::btree_set(0u8..64, 0..6),
        acts in proptest::collection::vec(act(), 1..120),
    ) {
        let base = if six { "fd00::40" } else { "192.168.7.64" };
        let length = if six { 128 } else { 32 } - bits;
        let mut subnet = subnet(&format!("{base}/{length}"), None, &[]);
        let size = 1u16 << bits;
        let at = |i: u16| -> IpAddr {
            if six { format!("fd00::{:x}", 0x40 + i) } else { format!("192.168.7.{}", 64 + i) }.parse().unwrap()
        };
        let hosts: Vec<IpAddr> = (0..size)
            .filter(|i| size <= 2 || (*i != 0 && (six || *i != size - 1)))
            .map(at)
            .collect();
        subnet.gateway = gateway.map(|g| hosts[usize::from(g) % hosts.len()]);
        // Ranges between every two cuts.
        let cuts: Vec<u8> = cuts.into_iter().filter(|c| usize::from(*c) < hosts.len()).collect();
        for pair in cuts.chunks_exact(2) {
            subnet.ranges.push(AddressRange { first: hosts[usize::from(pair[0])], last: hosts[usize::from(pair[1])] });
        }
        let in_ranges = |a: &IpAddr| {
            subnet.ranges.is_empty() || subnet.ranges.iter().any(|r| (r.first..=r.last).contains(a))
        };
        let allowed: Vec<IpAddr> = hosts.iter().copied().filter(|a| subnet.gateway != Some(*a)).collect();

        let mut set = AddressSet::default();
        let mut model = BTreeSet::new();
        for act in acts {
            match act {
                Act::Any => {
                    let expected = allowed.iter().copied().find(|a| in_ranges(a) && !model.contains(a));
                    match take_any(&subnet, &mut set) {
                        Ok(got) => {
                            prop_assert_eq!(Some(got), expected);
                            model.insert(got);
                        }
                        Err(e) => {
                            prop_assert_eq!(e.reason(), Reason::AddressesExhausted);
                            prop_assert_eq!(expected, None);
                        }
                    }
                }
                Act::Ask(i) => {
                    let wish = at(u16::from(i % 70));
                    match take("f", &subnet, &mut set, wish) {
                        Ok(got) => {
                            prop_assert_eq!(got, wish);
                            prop_assert!(allowed.contains(&wish) && model.insert(wish));
                        }
                        Err(e) if e.reason() == Reason::AddressTaken => prop_assert!(model.contains(&wish)),
                        Err(e) => {
                            prop_assert_eq!(e.reason(), Reason::InvalidField);
                            prop_assert!(!allowed.contains(&wish));
                        }
                    }
                }
                Act::Release(i) => {
                    let address = at(u16::from(i % 64));
                    prop_assert_eq!(set.remove(address), model.remove(&address));
                }
            }
            prop_assert_eq!(set.len(), model.len() as u128);
            let listed: Vec<IpAddr> = (0..70).map(at).filter(|a| set.contains(*a)).collect();
            prop_assert_eq!(&listed, &model.iter().copied().collect::<Vec<_>>());
            let stored: AddressSet = serde_json::from_str(&serde_json::to_string(&set).unwrap()).unwrap();
            prop_assert_eq!(&stored, &set, "and its stored form is in order");
        }
    }

    /// No length of prefix makes the bounds wrap around.
    #[test]
    fn hosts_of_any_prefix_are_inside_it(bits in any::<u128>(), length in 0u8..=128, four in any::<bool>()) {
        let address: IpAddr = if four {
            std::net::Ipv4Addr::from_bits(bits as u32).into()
        } else {
            std::net::Ipv6Addr::from_bits(bits).into()
        };
        let cidr = ipnet::IpNet::new(address, if four { length % 33 } else { length }).unwrap().trunc();
        let subnet = Subnet { cidr, gateway: None, ranges: Vec::new(), dns_servers: Vec::new() };
        let hosts = hosts(&subnet);
        prop_assert!(hosts.first <= hosts.last);
        prop_assert!(cidr.contains(&hosts.first) && cidr.contains(&hosts.last));
        let first = take_any(&subnet, &mut AddressSet::default()).unwrap();
        prop_assert_eq!(first, hosts.first);
    }
}
