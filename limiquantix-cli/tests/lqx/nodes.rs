//! What administrators do to nodes.

use crate::fake::Fake;

#[tokio::test]
async fn a_cordon_is_made_with_its_reason_and_lifted() {
    let server = Fake::start().await;
    let mut command = server.command("node cordon node-1 --reason");
    command.arg("new disks");
    let ended = crate::run::end_of(command, None).await.exits(0);
    assert_eq!(ended.out, "");
    let ended = ended.says("node \"node-1\" cordoned");
    drop(ended);
    assert_eq!(server.count("CordonNode new disks"), 1);
    let shown = server.lqx("node show node-1").await.exits(0);
    assert!(
        shown.out.contains("new disks") && shown.out.contains("ready,cordoned"),
        "{}",
        shown.out
    );
    let json = server.lqx("node uncordon node-1 -o json").await.exits(0).json();
    assert!(json["admin"].is_null());
    server
        .lqx("node cordon node-1 --dry-run")
        .await
        .exits(0)
        .says("node \"node-1\" would be cordoned; nothing was changed");
    let json = server.lqx("node show node-1 -o json").await.exits(0).json();
    assert!(json["admin"].is_null());
    server.lqx("node cordon nowhere").await.exits(3);
}

#[tokio::test]
async fn taints_are_set_shown_and_removed() {
    let server = Fake::start().await;
    server
        .lqx("node taint node-1 gpu=a:no-schedule")
        .await
        .exits(0)
        .says("tainted");
    let shown = server.lqx("node show node-1").await.exits(0);
    assert!(shown.out.contains("gpu=a:no-schedule"), "{}", shown.out);
    server
        .lqx("node untaint node-1 gpu")
        .await
        .exits(0)
        .says("untainted");
    assert_eq!(server.count("RemoveTaint gpu"), 1);
    server.lqx("node taint node-1 gpu").await.exits(2);
}

#[tokio::test]
async fn labels_of_the_agent_are_not_made_the_operators() {
    let server = Fake::start().await;
    server.lqx("node label node-1 rack=7 tier=a").await.exits(0);
    let json = server
        .lqx("node label node-1 tier- -o json")
        .await
        .exits(0)
        .json();
    assert_eq!(json["admin"]["labels"], serde_json::json!({ "rack": "7" }));
    assert_eq!(server.count("UpdateNode {\"rack\": \"7\", \"tier\": \"a\"}"), 1);
}

#[tokio::test]
async fn a_node_is_deleted_with_a_confirmation_and_a_reason() {
    let server = Fake::start().await;
    server.lqx("node delete node-1").await.exits(2).says("--yes");
    server
        .lqx("node delete node-1 --yes")
        .await
        .says("error[NODE_ALIVE]");
    server
        .lqx("node delete node-1 --yes --node-is-gone")
        .await
        .exits(2);
    server
        .lqx("node delete node-1 --yes --node-is-gone --reason fire")
        .await
        .exits(0)
        .says("node \"node-1\" deleted");
    assert_eq!(server.count("DeleteNode fire"), 1);
}

#[tokio::test]
async fn figures_and_changes_are_shown() {
    let server = Fake::start().await;
    let ended = server.lqx("node metrics").await.exits(0);
    let figures: Vec<&str> = ended.out.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(figures[..4], ["node-1", "ready", "2", "4/64"]);
    let json = server.lqx("node metrics node-1 -o json").await.exits(0).json();
    assert_eq!(json[0]["cpuOvercommitPercent"], 400);
    let ended = server.lqx("node watch").await.exits(0);
    assert!(ended.out.contains("node-1"), "{ended:?}");
    let ended = server.lqx("node watch node-1").await.exits(0);
    assert_eq!(ended.out.lines().count(), 1);
}
