//! Lists: filters, orders and pages over the wire.

use limiquantix_core::Reason;
use limiquantix_proto::compute::v1::{CreateVMRequest, ListNodesRequest, ListVMsRequest};
use limiquantix_proto::error::from_connect;
use limiquantix_proto::task::v1::ListTasksRequest;

use crate::harness::{Running, SimNode, create};

async fn names(server: &Running, request: ListVMsRequest) -> Vec<String> {
    let mut request = request;
    let mut names = Vec::new();
    loop {
        let page = server.vms().list_vms(request.clone()).await.unwrap().into_owned();
        names.extend(page.vms.iter().map(|vm| vm.name.clone()));
        if page.next_page_token.is_empty() {
            return names;
        }
        request.page_token = page.next_page_token;
    }
}

async fn populated() -> (Running, SimNode) {
    let server = Running::memory().await;
    let node = SimNode::join(&server, "node-1").await;
    for (n, name) in ["web-2", "db", "web-1", "cache"].into_iter().enumerate() {
        let request = CreateVMRequest {
            labels: [("n".to_owned(), n.to_string())].into(),
            ..create(name)
        };
        server.vms().create_vm(request).await.unwrap();
    }
    (server, node)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_filtered_and_ordered_page_by_page() {
    let (server, _node) = populated().await;
    for (filter, order_by, expected) in [
        ("", "", vec!["web-2", "db", "web-1", "cache"]),
        ("", "create_time desc", vec!["cache", "web-1", "db", "web-2"]),
        ("", "name", vec!["cache", "db", "web-1", "web-2"]),
        ("name = web*", "name desc", vec!["web-2", "web-1"]),
        ("labels.n = 1 OR labels.n = 3", "", vec!["db", "cache"]),
        (
            "NOT name = web* project_id = default",
            "name",
            vec!["cache", "db"],
        ),
        ("state = stopped cores > 1000", "", vec![]),
    ] {
        for page_size in [1, 3, 100] {
            let request = ListVMsRequest {
                page_size,
                filter: filter.to_owned(),
                order_by: order_by.to_owned(),
                ..Default::default()
            };
            assert_eq!(names(&server, request).await, expected, "{filter:?} {order_by:?}");
        }
        let request = ListVMsRequest {
            filter: filter.to_owned(),
            with_total_count: true,
            page_size: 1,
            ..Default::default()
        };
        let page = server.vms().list_vms(request).await.unwrap().into_owned();
        assert_eq!(
            page.total_count,
            Some(i32::try_from(expected.len()).unwrap()),
            "{filter:?}"
        );
    }
    let tasks = ListTasksRequest {
        filter: "kind = create_vm target.name = db".to_owned(),
        ..Default::default()
    };
    let tasks = server.tasks().list_tasks(tasks).await.unwrap().into_owned();
    assert_eq!(tasks.tasks.len(), 1);
    let nodes = ListNodesRequest {
        filter: "cordoned = true".to_owned(),
        ..Default::default()
    };
    let nodes = server.nodes().list_nodes(nodes).await.unwrap().into_owned();
    assert_eq!(nodes.nodes.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_filter_or_order_is_named() {
    let server = Running::memory().await;
    for (filter, order_by, field) in [
        ("nmae = web", "", "filter"),
        ("state = runing", "", "filter"),
        ("(", "", "filter"),
        ("", "size", "order_by"),
    ] {
        let request = ListVMsRequest {
            filter: filter.to_owned(),
            order_by: order_by.to_owned(),
            ..Default::default()
        };
        let error = server.vms().list_vms(request).await.map(drop).unwrap_err();
        let error = from_connect(error);
        assert_eq!(error.reason(), Reason::InvalidField);
        assert_eq!(error.get("field"), Some(field), "{filter:?} {order_by:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_belongs_to_its_filter_and_order() {
    let (server, _node) = populated().await;
    let first = ListVMsRequest {
        page_size: 1,
        order_by: "name".to_owned(),
        ..Default::default()
    };
    let page = server.vms().list_vms(first.clone()).await.unwrap().into_owned();
    for (filter, order_by) in [("", "name desc"), ("", ""), ("name = *", "name")] {
        let request = ListVMsRequest {
            page_token: page.next_page_token.clone(),
            filter: filter.to_owned(),
            order_by: order_by.to_owned(),
            ..first.clone()
        };
        let error = server.vms().list_vms(request).await.map(drop).unwrap_err();
        assert_eq!(
            from_connect(error).reason(),
            Reason::InvalidPageToken,
            "{filter:?} {order_by:?}"
        );
    }
}
