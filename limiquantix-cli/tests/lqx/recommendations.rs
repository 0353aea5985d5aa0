//! `lqx drs`: what is recommended, and deciding about it.

use crate::fake::{Fake, id};

#[tokio::test]
async fn recommendations_are_listed_shown_and_decided() {
    let server = Fake::start().await;
    let ended = server.lqx("drs list").await.exits(0);
    let line = ended.out.lines().nth(1).unwrap();
    assert!(
        line.contains("high      pending   web  node-1  node-2  cpu at 93 %"),
        "{ended:?}"
    );
    let ended = server.lqx("drs list --vm db -o name").await.exits(0);
    assert_eq!(ended.out.trim(), id(202));
    let ended = server.lqx("drs list --vm web -o name").await.exits(0);
    assert_eq!(ended.out.trim(), id(201));
    let ended = server.lqx(&format!("drs show {}", id(201))).await.exits(0);
    assert!(ended.out.contains("12 % of CPU"), "{ended:?}");

    let dry = server
        .lqx(&format!("drs approve {} --dry-run", id(201)))
        .await
        .exits(0);
    dry.says("would approve the move of web to node-2");
    let ended = server
        .lqx(&format!("drs approve {} -o json -c go", id(201)))
        .await
        .exits(0);
    assert_eq!(ended.json()["approved"]["comment"], "go");
    ended.says("approved the move of web to node-2");
    assert_eq!(server.count("ApproveRecommendation true"), 1);
    assert_eq!(server.count("ApproveRecommendation false"), 1);

    // One that cannot be decided does not keep the others from it.
    let ended = server
        .lqx(&format!("drs approve {} {}", id(202), id(201)))
        .await
        .exits(4);
    ended
        .says("error[ALREADY_IN_STATE]")
        .says("approved the move of web");
    let ended = server.lqx(&format!("drs reject {}", id(202))).await.exits(0);
    ended.says("rejected the move of db to node-2");
    server.lqx("drs show 9999").await.exits(3);
}
