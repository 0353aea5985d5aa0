//! What an engine recommends, over the wire: shown, narrowed down, approved, rejected, followed.

use std::time::Duration;

use connectrpc::{ConnectError, ErrorCode};
use limiquantix::Call;
use limiquantix_core::Reason;
use limiquantix_core::recommendation::Proposal;
use limiquantix_core::resource::{Impact, Recommendation, RecommendationPriority as Priority};
use limiquantix_proto::drs::v1::{
    ApproveRecommendationRequest, GetRecommendationRequest, ListRecommendationsRequest,
    RecommendationPriority, RecommendationStatus, RejectRecommendationRequest, WatchRecommendationsRequest,
};
use limiquantix_proto::error::from_connect;
use limiquantix_proto::event::v1::ChangeType;
use serde_json::json;

use crate::harness::http::post;
use crate::harness::{Running, SimNode, next, next_change};

/// An engine that would move the VM to the other of two nodes.
async fn propose(server: &Running, vm: &str) -> Recommendation {
    let plane = &server.control_plane;
    let vm = plane.vms().get(vm.parse().unwrap()).await.unwrap();
    let nodes = plane
        .nodes()
        .list(Default::default(), Default::default())
        .await
        .unwrap();
    let on = vm.placement.unwrap().node;
    let proposal = Proposal {
        vm: vm.id,
        planned_on: vm.meta.revision,
        target: nodes.items.iter().find(|n| n.id != on).unwrap().id,
        priority: Priority::High,
        reason: "cpu at 93 %".to_owned(),
        impact: Impact { cpu: 12, memory: -3 },
        estimated_duration: Duration::from_secs(150),
        valid_for: Duration::from_secs(3600),
    };
    let proposed = plane.recommendations().propose(&Call::system(), &proposal).await;
    Recommendation::clone(&*proposed.unwrap())
}

fn reason<T: std::fmt::Debug>(outcome: Result<T, ConnectError>) -> Reason {
    from_connect(outcome.unwrap_err()).reason()
}

async fn list(server: &Running, request: ListRecommendationsRequest) -> Vec<String> {
    let page = server
        .drs()
        .list_recommendations(request)
        .await
        .unwrap()
        .into_owned();
    page.recommendations.iter().map(|it| it.vm_name.clone()).collect()
}

