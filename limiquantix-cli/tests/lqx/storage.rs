//! Pools and volumes.

use crate::fake::{Fake, id};

#[tokio::test]
async fn pools_and_what_is_promised_in_them() {
    let server = Fake::start().await;
    let ended = server.lqx("pool list").await.exits(0);
    assert_eq!(ended.out.lines().count(), 4, "{ended:?}");
    assert!(ended.out.contains("100 GiB   60 GiB  2000 %"), "{ended:?}");
    let ended = server.lqx("pool list --node node-1 -o name").await.exits(0);
    assert_eq!(ended.out, "default\nfast\n");
    let json = server.lqx("pool show fast -o json").await.exits(0).json();
    assert_eq!(json["id"], id(203));
    let ended = server.lqx("pool metrics fast").await.exits(0);
    assert!(ended.out.contains("30 GiB of 2 TiB"), "{ended:?}");
    // Two nodes have a pool of this name.
    let ended = server.lqx("pool show default").await.exits(2);
    ended.says("AMBIGUOUS_NAME").says(&id(202));
    server.lqx(&format!("pool show {}", id(202))).await.exits(0);
    server.lqx("pool show slow").await.exits(3).says("NOT_FOUND");
}

#[tokio::test]
async fn volumes_are_listed_and_shown() {
    let server = Fake::start().await;
    let ended = server.lqx("volume list").await.exits(0);
    assert!(
        ended.out.starts_with("NAME  PHASE      SIZE    POOL     VM"),
        "{ended:?}"
    );
    let ended = server.lqx("volume list --phase available -o name").await.exits(0);
    assert_eq!(ended.out, "data\n");
    let json = server.lqx("volume show data -o json").await.exits(0).json();
    assert_eq!(json["phase"], "VOLUME_PHASE_AVAILABLE");
    server
        .lqx("volume show root")
        .await
        .exits(2)
        .says("could be any of 2 volumes");
}
