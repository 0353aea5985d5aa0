//! Projects and quotas over the wire.

use connectrpc::ErrorCode;
use limiquantix_core::Reason;
use limiquantix_proto::compute::v1::CreateVMRequest;
use limiquantix_proto::details::find;
use limiquantix_proto::error::from_connect;
use limiquantix_proto::google::rpc::QuotaFailure;
use limiquantix_proto::project::v1::{
    CreateProjectRequest, DeleteProjectRequest, GetProjectRequest, GetProjectUsageRequest,
    ListProjectsRequest, Project, UpdateProjectRequest,
};
use serde_json::json;

use crate::harness::{Running, SimNode, create, spec};

fn lab() -> CreateProjectRequest {
    serde_json::from_value(json!({
        "id": "lab", "labels": {"team": "red"},
        "spec": {"displayName": "The lab", "quota": {"vms": 1, "vcpus": 4}},
    }))
    .unwrap()
}

async fn make(server: &Running, request: CreateProjectRequest) -> Project {
    server
        .projects()
        .create_project(request)
        .await
        .unwrap()
        .into_owned()
}

#[tokio::test]
async fn a_project_lives_and_dies() {
    let server = Running::memory().await;
    let projects = server.projects();
    let preview = CreateProjectRequest {
        validate_only: true,
        ..lab()
    };
    let before = server.revision().await;
    projects.create_project(preview).await.unwrap();
    assert_eq!(server.revision().await, before);

    let made = make(&server, lab()).await;
    assert_eq!(made.spec.quota.vcpus, Some(4));
    assert_eq!(made.spec.quota.memory_mib, None);
    let get = GetProjectRequest {
        id: "lab".into(),
        ..Default::default()
    };
    let got = projects.get_project(get.clone()).await.unwrap().into_owned();
    assert_eq!((&got, got.etag.is_empty()), (&made, false));

    let update: UpdateProjectRequest = serde_json::from_value(json!({
        "id": "lab", "etag": made.etag, "updateMask": "spec.quota.vms,spec.description",
        "spec": {"description": "red", "quota": {"vcpus": 9}},
    }))
    .unwrap();
    let changed = projects
        .update_project(update.clone())
        .await
        .unwrap()
        .into_owned();
    assert_eq!(
        (changed.spec.quota.vms, changed.spec.quota.vcpus),
        (None, Some(4)),
        "the named limit is lifted, the other stays"
    );
    assert_eq!(
        (
            changed.spec.display_name.as_str(),
            changed.spec.description.as_str()
        ),
        ("The lab", "red")
    );
    let stale = projects.update_project(update).await.map(drop).unwrap_err();
    assert_eq!(stale.code, ErrorCode::Aborted);

    let delete = DeleteProjectRequest {
        id: "lab".into(),
        request_id: "r-1".into(),
        ..Default::default()
    };
    let gone = projects
        .delete_project(delete.clone())
        .await
        .unwrap()
        .into_owned();
    assert_eq!(projects.delete_project(delete).await.unwrap().into_owned(), gone);
    let e = from_connect(projects.get_project(get).await.map(drop).unwrap_err());
    assert_eq!((e.reason(), e.get("id")), (Reason::NotFound, Some("lab")));
}

#[tokio::test]
async fn projects_are_listed_by_page_and_label() {
    let server = Running::memory().await;
    let projects = server.projects();
    make(&server, lab()).await;
    for id in ["a", "b"] {
        let request = CreateProjectRequest {
            id: id.into(),
            ..Default::default()
        };
        make(&server, request).await;
    }
    let mut request = ListProjectsRequest {
        page_size: 3,
        with_total_count: true,
        ..Default::default()
    };
    let first = projects
        .list_projects(request.clone())
        .await
        .unwrap()
        .into_owned();
    request.page_token.clone_from(&first.next_page_token);
    let second = projects.list_projects(request).await.unwrap().into_owned();
    let ids: Vec<&str> = first
        .projects
        .iter()
        .chain(&second.projects)
        .map(|p| p.id.as_str())
        .collect();
    assert_eq!(ids, ["a", "b", "default", "lab"]);
    assert_eq!(
        (first.total_count, second.next_page_token.as_str()),
        (Some(4), "")
    );
    let red = ListProjectsRequest {
        labels: [("team".to_owned(), "red".to_owned())].into(),
        ..Default::default()
    };
    let red = projects.list_projects(red).await.unwrap().into_owned();
    assert_eq!(red.projects.len(), 1);
}