#[tokio::test]
async fn a_recommendation_is_shown_decided_and_followed() {
    let server = Running::memory().await;
    let _nodes = (
        SimNode::join(&server, "node-1").await,
        SimNode::join(&server, "node-2").await,
    );
    let (web, db) = (server.launch("web").await, server.launch("db").await);
    let drs = server.drs();
    let initial = WatchRecommendationsRequest {
        initial: true,
        ..Default::default()
    };
    let mut watch = drs.watch_recommendations(initial).await.unwrap();
    assert_eq!(next!(watch).unwrap().unwrap().r#type, ChangeType::Bookmark);
    let first = propose(&server, &web.id).await;
    let second = propose(&server, &db.id).await;
    let seen = next_change!(watch);
    assert_eq!(
        (seen.r#type, &seen.recommendation.id),
        (ChangeType::Added.into(), &first.id.to_string())
    );
    assert_eq!(next_change!(watch).recommendation.vm_name, "db");

    let one = GetRecommendationRequest {
        id: first.id.to_string(),
        ..Default::default()
    };
    let shown = drs.get_recommendation(one).await.unwrap().into_owned();
    assert_eq!((shown.impact_cpu, shown.impact_memory), (12, -3));
    assert_eq!(shown.estimated_duration.seconds, 150);
    assert_eq!(
        (shown.vm_id.as_str(), shown.source_node_id.as_str()),
        (web.id.as_str(), web.status.node_id.as_str())
    );
    assert_ne!(shown.target_node_name, shown.source_node_name);
    assert_eq!(shown.status, RecommendationStatus::Pending);

    let approve = ApproveRecommendationRequest {
        id: shown.id.clone(),
        etag: shown.etag.clone(),
        request_id: "r-1".to_owned(),
        comment: "go".to_owned(),
        ..Default::default()
    };
    let quiet = server.revision().await;
    let preview = ApproveRecommendationRequest {
        validate_only: true,
        ..approve.clone()
    };
    let would = drs.approve_recommendation(preview).await.unwrap().into_owned();
    assert_eq!(would.status, RecommendationStatus::Approved);
    assert_eq!(server.revision().await, quiet);
    let approved = drs
        .approve_recommendation(approve.clone())
        .await
        .unwrap()
        .into_owned();
    assert_eq!(approved.approved.comment, "go");
    assert_eq!(
        drs.approve_recommendation(approve.clone())
            .await
            .unwrap()
            .into_owned(),
        approved
    );
    let other = ApproveRecommendationRequest {
        comment: "stay".to_owned(),
        ..approve.clone()
    };
    assert_eq!(
        reason(drs.approve_recommendation(other).await.map(drop)),
        Reason::RequestIdReused
    );
    let again = ApproveRecommendationRequest {
        etag: String::new(),
        request_id: String::new(),
        ..approve
    };
    assert_eq!(
        reason(drs.approve_recommendation(again).await.map(drop)),
        Reason::AlreadyInState
    );
    let stale = RejectRecommendationRequest {
        id: shown.id.clone(),
        etag: shown.etag.clone(),
        ..Default::default()
    };
    let refused = drs
        .reject_recommendation(stale.clone())
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::Aborted);
    let reject = RejectRecommendationRequest {
        etag: String::new(),
        ..stale
    };
    let rejected = drs
        .reject_recommendation(reject.clone())
        .await
        .unwrap()
        .into_owned();
    assert!(rejected.rejected.is_set() && rejected.status == RecommendationStatus::Rejected);
    assert_eq!(
        reason(drs.reject_recommendation(reject).await.map(drop)),
        Reason::AlreadyInState
    );
    assert_eq!(
        next_change!(watch).recommendation.status,
        RecommendationStatus::Approved
    );
    assert_eq!(
        next_change!(watch).recommendation.status,
        RecommendationStatus::Rejected
    );

    let everything = ListRecommendationsRequest::default;
    assert_eq!(list(&server, everything()).await, ["web", "db"]);
    let pending = ListRecommendationsRequest {
        statuses: vec![RecommendationStatus::Pending.into()],
        priority: RecommendationPriority::High.into(),
        ..everything()
    };
    assert_eq!(list(&server, pending).await, ["db"]);
    let of_vm = ListRecommendationsRequest {
        vm_id: web.id.clone(),
        source_node_id: web.status.node_id.clone(),
        project_id: "default".to_owned(),
        ..everything()
    };
    assert_eq!(list(&server, of_vm).await, ["web"]);
    let low = ListRecommendationsRequest {
        priority: RecommendationPriority::Low.into(),
        ..everything()
    };
    assert!(list(&server, low).await.is_empty());
    let only = WatchRecommendationsRequest {
        recommendation_id: second.id.to_string(),
        initial: true,
        ..Default::default()
    };
    let mut watch = drs.watch_recommendations(only).await.unwrap();
    assert_eq!(next_change!(watch).recommendation.vm_name, "db");
}

#[tokio::test]
async fn what_is_wrong_with_a_decision_is_named() {
    let server = Running::memory().await;
    let quiet = server.revision().await;
    let id = "01890000-0000-7000-8000-000000000000";
    for (method, body, field) in [
        ("GetRecommendation", json!({}), "id"),
        ("ApproveRecommendation", json!({"id": "x"}), "id"),
        ("ApproveRecommendation", json!({"id": id, "etag": "x"}), "etag"),
        (
            "ApproveRecommendation",
            json!({"id": id, "comment": "a\nb"}),
            "comment",
        ),
        (
            "RejectRecommendation",
            json!({"id": id, "comment": "x".repeat(256)}),
            "comment",
        ),
        (
            "RejectRecommendation",
            json!({"id": id, "requestId": "a b"}),
            "request_id",
        ),
        ("ListRecommendations", json!({"statuses": [0]}), "statuses[0]"),
        ("ListRecommendations", json!({"priority": 77}), "priority"),
        ("ListRecommendations", json!({"vmId": "x"}), "vm_id"),
        (
            "ListRecommendations",
            json!({"sourceNodeId": "x"}),
            "source_node_id",
        ),
        ("ListRecommendations", json!({"pageSize": -1}), "page_size"),
    ] {
        let path = format!("/limiquantix.drs.v1.DRSService/{method}");
        let answer = post(server.address, &path, &body.to_string()).await;
        assert_eq!(
            answer.code(),
            "invalid_argument",
            "{method} {field}: {}",
            answer.text()
        );
        assert_eq!(answer.fields(), [field], "{method}: {}", answer.text());
    }
    let nobody = ApproveRecommendationRequest {
        id: id.to_owned(),
        ..Default::default()
    };
    let drs = server.drs();
    assert_eq!(
        reason(drs.approve_recommendation(nobody).await.map(drop)),
        Reason::NotFound
    );
    assert_eq!(server.revision().await, quiet);
}
