//! The `curl` lines of the specification, byte for byte what curl sends for them.

use serde_json::{Value, json};

use crate::harness::Running;
use crate::harness::http::{Answer, send};

/// `curl [-X POST] URL -H … -d BODY`, with the headers that curl adds by itself.
async fn curl(server: &Running, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let host = format!("localhost:{}", server.address.port());
    let mut all = vec![
        ("Host", host.as_str()),
        ("User-Agent", "curl/8.14.1"),
        ("Accept", "*/*"),
    ];
    all.extend(headers);
    send(server.address, "POST", path, &all, body.as_bytes()).await
}

const JSON: (&str, &str) = ("Content-Type", "application/json");
const LOGIN: &str = "/limiquantix.auth.v1.AuthService/Login";
const LIST: &str = "/limiquantix.compute.v1.VMService/ListVMs";
const REFRESH: &str = "/limiquantix.auth.v1.AuthService/RefreshToken";
const LOGOUT: &str = "/limiquantix.auth.v1.AuthService/Logout";

async fn login(server: &Running) -> Value {
    let answer = curl(
        server,
        LOGIN,
        &[JSON],
        r#"{"username": "admin", "password": "admin"}"#,
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn bearer(token: &Value) -> String {
    format!("Bearer {}", token.as_str().unwrap())
}

#[tokio::test]
async fn a_reader_of_the_specification_can_paste_its_lines() {
    let server = Running::memory().await;
    let pair = login(&server).await;
    assert_eq!(pair["tokenType"], "Bearer");
    assert_eq!(pair["user"]["username"], "admin");

    let token = bearer(&pair["accessToken"]);
    let listed = curl(&server, LIST, &[("Authorization", &token), JSON], "{}").await;
    assert_eq!(listed.status, 200, "{}", listed.text());
    assert!(listed.json()["vms"].is_null(), "no VMs yet");

    let spent = pair["refreshToken"].as_str().unwrap();
    let body = format!(r#"{{"refresh_token": "{spent}"}}"#);
    let renewed = curl(&server, REFRESH, &[JSON], &body).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    let token = bearer(&renewed.json()["accessToken"]);
    let listed = curl(&server, LIST, &[("Authorization", &token), JSON], "{}").await;
    assert_eq!(listed.status, 200);
}

#[tokio::test]
async fn wrong_credentials_are_refused_and_never_taken_for_none() {
    let server = Running::memory().await;
    for token in [
        "Bearer wrong",
        "Bearer ",
        "Basic YWRtaW46YWRtaW4=",
        "wrong",
        "bearer",
    ] {
        let answer = curl(&server, LIST, &[("Authorization", token), JSON], "{}").await;
        assert_eq!(
            (answer.status, answer.code()),
            (401, "unauthenticated".to_owned()),
            "{token}"
        );
        assert_eq!(answer.reason(), "UNAUTHENTICATED");
    }
    for body in [
        r#"{"username": "admin", "password": "wrong"}"#,
        r#"{"username": "root", "password": "admin"}"#,
        "{}",
    ] {
        let answer = curl(&server, LOGIN, &[JSON], body).await;
        assert_eq!(answer.status, 401, "{body}");
    }
    let answer = curl(&server, REFRESH, &[JSON], r#"{"refresh_token": "x"}"#).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn logging_out_with_either_token_ends_the_session() {
    let server = Running::memory().await;
    for by_refresh_token in [true, false] {
        let pair = login(&server).await;
        let token = bearer(&pair["accessToken"]);
        let answer = if by_refresh_token {
            let body = json!({ "refresh_token": pair["refreshToken"] }).to_string();
            curl(&server, LOGOUT, &[JSON], &body).await
        } else {
            curl(&server, LOGOUT, &[("Authorization", &token), JSON], "{}").await
        };
        assert_eq!(answer.status, 200);
        let listed = curl(&server, LIST, &[("Authorization", &token), JSON], "{}").await;
        assert_eq!(listed.status, 401, "by refresh token: {by_refresh_token}");
    }
}

#[tokio::test]
async fn a_web_page_that_points_its_name_here_gets_nothing() {
    let server = Running::memory().await;
    let headers = [("Host", "evil.example:8080"), JSON];
    let answer = send(server.address, "POST", LIST, &headers, b"{}").await;
    assert_eq!(answer.status, 421, "{}", answer.text());
}
