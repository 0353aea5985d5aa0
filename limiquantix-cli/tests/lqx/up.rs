//! `lqx up` and `lqx doctor`, as far as they go without libvirt.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};

use crate::run::{command, end_of};

#[tokio::test]
async fn a_server_alone_keeps_its_data_to_itself() {
    let home = tempfile::tempdir().unwrap();
    let up = || {
        command(&format!(
            "up --no-agent --listen 127.0.0.1:0 --data-dir {}",
            home.path().display()
        ))
    };
    let mut child = up().stderr(Stdio::piped()).spawn().unwrap();
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
    let mut list = command("node list");
    list.env("LQX_SERVER", &url);
    end_of(list, None).await.exits(0).says("no nodes");
    // A second one on the same data is refused, and says why.
    end_of(up(), None).await.exits(4).says("error[DATA_DIR_LOCKED]");
    child.kill().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_run_is_refused() {
    end_of(
        command("up --listen 0.0.0.0:8080 --no-agent --data-dir /nonexistent/x"),
        None,
    )
    .await
    .exits(2);
    end_of(command("up --no-agent --log ==="), None)
        .await
        .exits(2)
        .says("--log");
    #[cfg(not(feature = "libvirt"))]
    {
        let home = tempfile::tempdir().unwrap();
        let line = format!("up --listen 127.0.0.1:0 --data-dir {}", home.path().display());
        end_of(command(&line), None)
            .await
            .exits(4)
            .says("built without libvirt")
            .says("lqx demo");
    }
}

#[tokio::test]
async fn the_doctor_names_every_check() {
    let mut doctor = command("doctor -o json");
    doctor.env("LQX_SERVER", "127.0.0.1:1");
    let ended = end_of(doctor, None).await;
    assert!(matches!(ended.code, 0 | 4), "{ended:?}");
    let findings = ended.json();
    let checks: Vec<&str> = findings
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    for check in ["kvm", "qemu", "qemu-img", "libvirt", "server"] {
        assert!(checks.contains(&check), "{checks:?}");
    }
    for finding in findings.as_array().unwrap() {
        assert!(
            finding["state"] == "ok" || finding["fix"].is_string(),
            "{finding}"
        );
    }
}
