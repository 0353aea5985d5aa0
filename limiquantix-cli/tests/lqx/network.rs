//! Networks and ports.

use crate::fake::{Fake, id};

#[tokio::test]
async fn networks_are_listed_and_shown() {
    let server = Fake::start().await;
    let ended = server.lqx("network list").await.exits(0);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines[0], "NAME     BACKING  SUBNETS      SHARED  AGE");
    assert_eq!(lines[1], "default  br0      -            yes     2h");
    assert_eq!(lines[2], "lan      br0      10.0.0.0/24  no      2h");
    let json = server
        .lqx("network show network/lan -o json")
        .await
        .exits(0)
        .json();
    assert_eq!(json["spec"]["subnets"][0]["gateway"], "10.0.0.1");
    let ended = server.lqx("network show la").await.exits(0);
    assert!(ended.out.contains("10.0.0.0/24, gateway 10.0.0.1"), "{ended:?}");
    server.lqx("network show wan").await.exits(3).says("NOT_FOUND");
}

#[tokio::test]
async fn a_network_is_created_as_it_was_typed() {
    let server = Fake::start().await;
    let line = "network create lab --backing br7 --subnet 10.0.0.0/24 --subnet fd00::/64 --gateway fd00::1 \
                --range 10.0.0.5-10.0.0.9 --dns 10.0.0.2";
    server.lqx(line).await.exits(0).says("network \"lab\" created");
    let spec = r#"{"backing":"br7","subnets":[{"cidr":"10.0.0.0/24","allocationRanges":[{"first":"10.0.0.5","last":"10.0.0.9"}],"dnsServers":["10.0.0.2"]},{"cidr":"fd00::/64","gateway":"fd00::1"}]}"#;
    let sent = server.state.lock().unwrap().calls.last().cloned();
    assert_eq!(sent, Some(format!("CreateNetwork lab {spec}")));
    for (bad, why) in [
        ("--gateway 10.0.0.1", "belongs to no --subnet"),
        ("--subnet 10.0.0.0/24 --range 10.0.0.5", "expected two addresses"),
        (
            "--subnet 10.0.0.0/24 --gateway 10.0.0.1 --gateway 10.0.0.2",
            "one --gateway",
        ),
    ] {
        server
            .lqx(&format!("network create lab {bad}"))
            .await
            .exits(2)
            .says(why);
    }
    server
        .lqx("network create lab --dry-run")
        .await
        .exits(0)
        .says("would create network \"lab\"");
}

#[tokio::test]
async fn deleting_asks_first_and_one_refusal_stops_no_other() {
    let server = Fake::start().await;
    server.lqx("network delete lan").await.exits(2).says("--yes");
    assert_eq!(server.count("DeleteNetwork"), 0);
    server
        .lqx("network delete default lan --yes")
        .await
        .exits(4)
        .says("NETWORK_IN_USE")
        .says("network \"lan\" deleted");
    assert_eq!(server.count("DeleteNetwork"), 2);
}

#[tokio::test]
async fn ports_are_listed_by_network_and_vm() {
    let server = Fake::start().await;
    let ended = server.lqx("port list --network default --vm web").await.exits(0);
    assert!(ended.out.contains("52:54:00:00:00:01  10.0.0.9"), "{ended:?}");
    let asked = format!("ListPorts {} {} ", id(200), id(1));
    assert_eq!(server.count(&asked), 1);
    let json = server
        .lqx(&format!("port show {} -o json", id(300)))
        .await
        .exits(0)
        .json();
    assert_eq!(json["vmName"], "web");
}
