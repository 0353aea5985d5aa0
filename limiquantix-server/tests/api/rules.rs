//! Placement rules over the wire.

use connectrpc::ErrorCode;
use limiquantix_core::Reason;
use limiquantix_proto::cluster::v1::{
    CreateRuleRequest, DeleteRuleRequest, GetRuleRequest, ListRulesRequest, PlacementRule, UpdateRuleRequest,
};
use limiquantix_proto::compute::v1::node_verdict::Outcome;
use limiquantix_proto::compute::v1::{CreateVMRequest, ExplainPlacementRequest};
use limiquantix_proto::error::from_connect;
use serde_json::json;

use crate::harness::{Running, SimNode, create, spec};

async fn make(server: &Running, body: serde_json::Value) -> PlacementRule {
    let request: CreateRuleRequest = serde_json::from_value(body).unwrap();
    server.rules().create_rule(request).await.unwrap().into_owned()
}

fn apart() -> serde_json::Value {
    json!({"name": "db-apart", "spec": {
        "kind": "RULE_KIND_VM_ANTI_AFFINITY", "required": true, "vmLabels": {"app": "db"},
    }})
}

fn db(name: &str) -> CreateVMRequest {
    CreateVMRequest {
        labels: [("app".to_owned(), "db".to_owned())].into(),
        ..create(name)
    }
}

#[tokio::test]
async fn a_rule_is_kept_and_explained() {
    let server = Running::memory().await;
    let _nodes = [
        SimNode::join(&server, "node-1").await,
        SimNode::join(&server, "node-2").await,
    ];
    make(&server, apart()).await;
    let vms = server.vms();
    let one = vms.create_vm(db("db-1")).await.unwrap().into_owned();
    let two = vms.create_vm(db("db-2")).await.unwrap().into_owned();
    assert_ne!(one.status.node_id, two.status.node_id);
    let e = vms.create_vm(db("db-3")).await.map(drop).unwrap_err();
    assert_eq!(e.code, ErrorCode::ResourceExhausted);
    let e = from_connect(e);
    assert_eq!(e.reason(), Reason::NoNodeFits);
    let said = e.get("node").unwrap();
    assert!(said.contains("rule db-apart: vm db-"), "{said}");

    let explain = ExplainPlacementRequest {
        spec: spec(1, 512).into(),
        labels: db("x").labels,
        ..Default::default()
    };
    let report = vms.explain_placement(explain).await.unwrap().into_owned().report;
    assert_eq!((report.node_id.as_str(), report.nodes.len()), ("", 2));
    for node in &report.nodes {
        let Some(Outcome::Rejected(rejected)) = &node.outcome else {
            panic!("{node:?}");
        };
        assert_eq!(rejected.filter, "rule");
        assert!(rejected.text.starts_with("rule db-apart: vm db-"), "{rejected:?}");
    }
    // Without the label the rule is about somebody else.
    let explain = ExplainPlacementRequest {
        spec: spec(1, 512).into(),
        ..Default::default()
    };
    let report = vms.explain_placement(explain).await.unwrap().into_owned().report;
    assert_ne!(report.node_id, "");

    // A wish is a term of the score.
    let wish = json!({"name": "near", "spec": {
        "kind": "RULE_KIND_VM_AFFINITY", "weight": 10, "vmLabels": {"app": "web"},
    }});
    make(&server, wish).await;
    let web = |name: &str| CreateVMRequest {
        labels: [("app".to_owned(), "web".to_owned())].into(),
        ..create(name)
    };
    let first = vms.create_vm(web("web-1")).await.unwrap().into_owned();
    let second = vms.create_vm(web("web-2")).await.unwrap().into_owned();
    assert_eq!(first.status.node_id, second.status.node_id);
    let explain = ExplainPlacementRequest {
        vm_id: second.id,
        ..Default::default()
    };
    let report = vms.explain_placement(explain).await.unwrap().into_owned().report;
    let values: Vec<i32> = report
        .nodes
        .iter()
        .filter_map(|node| match &node.outcome {
            Some(Outcome::Scored(scored)) if scored.terms[0].scorer == "rules" => Some(scored.terms[0].value),
            _ => None,
        })
        .collect();
    assert!(values == [0, 1000] || values == [1000, 0], "{values:?}");
}

