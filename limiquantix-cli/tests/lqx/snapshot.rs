//! `lqx snapshot`.

use crate::fake::{Fake, id};

#[tokio::test]
async fn a_snapshot_is_taken_listed_and_shown() {
    let server = Fake::start().await;
    let ended = server
        .lqx("snapshot create web before --description upgrade -l by=me -o json")
        .await
        .exits(0)
        .says("ready");
    let json = ended.json();
    assert_eq!(
        (&json["name"], &json["labels"]["by"]),
        (&"before".into(), &"me".into())
    );
    server.lqx("snapshot create web after").await.exits(0);
    server.lqx("snapshot create db before").await.exits(0);
    let listed = server.lqx("snapshot list web").await.exits(0).out;
    let lines: Vec<Vec<&str>> = listed.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(lines[0][..3], ["NAME", "STATE", "MEMORY"]);
    assert_eq!(
        (lines.len(), lines[1][0], lines[2][0]),
        (3, "after", "before"),
        "those of web"
    );
    assert_eq!(lines[2][1..3], ["ready", "kept"]);
    let shown = server.lqx("snapshot show web bef").await.exits(0).out;
    assert!(shown.contains("upgrade") && shown.contains("by=me"), "{shown}");
    server
        .lqx("snapshot show web nothing")
        .await
        .exits(3)
        .says("nothing");
    server.lqx("snapshot list nobody").await.exits(3);
}

#[tokio::test]
async fn going_back_and_deleting_need_a_yes_where_nobody_can_be_asked() {
    let server = Fake::start().await;
    server.lqx("snapshot create web before").await.exits(0);
    for line in ["snapshot revert web before", "snapshot delete web before"] {
        server
            .lqx(line)
            .await
            .exits(2)
            .says("needs a confirmation")
            .says("--yes");
    }
    assert_eq!(server.count("RevertSnapshot") + server.count("DeleteSnapshot"), 0);
    let ended = server.lqx("snapshot revert web before --yes -o json").await;
    let json = ended.exits(0).says("reverted").json();
    assert_eq!(json["name"], "web", "what comes out is the VM");
    server
        .lqx("snapshot delete web before --yes")
        .await
        .exits(0)
        .says("deleted");
    server.lqx("snapshot show web before").await.exits(3);
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_no_wait_prints_the_task() {
    let server = Fake::start().await;
    server
        .lqx("snapshot create web before --dry-run")
        .await
        .exits(0)
        .says("would take snapshot \"before\" of vm \"web\"; nothing was changed");
    let ended = server.lqx("snapshot create web before --no-wait").await.exits(0);
    assert_eq!(ended.out, "snapshot-web\n");
    server
        .lqx("snapshot delete web before --dry-run")
        .await
        .exits(0)
        .says("would delete");
    server
        .lqx("snapshot revert web before --dry-run")
        .await
        .exits(0)
        .says("would revert vm \"web\" to snapshot \"before\"");
    let ended = server
        .lqx("snapshot delete web before --no-wait --yes")
        .await
        .exits(0);
    assert_eq!(ended.out, "unsnapshot-web\n");
    assert_eq!(server.count(&format!("RevertSnapshot {}", id(200))), 1);
}
