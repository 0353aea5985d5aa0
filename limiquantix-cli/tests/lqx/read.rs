//! Lists, shows and watches.

use crate::fake::{Fake, id};

#[tokio::test]
async fn a_list_is_a_table_with_every_page_in_it() {
    let server = Fake::start().await;
    let ended = server.lqx("vm list").await.exits(0);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines[0], "NAME    STATE    NODE    CPUS  MEMORY  AGE");
    assert_eq!(lines[6], "web     running  node-1  2     2 GiB   2h");
    assert_eq!(lines.len(), 8);
    assert_eq!(server.count("ListVMs"), 3);
}

#[tokio::test]
async fn a_list_in_json_is_the_message_of_the_api() {
    let server = Fake::start().await;
    let json = server.lqx("vm list -o json").await.exits(0).json();
    assert_eq!(json["vms"].as_array().unwrap().len(), 7);
    assert_eq!(json["vms"][0]["spec"]["memory"]["sizeMib"], 2048);
    assert_eq!(json["revision"], "9007199254740993");
    assert!(json.get("nextPageToken").is_none());
}

#[tokio::test]
async fn every_other_format() {
    let server = Fake::start().await;
    let ended = server.lqx("vm list -o name --limit 2").await.exits(0);
    assert_eq!(ended.out, "web\nweb-2\n");
    let ended = server
        .lqx("vm list -o jsonpath={.vms[*].status.nodeName} --limit 2")
        .await
        .exits(0);
    assert_eq!(ended.out, "node-1\nnode-1\n");
    let ended = server.lqx("vm list -o csv --state running").await.exits(0);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert!(
        lines[0].starts_with("name,state,node,cpus,memory,age,id,"),
        "{ended:?}"
    );
    assert!(lines[2].starts_with("web,running,node-1,2,2048,20"), "{ended:?}");
    assert_eq!(lines.len(), 3);
    let ended = server.lqx("vm show web -o yaml").await.exits(0);
    assert!(
        ended.out.contains("name: web\n") && ended.out.contains("  state: VM_STATE_RUNNING\n"),
        "{ended:?}"
    );
    let ended = server.lqx("vm list -o wide").await.exits(0);
    assert!(ended.out.lines().next().unwrap().contains("LABELS"));
    server
        .lqx("vm list -o xml")
        .await
        .exits(2)
        .says("\"xml\" is not an output format");
}

#[tokio::test]
async fn a_vm_is_shown_by_name_id_prefix_and_glob() {
    let server = Fake::start().await;
    for name in ["web", "vm/web", &id(1)] {
        let json = server
            .lqx(&format!("vm show {name} -o json"))
            .await
            .exits(0)
            .json();
        assert_eq!(json["id"], id(1), "{name}");
    }
    assert_eq!(server.count("ListVMs"), 0, "an exact name or id lists nothing");
    let ended = server.lqx("vm show sta stu").await;
    ended
        .exits(3)
        .says("error[NOT_FOUND]: no vm is named \"sta\"")
        .says("try: lqx vm list");
    assert_eq!(server.lqx("vm show stu -o name").await.exits(0).out, "stuck\n");
    assert_eq!(
        server.lqx("vm show web* -o name").await.exits(0).out,
        "web\nweb-2\n"
    );
    let ended = server.lqx("vm show we").await.exits(2);
    ended
        .says("error[AMBIGUOUS_NAME]: \"we\" could be any of 2 vms")
        .says(&format!("web-2  {}", id(2)));
    server.lqx("vm show *x*").await.exits(3);
}

#[tokio::test]
async fn a_vm_in_full() {
    let server = Fake::start().await;
    let ended = server.lqx("vm show web").await.exits(0);
    for line in [
        "Name:       web",
        "State:      running",
        "Memory:     2 GiB",
        "Disks:      disk0 20 GiB, blank, pool default",
    ] {
        assert!(
            ended.out.lines().any(|shown| shown == line),
            "{line:?} is not in {}",
            ended.out
        );
    }
}

#[tokio::test]
async fn nodes_and_tasks() {
    let server = Fake::start().await;
    let ended = server.lqx("node list").await.exits(0);
    assert!(
        ended.out.contains("node-1  ready  2    4/16  4 GiB/64 GiB"),
        "{ended:?}"
    );
    assert_eq!(
        server.lqx("node show node-1 -o json").await.exits(0).json()["hostname"],
        "node-1"
    );
    let ended = server.lqx("task list").await.exits(0);
    assert!(ended.out.contains("start-broken  start vm  broken"), "{ended:?}");
    let ended = server
        .lqx("task list --limit 1 -o name")
        .await
        .exits(0)
        .says("older tasks are not shown");
    assert_eq!(ended.out, "start-broken\n");
    let ended = server.lqx("task show start-broken").await.exits(0);
    assert!(ended.out.contains("IMAGE_MISSING: no image"), "{ended:?}");
}

#[tokio::test]
async fn a_watch_prints_one_line_per_change() {
    let server = Fake::start().await;
    let ended = server.lqx("vm watch").await.exits(0);
    assert_eq!(ended.out.lines().count(), 7);
    assert!(
        ended.out.starts_with("added     web         running     node-1"),
        "{ended:?}"
    );
    let ended = server.lqx("vm list --watch -o json").await.exits(0);
    let first: serde_json::Value = serde_json::from_str(ended.out.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["type"], &first["vm"]["name"]),
        (&"CHANGE_TYPE_ADDED".into(), &"web".into())
    );
    assert_eq!(ended.out.lines().count(), 7);
}

#[tokio::test]
async fn placement_is_explained_for_a_vm_and_for_one_that_does_not_exist() {
    let server = Fake::start().await;
    let ended = server.lqx("explain placement vm/web").await.exits(0);
    let expected = "\
node-2 of 2 nodes
NODE    VERDICT   SCORE  WHY
node-2  chosen    800    spread 400×2
node-1  rejected  -      memory: needs 2 GiB, 1 GiB free
";
    assert_eq!(ended.out, expected);
    server
        .lqx("explain placement --cpus 4 --memory 8G")
        .await
        .exits(0);
    let calls = server.state.lock().unwrap().calls.clone();
    let last = calls.last().unwrap();
    assert!(
        last.contains(r#""cores":4"#) && last.contains(r#""sizeMib":8192"#),
        "{last}"
    );
}

#[tokio::test]
async fn output_cut_short_by_its_reader_is_no_error() {
    let server = Fake::start().await;
    let mut command = server.command("vm list -o json");
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let ended = crate::run::ended(child).await.exits(0);
    assert_eq!(ended.err, "");
}