#[tokio::test]
async fn a_rule_lives_and_dies() {
    let server = Running::memory().await;
    let rules = server.rules();
    let mut dry = apart();
    dry["validateOnly"] = json!(true);
    let before = server.revision().await;
    assert_eq!(make(&server, dry).await.id, "");
    assert_eq!(server.revision().await, before);
    let made = make(&server, apart()).await;
    assert_eq!(
        (made.project_id.as_str(), made.spec.required, made.spec.weight),
        ("default", true, 0)
    );
    let get: GetRuleRequest = serde_json::from_value(json!({"name": "db-apart"})).unwrap();
    assert_eq!(rules.get_rule(get.clone()).await.unwrap().into_owned(), made);
    let update: UpdateRuleRequest = serde_json::from_value(json!({
        "id": made.id, "etag": made.etag, "updateMask": "spec",
        "spec": {"kind": "RULE_KIND_NODE_AFFINITY", "vmLabels": {"a": "b"}, "nodeLabels": {"gpu": "yes"}},
    }))
    .unwrap();
    let changed = rules.update_rule(update.clone()).await.unwrap().into_owned();
    assert_eq!((changed.spec.required, changed.spec.weight), (false, 50));
    assert_eq!(changed.spec.node_labels["gpu"], "yes");
    let stale = rules.update_rule(update).await.map(drop).unwrap_err();
    assert_eq!(stale.code, ErrorCode::Aborted);
    let elsewhere: ListRulesRequest = serde_json::from_value(json!({"projectId": "lab"})).unwrap();
    assert!(
        rules
            .list_rules(elsewhere)
            .await
            .unwrap()
            .into_owned()
            .rules
            .is_empty()
    );
    let here: ListRulesRequest =
        serde_json::from_value(json!({"projectId": "default", "withTotalCount": true})).unwrap();
    let listed = rules.list_rules(here).await.unwrap().into_owned();
    assert_eq!(
        (listed.rules, listed.total_count),
        (vec![changed.clone()], Some(1))
    );
    let delete = DeleteRuleRequest {
        id: made.id.clone(),
        request_id: "r-1".into(),
        ..Default::default()
    };
    let gone = rules.delete_rule(delete.clone()).await.unwrap().into_owned();
    assert_eq!(rules.delete_rule(delete).await.unwrap().into_owned(), gone);
    let e = from_connect(rules.get_rule(get).await.map(drop).unwrap_err());
    assert_eq!(e.reason(), Reason::NotFound);
}

#[tokio::test]
async fn what_is_wrong_with_a_rule_is_named() {
    let server = Running::memory().await;
    let vm = "0190c2a4-6f1e-7c3a-9d2b-1f0e5a7b3c4d";
    let (labels, kind) = (json!({"a": "b"}), "RULE_KIND_VM_AFFINITY");
    let about_nodes = "RULE_KIND_NODE_AFFINITY";
    let broken = [
        (json!({"vmLabels": labels}), "spec.kind"),
        (json!({"kind": kind}), "spec.vm_ids"),
        (
            json!({"kind": kind, "vmIds": [vm], "vmLabels": labels}),
            "spec.vm_ids",
        ),
        (json!({"kind": kind, "vmIds": [vm, "web"]}), "spec.vm_ids[1]"),
        (
            json!({"kind": kind, "vmLabels": labels, "nodeLabels": labels}),
            "spec.node_labels",
        ),
        (json!({"kind": about_nodes, "vmLabels": labels}), "spec.node_ids"),
        (
            json!({"kind": kind, "vmLabels": labels, "required": true, "weight": 5}),
            "spec.weight",
        ),
        (
            json!({"kind": kind, "vmLabels": labels, "weight": 101}),
            "spec.weight",
        ),
        (json!({"kind": kind, "vmLabels": {"é": "b"}}), "spec.vm_labels"),
    ];
    for (spec, field) in broken {
        let body = json!({"name": "x", "spec": spec});
        let request: CreateRuleRequest = serde_json::from_value(body).unwrap();
        let e = from_connect(server.rules().create_rule(request).await.map(drop).unwrap_err());
        assert_eq!((e.reason(), e.get("field")), (Reason::InvalidField, Some(field)));
    }
    for body in [
        json!({"name": "x", "spec": {"kind": kind, "vmIds": [vm]}}),
        json!({"name": "x", "projectId": "nowhere", "spec": {"kind": kind, "vmLabels": labels}}),
    ] {
        let request: CreateRuleRequest = serde_json::from_value(body).unwrap();
        let e = from_connect(server.rules().create_rule(request).await.map(drop).unwrap_err());
        assert_eq!(e.reason(), Reason::NotFound);
    }
}
