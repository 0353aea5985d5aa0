//! Clusters, against the control plane of `lqx demo`.

use crate::demo::Demo;

#[tokio::test]
async fn a_cluster_has_nodes_and_a_policy() {
    let demo = Demo::start("--nodes 3 --vms 2").await;
    demo.lqx("cluster create east --strategy pack --overcommit-memory 150 --ha true --restart-first tier=db")
        .await
        .exits(0)
        .says("created cluster east");
    demo.lqx("cluster create east")
        .await
        .exits(4)
        .says("error[NAME_TAKEN]");
    demo.lqx("cluster add-node east node-1 node-2")
        .await
        .exits(0)
        .says("added node node-2 to cluster east");
    let ended = demo.lqx("cluster list").await.exits(0);
    let line = ended.out.lines().nth(1).unwrap();
    assert!(line.starts_with("east  2      pack      manual  on"), "{ended:?}");
    demo.lqx("cluster update east --drs full --drs-interval 1m")
        .await
        .exits(0);
    let json = demo.lqx("cluster show east -o json").await.exits(0).json();
    assert_eq!(json["spec"]["drs"]["mode"], "DRS_MODE_FULL");
    assert_eq!(json["spec"]["drs"]["cpuThresholdPercent"], 80);
    assert_eq!(json["spec"]["placement"]["overcommitMemoryPercent"], 150);
    let ended = demo.lqx("cluster show east").await.exits(0);
    assert!(
        ended.out.contains("every 60 s") && ended.out.contains("tier=db"),
        "{ended:?}"
    );
    demo.lqx("cluster update east").await.exits(2);
    demo.lqx("cluster update east --overcommit-cpu -3").await.exits(2);
    demo.lqx("cluster delete east --yes")
        .await
        .exits(4)
        .says("error[IN_USE]");
    demo.lqx("cluster remove-node east node-1 node-2").await.exits(0);
    demo.lqx("cluster remove-node east node-1")
        .await
        .exits(4)
        .says("error[WRONG_STATE]");
    demo.lqx("cluster delete east --yes")
        .await
        .exits(0)
        .says("deleted cluster east");
    demo.lqx("cluster show east").await.exits(3);
    demo.stop().await;
}
