//! Creating and launching.

use crate::fake::Fake;

#[tokio::test]
async fn a_launch_ends_when_the_guest_runs() {
    let server = Fake::start().await;
    let line = "launch debian app --cpus 2 --memory 2G --disk 10G --label tier=front --nic lan --accel tcg";
    let ended = server.lqx(line).await.exits(0);
    assert_eq!(ended.out, "");
    let told: Vec<&str> = ended.err.lines().collect();
    assert!(told[0].starts_with("  ✔ placed    on node-1"), "{told:?}");
    assert!(told[told.len() - 2].starts_with("  ✔ running"), "{told:?}");
    assert_eq!(told[told.len() - 1], "  next: lqx console app · lqx vm show app");

    let calls = server.state.lock().unwrap().calls.clone();
    let body: serde_json::Value = serde_json::from_str(calls[0].strip_prefix("CreateVM ").unwrap()).unwrap();
    let spec = &body["spec"];
    assert_eq!((&body["name"], &body["start"]), (&"app".into(), &true.into()));
    assert_eq!(body["labels"]["tier"], "front");
    assert_eq!(
        (&spec["cpu"]["cores"], &spec["memory"]["sizeMib"]),
        (&2.into(), &2048.into())
    );
    assert_eq!(
        spec["disks"],
        serde_json::json!([{"sizeGib": 10, "image": "debian"}])
    );
    assert_eq!(spec["nics"][0]["network"], "lan");
    assert_eq!(spec["accel"], "ACCEL_MODE_TCG");
    assert_eq!(body["requestId"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn a_kernel_needs_no_image() {
    let server = Fake::start().await;
    let line = "launch --kernel probe-kernel --initrd probe-initrd --disk 1 hello --cpus 1 --memory 512M";
    server.lqx(line).await.exits(0);
    let calls = server.state.lock().unwrap().calls.clone();
    assert!(
        calls[0].contains(r#""boot":{"kernel":{"kernel":"probe-kernel","initrd":"probe-initrd"}}"#),
        "{calls:?}"
    );
    assert!(calls[0].contains(r#""disks":[{"sizeGib":1}]"#), "{calls:?}");
    server
        .lqx("launch --initrd probe-initrd hello2")
        .await
        .exits(2)
        .says("--kernel");
    server.lqx("launch").await.exits(2);
}

#[tokio::test]
async fn no_capacity_is_exit_code_9_and_says_why() {
    let server = Fake::start().await;
    let ended = server
        .lqx("launch debian big --cpus 4 --memory 8G")
        .await
        .exits(9);
    let expected = "\
error[NO_NODE_FITS]: cannot place vm \"big\": none of 2 nodes can take it
  node-1  memory: needs 2048 MiB, 1536 MiB free
  node-2  cordoned
try: lqx explain placement --cpus 4 --memory 8G     request req-1
";
    assert_eq!(ended.err, expected);
}

#[tokio::test]
async fn a_taken_name_is_a_conflict() {
    let server = Fake::start().await;
    server
        .lqx("vm create web")
        .await
        .exits(4)
        .says("error[NAME_TAKEN]")
        .says("request req-1");
}

#[tokio::test]
async fn create_does_not_start_unless_told() {
    let server = Fake::start().await;
    let ended = server
        .lqx("vm create app --image debian -o name")
        .await
        .exits(0)
        .says("created");
    assert_eq!(ended.out, "app\n");
    let calls = server.state.lock().unwrap().calls.clone();
    assert!(!calls[0].contains("\"start\""), "{calls:?}");
}

#[tokio::test]
async fn a_dry_run_tells_the_node() {
    let server = Fake::start().await;
    server
        .lqx("vm create app --dry-run")
        .await
        .exits(0)
        .says("would create vm \"app\" on node-2; nothing was changed");
    server.lqx("vm show app").await.exits(3);
}

#[tokio::test]
async fn wrong_flags_are_usage_errors() {
    let server = Fake::start().await;
    for line in [
        "vm create app --cpus 0",
        "vm create app --memory lots",
        "vm create app --disk 1500M",
        "vm create app --label nothing",
        "vm create app --user-data /no/such/file",
        "vm create",
        "vm fly web",
        "vm list --timeout soon",
    ] {
        server.lqx(line).await.exits(2);
    }
    assert_eq!(server.count("CreateVM"), 0);
}

#[tokio::test]
async fn user_data_comes_from_standard_input() {
    let server = Fake::start().await;
    let ended = crate::run::end_of(
        server.command("vm create app --user-data -"),
        Some("#cloud-config\n"),
    )
    .await;
    ended.exits(0);
    let calls = server.state.lock().unwrap().calls.clone();
    assert!(
        calls[0].contains(r##""userData":"#cloud-config\n""##),
        "{calls:?}"
    );
}
