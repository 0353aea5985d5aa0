//! Events over the wire: a history to page through and a stream to follow.

use connectrpc::ErrorCode;
use limiquantix_core::Reason;
use limiquantix_proto::compute::v1::StopVMRequest;
use limiquantix_proto::error::from_connect;
use limiquantix_proto::event::v1::{ChangeType, Event, GetEventRequest, ListEventsRequest, SubscribeRequest};

use crate::harness::{Running, SimNode, next, next_change};

async fn list(server: &Running, request: ListEventsRequest) -> Vec<Event> {
    server
        .events()
        .list_events(request)
        .await
        .unwrap()
        .into_owned()
        .events
}

#[tokio::test]
async fn what_happened_is_listed_by_what_it_happened_to() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let vm = server.launch("web").await;
    server.launch("other").await;
    let about = ListEventsRequest {
        resource_type: "vm".to_owned(),
        resource_id: vm.id.clone(),
        ..Default::default()
    };
    let events = list(&server, about.clone()).await;
    let kinds: Vec<&str> = events.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["vm_created", "vm_started"]);
    assert!(
        events
            .iter()
            .all(|e| e.subject.name == "web" && e.project_id == "default")
    );
    let started = ListEventsRequest {
        event_types: vec!["STARTED".to_owned()],
        with_total_count: true,
        page_size: 1,
        ..Default::default()
    };
    let page = server
        .events()
        .list_events(started.clone())
        .await
        .unwrap()
        .into_owned();
    assert_eq!((page.events.len(), page.total_count), (1, Some(2)));
    let rest = ListEventsRequest {
        page_token: page.next_page_token.clone(),
        ..started
    };
    assert_eq!(list(&server, rest).await.len(), 1);
    let infrastructure = ListEventsRequest {
        resource_type: "node".to_owned(),
        ..Default::default()
    };
    let nodes = list(&server, infrastructure).await;
    assert_eq!(
        (nodes[0].kind.as_str(), nodes[0].project_id.as_str()),
        ("node_registered", "")
    );

    let get = GetEventRequest {
        id: events[0].id.clone(),
        ..Default::default()
    };
    let one = server.events().get_event(get.clone()).await.unwrap().into_owned();
    assert_eq!(one, events[0]);
    let nobody = GetEventRequest { id: vm.id, ..get };
    let error = server.events().get_event(nobody).await.map(drop).unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    let odd = ListEventsRequest {
        event_types: vec!["flown".to_owned()],
        ..Default::default()
    };
    let error = from_connect(server.events().list_events(odd).await.map(drop).unwrap_err());
    assert_eq!(error.get("field"), Some("event_types[0]"));
}

#[tokio::test]
async fn a_subscription_tells_what_happens_and_goes_on_where_it_ended() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let vm = server.launch("web").await;
    let listed = ListEventsRequest::default();
    let listed = server.events().list_events(listed).await.unwrap().into_owned();
    let subscribe = SubscribeRequest {
        resource_type: "vm".to_owned(),
        resource_id: vm.id.clone(),
        from_revision: listed.revision,
        ..Default::default()
    };
    let mut events = server.events().subscribe(subscribe.clone()).await.unwrap();
    let stop = StopVMRequest {
        id: vm.id.clone(),
        force: true,
        ..Default::default()
    };
    server.vms().stop_vm(stop).await.unwrap();
    server.launch("other").await;
    let stopped = next_change!(events);
    assert_eq!(
        (stopped.r#type, stopped.event.kind.as_str()),
        (ChangeType::Added.into(), "vm_stopped")
    );
    assert_eq!(stopped.event.subject.id, vm.id);
    let again = SubscribeRequest {
        from_revision: stopped.revision - 1,
        ..subscribe
    };
    let mut again = server.events().subscribe(again).await.unwrap();
    assert_eq!(next_change!(again).event.id, stopped.event.id);

    let future = SubscribeRequest {
        from_revision: u64::MAX,
        ..Default::default()
    };
    let refused = match server.events().subscribe(future).await {
        Ok(mut events) => next!(events).map(drop),
        Err(e) => Err(e),
    };
    assert_eq!(from_connect(refused.unwrap_err()).reason(), Reason::InvalidField);
}
