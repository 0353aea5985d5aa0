//! Projects and their quotas, against the control plane of `lqx demo`.

use crate::demo::Demo;

#[tokio::test]
async fn a_project_has_a_quota_that_is_kept() {
    let demo = Demo::start("--nodes 2 --vms 4").await;
    demo.lqx("project create lab --vms 1 --memory 4G --display-name Lab -l team=red")
        .await
        .exits(0)
        .says("created project lab");
    demo.lqx("project create lab")
        .await
        .exits(4)
        .says("error[ID_TAKEN]");
    demo.lqx("project create lab2 --vms many")
        .await
        .exits(2)
        .says("not a number, nor none");
    let ended = demo.lqx("project list").await.exits(0);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert!(
        lines[0].starts_with("ID ") && lines[1].starts_with("default ") && lines[2].starts_with("lab "),
        "{ended:?}"
    );
    assert!(
        lines[2].contains("4 GiB") && lines[2].contains("no limit"),
        "{ended:?}"
    );
    let json = demo.lqx("project show lab -o json").await.exits(0).json();
    assert_eq!(json["spec"]["quota"]["memoryMib"], "4096");

    let create = "vm create --kernel probe-vmlinux --project lab";
    demo.lqx(&format!("{create} web")).await.exits(0);
    demo.lqx(&format!("{create} more"))
        .await
        .exits(9)
        .says("error[QUOTA_EXCEEDED]")
        .says("vms 1 of 1 used");
    let ended = demo.lqx("project usage lab").await.exits(0);
    assert!(ended.out.contains("VMs:      1 of 1"), "{ended:?}");
    let used = demo.lqx("project usage -o jsonpath=.used.vms").await.exits(0);
    assert_eq!(used.out, "4\n", "the default project");
    demo.lqx("project update lab --vms none --description test")
        .await
        .exits(0);
    demo.lqx(&format!("{create} more")).await.exits(0);
    demo.lqx("project update lab").await.exits(2);

    demo.lqx("project delete lab").await.exits(2).says("--yes");
    demo.lqx("project delete lab --yes")
        .await
        .exits(4)
        .says("error[IN_USE]");
    demo.lqx("vm stop web more --force --yes --project lab")
        .await
        .exits(0);
    demo.lqx("vm delete web more --yes --project lab").await.exits(0);
    demo.lqx("project delete lab --yes --dry-run").await.exits(0);
    demo.lqx("project delete lab --yes")
        .await
        .exits(0)
        .says("deleted project lab");
    demo.lqx("project show lab").await.exits(3);
    demo.lqx(&format!("{create} web"))
        .await
        .exits(3)
        .says("no project lab");
    demo.stop().await;
}
