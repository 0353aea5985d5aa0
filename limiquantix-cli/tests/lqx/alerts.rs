//! `lqx alert`, against a server of its own: no agent, nothing but alerts.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

use crate::run::{Ended, command, end_of};

/// A real server without a node.
struct Server {
    url: String,
    _home: tempfile::TempDir,
    _child: Child,
}

impl Server {
    async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let line = format!(
            "up --no-agent --listen 127.0.0.1:0 --data-dir {}",
            home.path().display()
        );
        let mut child = command(&line).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut url = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(address) = line.trim().strip_prefix("API ") {
                url = address.trim().to_owned();
            }
            if line.contains("ready in") {
                break;
            }
        }
        // Whoever is not listened to any more must not stop for it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            url,
            _home: home,
            _child: child,
        }
    }

    async fn lqx(&self, words: &[&str]) -> Ended {
        let mut lqx = command("");
        lqx.args(words).env("LQX_SERVER", &self.url);
        end_of(lqx, None).await
    }
}

#[tokio::test]
async fn an_alert_from_its_beginning_to_its_end() {
    let server = Server::start().await;
    server.lqx(&["alert", "list"]).await.exits(0).says("no alerts");
    let raise = [
        "alert",
        "create",
        "disk is nearly full",
        "--severity",
        "critical",
        "--key",
        "disk",
        "-m",
        "91 %",
    ];
    let would = server.lqx(&[&raise[..], &["--dry-run"]].concat()).await.exits(0);
    would.says("would raise the alert");
    let raised = server
        .lqx(&[&raise[..], &["-o", "json"]].concat())
        .await
        .exits(0)
        .json();
    let id = raised["id"].as_str().unwrap().to_owned();
    server.lqx(&raise).await.exits(0).says("was raised 2 times");

    let ended = server.lqx(&["alert", "list"]).await.exits(0);
    let line = ended.out.lines().nth(1).unwrap();
    assert!(
        line.contains("critical  open") && line.contains("disk is nearly full  2"),
        "{ended:?}"
    );

    let prefix = &id[..20];
    let ended = server
        .lqx(&["alert", "ack", prefix, "--comment", "on it"])
        .await
        .exits(0);
    ended.says("acknowledged \"disk is nearly full\"");
    server
        .lqx(&["alert", "ack", &id])
        .await
        .exits(4)
        .says("error[ALREADY_IN_STATE]");
    let ended = server.lqx(&["alert", "show", &id]).await.exits(0);
    assert!(
        ended.out.contains("Key:") && ended.out.contains(": on it"),
        "{ended:?}"
    );
    let ended = server.lqx(&["alert", "summary"]).await.exits(0);
    assert!(ended.out.contains("1 critical, 0 warning, 0 info"), "{ended:?}");
    let json = server
        .lqx(&["alert", "summary", "-o", "json"])
        .await
        .exits(0)
        .json();
    assert_eq!(json["acknowledged"]["critical"], 1);

    server
        .lqx(&["alert", "resolve", &id, "--dry-run"])
        .await
        .exits(0)
        .says("would resolve");
    server
        .lqx(&["alert", "resolve", &id])
        .await
        .exits(0)
        .says("resolved");
    server.lqx(&["alert", "list"]).await.exits(0).says("no alerts");
    let ended = server
        .lqx(&["alert", "list", "--all", "-o", "name"])
        .await
        .exits(0);
    assert_eq!(ended.out.trim(), id);
    let ended = server
        .lqx(&["alert", "list", "--state", "resolved", "--severity", "info"])
        .await
        .exits(0);
    ended.says("no alerts");
    server.lqx(&["alert", "show", "nothing"]).await.exits(3);
    server.lqx(&["alert", "create", ""]).await.exits(2).says("title");
}

#[tokio::test]
async fn alerts_are_watched_from_what_is_there() {
    let server = Server::start().await;
    server.lqx(&["alert", "create", "first"]).await.exits(0);
    let mut watch = command("alert watch");
    watch.env("LQX_SERVER", &server.url).stdout(Stdio::piped());
    let mut child = watch.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    assert!(line.starts_with("added") && line.contains("first"), "{line}");
    server.lqx(&["alert", "create", "second"]).await.exits(0);
    let line = lines.next_line().await.unwrap().unwrap();
    assert!(line.starts_with("added") && line.contains("second"), "{line}");
    child.kill().await.unwrap();
}