#[tokio::test]
async fn a_quota_is_kept_and_says_by_how_much_it_is_exceeded() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    make(&server, lab()).await;
    let within = |name: &str, cores| CreateVMRequest {
        project_id: "lab".into(),
        spec: spec(cores, 512).into(),
        ..create(name)
    };
    let refused = |e: connectrpc::ConnectError| {
        assert_eq!(e.code, ErrorCode::ResourceExhausted, "{e:?}");
        let failure = find::<QuotaFailure>(&e).expect("a QuotaFailure");
        let said: Vec<_> = failure
            .violations
            .iter()
            .map(|v| (v.subject.clone(), v.description.clone()))
            .collect();
        assert_eq!(from_connect(e).reason(), Reason::QuotaExceeded);
        said
    };
    let vms = server.vms();
    let said = refused(vms.create_vm(within("big", 5)).await.map(drop).unwrap_err());
    let project = || "project/lab".to_owned();
    assert_eq!(
        said,
        [(project(), "vcpus: 0 of 4 used, 5 more requested".to_owned())]
    );
    let vm = vms.create_vm(within("web", 3)).await.unwrap().into_owned();
    let second = CreateVMRequest {
        validate_only: true,
        ..within("second", 2)
    };
    let said = refused(vms.create_vm(second).await.map(drop).unwrap_err());
    assert_eq!(
        said,
        [
            (project(), "vms: 1 of 1 used, 1 more requested".to_owned()),
            (project(), "vcpus: 3 of 4 used, 2 more requested".to_owned()),
        ]
    );
    let usage = GetProjectUsageRequest {
        project_id: "lab".into(),
        ..Default::default()
    };
    let usage = server
        .projects()
        .get_project_usage(usage)
        .await
        .unwrap()
        .into_owned();
    let used = &usage.used;
    assert_eq!(
        (used.vms, used.vcpus, used.memory_mib, used.storage_gib),
        (1, 3, 512, 1)
    );
    assert_eq!(usage.quota.vcpus, Some(4));

    server.finished(&vm.current_task_id).await;
    let delete = DeleteProjectRequest {
        id: "lab".into(),
        ..Default::default()
    };
    let e = server
        .projects()
        .delete_project(delete)
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(e.code, ErrorCode::FailedPrecondition);
    assert_eq!(from_connect(e).reason(), Reason::InUse);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = Running::memory().await;
    let projects = server.projects();
    let broken = [
        (json!({"id": ""}), "id"),
        (json!({"id": "No Project"}), "id"),
        (
            json!({"id": "a", "spec": {"displayName": "a\u{7}"}}),
            "spec.display_name",
        ),
        (
            json!({"id": "a", "spec": {"description": "\u{7}"}}),
            "spec.description",
        ),
        (
            json!({"id": "a", "spec": {"quota": {"vms": -1}}}),
            "spec.quota.vms",
        ),
        (
            json!({"id": "a", "spec": {"quota": {"storageGib": "-1"}}}),
            "spec.quota.storage_gib",
        ),
        (json!({"id": "a", "labels": {"": "x"}}), "labels"),
    ];
    for (body, field) in broken {
        let request: CreateProjectRequest = serde_json::from_value(body).unwrap();
        let e = from_connect(projects.create_project(request).await.map(drop).unwrap_err());
        assert_eq!((e.reason(), e.get("field")), (Reason::InvalidField, Some(field)));
    }
    for mask in ["", "id", "spec.quota.gpus"] {
        let update: UpdateProjectRequest =
            serde_json::from_value(json!({"id": "default", "updateMask": mask})).unwrap();
        let e = from_connect(projects.update_project(update).await.map(drop).unwrap_err());
        assert_eq!(e.get("field"), Some("update_mask"), "{mask:?}");
    }
    let nowhere = CreateVMRequest {
        project_id: "nowhere".into(),
        ..create("web")
    };
    let e = from_connect(server.vms().create_vm(nowhere).await.map(drop).unwrap_err());
    assert_eq!(
        (e.reason(), e.get("field")),
        (Reason::NotFound, Some("project_id"))
    );
    let delete = DeleteProjectRequest {
        id: "default".into(),
        ..Default::default()
    };
    let e = from_connect(projects.delete_project(delete).await.map(drop).unwrap_err());
    assert_eq!(e.reason(), Reason::Protected);
}
