//! Raw calls.

use crate::fake::Fake;
use crate::run::{command, end_of};

async fn api(server: &Fake, call: &str, body: &str) -> crate::run::Ended {
    let mut command = server.command("api");
    command.args([call, body]);
    end_of(command, None).await
}

#[tokio::test]
async fn a_call_by_any_name_answers_with_the_servers_json() {
    let server = Fake::start().await;
    for call in [
        "GetVM",
        "VMService/GetVM",
        "/limiquantix.compute.v1.VMService/GetVM",
    ] {
        let ended = api(&server, call, r#"{"name": "web"}"#).await.exits(0);
        assert_eq!(ended.json()["name"], "web");
        assert_eq!(ended.out.lines().count(), 1, "as it came");
    }
    let ended = server.lqx("api ListVMs -o jsonpath=.vms[0].name").await.exits(0);
    assert_eq!(ended.out, "web\n");
}

#[tokio::test]
async fn a_body_comes_from_a_file_or_standard_input() {
    let server = Fake::start().await;
    let ended = end_of(server.command("api GetVM -"), Some(r#"{"name": "db"}"#))
        .await
        .exits(0);
    assert_eq!(ended.json()["name"], "db");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), r#"{"name": "web-2"}"#).unwrap();
    let body = format!("@{}", file.path().display());
    assert_eq!(
        api(&server, "GetVM", &body).await.exits(0).json()["name"],
        "web-2"
    );
    api(&server, "GetVM", "{").await.exits(2).says("is not JSON");
}

#[tokio::test]
async fn a_stream_is_one_line_per_message() {
    let server = Fake::start().await;
    let ended = api(&server, "WatchVM", r#"{"initial": true}"#).await.exits(0);
    let lines: Vec<serde_json::Value> = ended
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(lines[7]["type"], "CHANGE_TYPE_BOOKMARK");
    let ended = api(&server, "WatchTask", r#"{"taskId": "nothing"}"#).await;
    ended.exits(3).says("error[NOT_FOUND]").says("request req-1");
}

#[tokio::test]
async fn errors_are_those_of_every_other_command() {
    let server = Fake::start().await;
    api(&server, "GetVM", r#"{"name": "nobody"}"#)
        .await
        .exits(3)
        .says("error[NOT_FOUND]")
        .says("request req-1");
    api(&server, "GetVM", r#"{"name": 5}"#).await.exits(2);
    api(&server, "Teleport", "{}")
        .await
        .exits(2)
        .says("there is no call \"Teleport\"")
        .says("try: lqx api");
    api(&server, "/limiquantix.compute.v1.VMService/Teleport", "{}")
        .await
        .exits(1);
    api(&server, "VMService/Console", "{}")
        .await
        .exits(2)
        .says("try: lqx console NAME");
}

#[tokio::test]
async fn the_calls_are_listed_without_a_server() {
    let ended = end_of(command("api"), None).await.exits(0);
    assert!(
        ended.out.contains("limiquantix.compute.v1.VMService/ListVMs"),
        "{ended:?}"
    );
    assert!(ended.out.contains("stream WatchVMResponse"), "{ended:?}");
}
