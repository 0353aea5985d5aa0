//! Alerts over the wire: made by hand, made by the control plane, narrowed down, counted, followed.

use connectrpc::{ConnectError, ErrorCode};
use limiquantix_core::Reason;
use limiquantix_proto::alert::v1::{
    AcknowledgeAlertRequest, Alert, AlertSeverity, AlertSourceType, AlertState, CreateAlertRequest,
    GetAlertRequest, GetAlertSummaryRequest, ListAlertsRequest, ResolveAlertRequest, WatchAlertsRequest,
};
use limiquantix_proto::error::from_connect;
use limiquantix_proto::event::v1::ChangeType;
use serde_json::json;

use crate::harness::http::{get, post};
use crate::harness::{Running, SimNode, create, next, next_change};

fn alert(title: &str, severity: AlertSeverity) -> CreateAlertRequest {
    CreateAlertRequest {
        severity: severity.into(),
        title: title.to_owned(),
        source_type: AlertSourceType::Storage.into(),
        source_id: format!("id-of-{title}"),
        source_name: title.to_owned(),
        ..Default::default()
    }
}

async fn raise(server: &Running, request: CreateAlertRequest) -> Alert {
    server.alerts().create_alert(request).await.unwrap().into_owned()
}

async fn list(server: &Running, request: ListAlertsRequest) -> Vec<String> {
    let page = server.alerts().list_alerts(request).await.unwrap().into_owned();
    page.alerts.iter().map(|alert| alert.title.clone()).collect()
}

fn reason<T: std::fmt::Debug>(outcome: Result<T, ConnectError>) -> Reason {
    from_connect(outcome.unwrap_err()).reason()
}

#[tokio::test]
async fn an_alert_lives_and_ends() {
    let server = Running::memory().await;
    let alerts = server.alerts();
    let raised = raise(&server, alert("fast", AlertSeverity::Warning)).await;
    assert_eq!((raised.state, raised.count), (AlertState::Open.into(), 1));
    let one = GetAlertRequest {
        id: raised.id.clone(),
        ..Default::default()
    };
    assert_eq!(alerts.get_alert(one).await.unwrap().into_owned(), raised);

    let taken = AcknowledgeAlertRequest {
        id: raised.id.clone(),
        etag: raised.etag.clone(),
        comment: "on it".to_owned(),
        request_id: "r-1".to_owned(),
        ..Default::default()
    };
    let acknowledged = alerts
        .acknowledge_alert(taken.clone())
        .await
        .unwrap()
        .into_owned();
    assert_eq!(acknowledged.acknowledged.comment, "on it");
    assert!(!acknowledged.acknowledged.by.is_empty());
    assert_eq!(
        alerts
            .acknowledge_alert(taken.clone())
            .await
            .unwrap()
            .into_owned(),
        acknowledged,
        "the same call again has the same answer"
    );
    let other = AcknowledgeAlertRequest {
        comment: "no, I".to_owned(),
        ..taken.clone()
    };
    assert_eq!(
        reason(alerts.acknowledge_alert(other).await.map(drop)),
        Reason::RequestIdReused
    );
    let late = AcknowledgeAlertRequest {
        etag: String::new(),
        request_id: String::new(),
        ..taken
    };
    assert_eq!(
        reason(alerts.acknowledge_alert(late).await.map(drop)),
        Reason::AlreadyInState
    );

    let resolve = ResolveAlertRequest {
        id: raised.id.clone(),
        etag: raised.etag.clone(),
        ..Default::default()
    };
    let stale = alerts.resolve_alert(resolve.clone()).await.map(drop).unwrap_err();
    assert_eq!(stale.code, ErrorCode::Aborted);
    let quiet = server.revision().await;
    let resolve = ResolveAlertRequest {
        etag: acknowledged.etag.clone(),
        ..resolve
    };
    let preview = ResolveAlertRequest {
        validate_only: true,
        ..resolve.clone()
    };
    let shown = alerts.resolve_alert(preview).await.unwrap().into_owned();
    assert_eq!(shown.state, AlertState::Resolved);
    assert_eq!(server.revision().await, quiet, "asking changes nothing");
    let resolved = alerts.resolve_alert(resolve).await.unwrap().into_owned();
    assert!(resolved.resolved.is_set() && resolved.state == AlertState::Resolved);
    let again = AcknowledgeAlertRequest {
        id: raised.id.clone(),
        ..Default::default()
    };
    assert_eq!(
        reason(alerts.acknowledge_alert(again).await.map(drop)),
        Reason::WrongState
    );
    let nobody = GetAlertRequest {
        id: "01890000-0000-7000-8000-000000000000".to_owned(),
        ..Default::default()
    };
    assert_eq!(reason(alerts.get_alert(nobody).await.map(drop)), Reason::NotFound);
}

