//! Events on the wire, and the filter that chooses them.

use limiquantix_core::Result;
use limiquantix_core::contract::Selector;
use limiquantix_core::resource::{EventKind, Kind};
use limiquantix_proto::convert::event;
use limiquantix_proto::event::v1 as wire;
use limiquantix_testkit::fixtures;
use serde_json::json;

fn wanted(change: impl FnOnce(&mut wire::SubscribeRequest)) -> Result<Selector> {
    let mut request = wire::SubscribeRequest::default();
    change(&mut request);
    let selector = event::subscription_from_wire(&request);
    // A list chooses exactly as a subscription does.
    let list = wire::ListEventsRequest {
        resource_type: request.resource_type,
        resource_id: request.resource_id,
        event_types: request.event_types,
        project_id: request.project_id,
        node_id: request.node_id,
        ..Default::default()
    };
    let listing = event::listing_from_wire(&list).map(|listing| listing.selector);
    assert_eq!(listing.as_ref().ok(), selector.as_ref().ok());
    selector
}

fn field(outcome: Result<Selector>) -> String {
    outcome.unwrap_err().get("field").unwrap().to_owned()
}

#[test]
fn the_names_of_events_begin_with_what_they_happen_to() {
    for kind in EventKind::ALL {
        let name = kind.as_str();
        assert!(name.starts_with(kind.subject().as_str()), "{name}");
        assert_eq!(serde_json::to_value(kind).unwrap(), json!(name));
    }
}

#[test]
fn an_event_is_shown_with_whom_it_concerns() {
    let vm = fixtures::running_vm("web", fixtures::node_id("node-1"));
    let shown = event::to_wire(&fixtures::event("e", EventKind::VmStarted, &vm));
    let subject = json!({ "kind": "vm", "id": vm.id.to_string(), "name": "web" });
    let json = serde_json::to_value(&shown).unwrap();
    assert_eq!(json["subject"], subject);
    assert_eq!(json["kind"], "vm_started");
    assert_eq!(json["nodeId"], fixtures::node_id("node-1").to_string());
    assert_eq!(json["projectId"], "default");
    assert_eq!(json["createdAt"], "2026-01-01T00:00:00Z");
}

#[test]
fn types_are_named_with_or_without_what_they_happen_to() {
    let all = wanted(|_| {}).unwrap();
    assert_eq!(all, Selector::default());
    let nodes = wanted(|r| r.resource_type = "NODE".into()).unwrap();
    let told = EventKind::ALL.iter().filter(|k| k.subject() == Kind::Node);
    assert_eq!(nodes.phases, told.map(|k| k.as_str()).collect::<Vec<_>>());
    let deleted = wanted(|r| r.event_types = vec!["DELETED".into()]).unwrap();
    assert!(deleted.phases.contains(&"vm_deleted") && deleted.phases.contains(&"node_deleted"));
    let one = wanted(|r| {
        r.resource_type = "vm".into();
        r.event_types = vec!["deleted".into(), "vm_started".into(), "started".into()];
    });
    assert_eq!(one.unwrap().phases, ["vm_started", "vm_deleted"]);
    let about = wanted(|r| r.resource_id = fixtures::vm_id("web").to_string()).unwrap();
    assert_eq!(about.labels.len(), 1);
}

#[test]
fn what_never_happens_is_refused_and_not_taken_for_everything() {
    assert_eq!(
        field(wanted(|r| r.resource_type = "task".into())),
        "resource_type"
    );
    assert_eq!(
        field(wanted(|r| r.resource_type = "x".repeat(1000))),
        "resource_type"
    );
    assert_eq!(
        field(wanted(|r| r.event_types = vec!["started".into(), "flown".into()])),
        "event_types[1]"
    );
    assert_eq!(
        field(wanted(|r| r.event_types = vec![String::new()])),
        "event_types[0]"
    );
    let never = |r: &mut wire::SubscribeRequest| {
        r.resource_type = "node".into();
        r.event_types = vec!["vm_started".into()];
    };
    assert_eq!(field(wanted(never)), "event_types[0]");
    assert_eq!(field(wanted(|r| r.resource_id = "x".repeat(129))), "resource_id");
    assert_eq!(field(wanted(|r| r.node_id = "x".into())), "node_id");
    assert_eq!(field(wanted(|r| r.project_id = "A B".into())), "project_id");
}
