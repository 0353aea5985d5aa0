//! Placement rules, against the control plane of `lqx demo`.

use crate::demo::Demo;

#[tokio::test]
async fn vms_that_are_to_be_apart_are_so() {
    let demo = Demo::start("--nodes 2 --vms 2").await;
    demo.lqx("rule create cache-apart --kind apart --vm-label app=cachex")
        .await
        .exits(0)
        .says("created rule cache-apart");
    let create = "vm create --kernel probe-vmlinux -l app=cachex";
    demo.lqx(&format!("{create} c-1")).await.exits(0);
    demo.lqx(&format!("{create} c-2")).await.exits(0);
    demo.lqx(&format!("{create} c-3"))
        .await
        .exits(9)
        .says("rule cache-apart: vm c-1 is there");
    let ended = demo.lqx("rule list").await.exits(0);
    let line = ended.out.lines().nth(1).unwrap();
    assert!(
        line.starts_with("cache-apart  vm anti affinity  required  app=cachex"),
        "{ended:?}"
    );
    demo.lqx("rule create pin --kind on-nodes --vm c-1 --node node-1 --prefer 7")
        .await
        .exits(0);
    let json = demo.lqx("rule show pin -o json").await.exits(0).json();
    assert_eq!(json["spec"]["weight"], 7);
    demo.lqx("rule create nothing --kind apart").await.exits(2);
    demo.lqx("rule delete cache-apart --yes").await.exits(0);
    demo.lqx(&format!("{create} c-3")).await.exits(0);
    demo.lqx("rule show cache-apart").await.exits(3);
    demo.stop().await;
}