#[tokio::test]
async fn asking_whether_an_alert_would_be_raised_raises_none() {
    let server = Running::memory().await;
    let quiet = server.revision().await;
    let preview = CreateAlertRequest {
        validate_only: true,
        request_id: "r-1".to_owned(),
        ..alert("fast", AlertSeverity::Info)
    };
    let shown = raise(&server, preview).await;
    assert!(shown.id.is_empty() && shown.etag.is_empty());
    assert_eq!(server.revision().await, quiet);
    let real = CreateAlertRequest {
        request_id: "r-1".to_owned(),
        ..alert("fast", AlertSeverity::Info)
    };
    let raised = raise(&server, real.clone()).await;
    assert_eq!(raise(&server, real.clone()).await, raised);
    let other = CreateAlertRequest {
        title: "other".to_owned(),
        ..real
    };
    let e = server.alerts().create_alert(other).await.map(drop);
    assert_eq!(reason(e), Reason::RequestIdReused);
}

#[tokio::test]
async fn lists_are_narrowed_down_and_paged_and_the_summary_counts() {
    let server = Running::memory().await;
    let keyed = CreateAlertRequest {
        dedup_key: "disk".to_owned(),
        ..alert("a", AlertSeverity::Warning)
    };
    let a = raise(&server, keyed.clone()).await;
    assert_eq!(raise(&server, keyed).await.count, 2);
    let b = raise(&server, alert("b", AlertSeverity::Critical)).await;
    let system = CreateAlertRequest {
        severity: AlertSeverity::Critical.into(),
        title: "c".to_owned(),
        ..Default::default()
    };
    raise(&server, system).await;
    let resolve = ResolveAlertRequest {
        id: b.id.clone(),
        ..Default::default()
    };
    server.alerts().resolve_alert(resolve).await.unwrap();

    let everything = ListAlertsRequest::default;
    assert_eq!(list(&server, everything()).await, ["a", "b", "c"]);
    let critical = ListAlertsRequest {
        severity: AlertSeverity::Critical.into(),
        ..everything()
    };
    assert_eq!(list(&server, critical).await, ["b", "c"]);
    let lasting = ListAlertsRequest {
        states: vec![AlertState::Open.into(), AlertState::Acknowledged.into()],
        ..everything()
    };
    assert_eq!(list(&server, lasting).await, ["a", "c"]);
    let about = ListAlertsRequest {
        source_id: a.source_id.clone(),
        source_type: AlertSourceType::Storage.into(),
        ..everything()
    };
    assert_eq!(list(&server, about).await, ["a"]);
    let system = ListAlertsRequest {
        source_type: AlertSourceType::System.into(),
        ..everything()
    };
    assert_eq!(list(&server, system).await, ["c"]);

    let first = ListAlertsRequest {
        page_size: 2,
        with_total_count: true,
        ..everything()
    };
    let page = server
        .alerts()
        .list_alerts(first.clone())
        .await
        .unwrap()
        .into_owned();
    assert_eq!((page.alerts.len(), page.total_count), (2, Some(3)));
    let rest = ListAlertsRequest {
        page_token: page.next_page_token,
        ..first
    };
    assert_eq!(list(&server, rest).await, ["c"]);

    let alerts = server.alerts();
    let summary = alerts.get_alert_summary(GetAlertSummaryRequest::default()).await;
    let summary = summary.unwrap().into_owned();
    let counts = |c: &limiquantix_proto::alert::v1::SeverityCounts| (c.critical, c.warning, c.info);
    assert_eq!(counts(&summary.open), (1, 1, 0));
    assert_eq!(counts(&summary.acknowledged), (0, 0, 0));
    assert_eq!(counts(&summary.resolved), (1, 0, 0));
    let answer = get(
        server.address,
        "/limiquantix.alert.v1.AlertService/GetAlertSummary?encoding=json&message=%7B%7D&connect=v1",
    )
    .await;
    assert_eq!(answer.json()["open"], json!({"critical": 1, "warning": 1}));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = Running::memory().await;
    let quiet = server.revision().await;
    let base = json!({"severity": "ALERT_SEVERITY_INFO", "title": "t"});
    for (method, change, field) in [
        ("CreateAlert", json!({"severity": 0}), "severity"),
        ("CreateAlert", json!({"severity": 77}), "severity"),
        ("CreateAlert", json!({"title": ""}), "title"),
        ("CreateAlert", json!({"title": "x".repeat(256)}), "title"),
        ("CreateAlert", json!({"message": "x".repeat(4097)}), "message"),
        ("CreateAlert", json!({"dedupKey": "system/node/x"}), "dedup_key"),
        (
            "CreateAlert",
            json!({"sourceType": "ALERT_SOURCE_TYPE_NODE"}),
            "source_id",
        ),
        (
            "CreateAlert",
            json!({"sourceType": "ALERT_SOURCE_TYPE_VM", "sourceId": "01890000-0000-7000-8000-000000000000"}),
            "source_id",
        ),
        ("CreateAlert", json!({"sourceType": 77}), "source_type"),
        ("CreateAlert", json!({"requestId": "a b"}), "request_id"),
        ("AcknowledgeAlert", json!({"id": "x"}), "id"),
        (
            "AcknowledgeAlert",
            json!({"id": "01890000-0000-7000-8000-000000000000", "etag": "x"}),
            "etag",
        ),
        (
            "ResolveAlert",
            json!({"id": "01890000-0000-7000-8000-000000000000", "comment": "a\nb"}),
            "comment",
        ),
        ("ListAlerts", json!({"states": [0]}), "states[0]"),
        ("ListAlerts", json!({"pageSize": -1}), "page_size"),
        ("ListAlerts", json!({"nodeId": "x"}), "node_id"),
        ("GetAlert", json!({}), "id"),
    ] {
        let mut body = if method == "CreateAlert" {
            base.clone()
        } else {
            json!({})
        };
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        let path = format!("/limiquantix.alert.v1.AlertService/{method}");
        let answer = post(server.address, &path, &body.to_string()).await;
        assert_eq!(
            answer.code(),
            "invalid_argument",
            "{method} {field}: {}",
            answer.text()
        );
        assert_eq!(answer.fields(), [field], "{method}: {}", answer.text());
    }
    assert_eq!(server.revision().await, quiet);
}

