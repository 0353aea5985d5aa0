//! What happened, listed and followed; and waiting for tasks.

use crate::fake::{Fake, id};

#[tokio::test]
async fn events_are_listed_oldest_first_with_every_page() {
    let server = Fake::start().await;
    let ended = server
        .lqx("event list --vm web --event started --event created")
        .await
        .exits(0);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = ended.out.lines().map(words).collect();
    assert_eq!(lines[0], ["AGE", "EVENT", "OBJECT", "MESSAGE"]);
    assert_eq!(lines[1], ["2h", "vm_created", "vm/web", "accepted"]);
    assert_eq!(lines[2], ["2h", "vm_started", "vm/web", "runs"]);
    let asked = format!("ListEvents {} [\"started\", \"created\"]", id(1));
    assert_eq!(server.count(&asked), 2);
    let json = server.lqx("event list -o json").await.exits(0).json();
    assert_eq!(json["events"][1]["kind"], "vm_started");
    let newest = server.lqx("event list --limit 1 -o json").await.exits(0);
    assert!(newest.err.contains("older events are not shown"), "{newest:?}");
    assert_eq!(newest.json()["events"][0]["kind"], "vm_started");
}

#[tokio::test]
async fn a_watch_shows_what_happens_and_says_when_something_was_missed() {
    let server = Fake::start().await;
    let ended = server.lqx("event watch").await.exits(0);
    assert!(
        ended.out.contains("vm_started") && ended.out.lines().count() == 1,
        "{ended:?}"
    );
    server
        .lqx("event watch --from 1")
        .await
        .says("error[REVISION_EXPIRED]");
}

#[tokio::test]
async fn tasks_are_waited_for_one_by_one() {
    let server = Fake::start().await;
    server.lqx("task wait start-web-2").await.exits(0);
    server.lqx("task wait start-web-2 start-broken").await.exits(7);
    server.lqx("task wait start-stuck --timeout 200ms").await.exits(8);
    server.lqx("task wait").await.exits(2);
}