#[tokio::test]
async fn a_vm_that_cannot_be_made_is_seen_by_whoever_watches() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let request = WatchAlertsRequest {
        initial: true,
        states: vec![AlertState::Open.into()],
        ..Default::default()
    };
    let mut watch = server.alerts().watch_alerts(request).await.unwrap();
    let bookmark = next!(watch).unwrap().unwrap();
    assert_eq!(bookmark.r#type, ChangeType::Bookmark);

    let mut wanted = create("web");
    let mut spec = crate::harness::spec(1, 512);
    spec.disks[0].image = "absent.qcow2".to_owned();
    wanted.spec = spec.into();
    let vm = server.vms().create_vm(wanted).await.unwrap().into_owned();
    let raised = next_change!(watch);
    assert_eq!(raised.r#type, ChangeType::Added);
    assert_eq!(raised.alert.source_id, vm.id);
    assert_eq!(raised.alert.title, "create of vm web failed");
    assert_eq!(raised.alert.project_id, "default");
    let of_project = ListAlertsRequest {
        project_id: "default".to_owned(),
        ..Default::default()
    };
    assert_eq!(list(&server, of_project).await.len(), 1);

    // With the VM it is over: it leaves the view of those who watch what is open, and is there from a revision.
    let delete = limiquantix_proto::compute::v1::DeleteVMRequest {
        id: vm.id,
        force: true,
        ..Default::default()
    };
    server.vms().delete_vm(delete).await.unwrap();
    let over = next_change!(watch);
    assert_eq!(
        (over.r#type, over.alert.id.as_str()),
        (ChangeType::Deleted.into(), raised.alert.id.as_str())
    );
    let one = WatchAlertsRequest {
        alert_id: raised.alert.id.clone(),
        from_revision: raised.revision,
        ..Default::default()
    };
    let mut watch = server.alerts().watch_alerts(one).await.unwrap();
    let change = next_change!(watch);
    assert_eq!(change.alert.resolved.by, "system");
    assert_eq!(change.revision, over.revision);
}
