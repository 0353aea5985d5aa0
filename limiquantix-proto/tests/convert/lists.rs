//! Pages of lists: a token leads to the next page of the same list, and nowhere else.

use limiquantix_core::contract::PageRequest;
use limiquantix_core::{Error, Reason};
use limiquantix_proto::compute::v1::{ListNodesRequest, ListVMsRequest, NodePhase, VmState};
use limiquantix_proto::convert::page::{FilterDigest, PageToken, count_to_wire};
use limiquantix_proto::convert::{node, task, vm};
use limiquantix_proto::task::v1::{ListTasksRequest, TaskState};
use limiquantix_testkit::fixtures;
use proptest::prelude::*;

fn vms() -> ListVMsRequest {
    ListVMsRequest {
        project_id: "lab".into(),
        labels: [("tier".into(), "front".into())].into(),
        ..Default::default()
    }
}

fn token(request: &ListVMsRequest, after: &str) -> String {
    vm::listing_from_wire(request)
        .unwrap()
        .next_page_token(Some(after))
}

fn refused(outcome: Result<impl std::fmt::Debug, Error>) {
    assert_eq!(outcome.unwrap_err().reason(), Reason::InvalidPageToken);
}

#[test]
fn a_token_leads_to_the_next_page_of_the_same_list() {
    let id = fixtures::vm_id("web").to_string();
    let next = ListVMsRequest {
        page_token: token(&vms(), &id),
        // How large pages are, and whether they are counted, may differ from page to page.
        page_size: 7,
        with_total_count: true,
        ..vms()
    };
    let listing = vm::listing_from_wire(&next).unwrap();
    let expected = PageRequest {
        limit: 7,
        after: Some(id),
        count: true,
        ..PageRequest::default()
    };
    assert_eq!(listing.page, expected);
    assert_eq!(listing.next_page_token(None), "");
}

#[test]
fn a_token_for_another_filter_or_kind_is_refused() {
    let token = token(&vms(), "x");
    let others = [
        ListVMsRequest {
            project_id: "prod".into(),
            ..vms()
        },
        ListVMsRequest {
            name: "web".into(),
            ..vms()
        },
        ListVMsRequest {
            state: VmState::Running.into(),
            ..vms()
        },
        ListVMsRequest {
            node_id: fixtures::node_id("n").to_string(),
            ..vms()
        },
        ListVMsRequest {
            labels: [].into(),
            ..vms()
        },
    ];
    for other in others {
        refused(vm::listing_from_wire(&ListVMsRequest {
            page_token: token.clone(),
            ..other
        }));
    }
    let of_all = self::token(&ListVMsRequest::default(), "x");
    refused(node::listing_from_wire(&ListNodesRequest {
        page_token: of_all.clone(),
        ..Default::default()
    }));
    refused(task::listing_from_wire(&ListTasksRequest {
        page_token: of_all,
        ..Default::default()
    }));
}

#[test]
fn a_page_has_the_size_that_was_asked_for_within_limits() {
    for (asked, got) in [(0, 50), (1, 1), (1000, 1000), (1001, 1000), (i32::MAX, 1000)] {
        let request = ListVMsRequest {
            page_size: asked,
            ..vms()
        };
        assert_eq!(vm::listing_from_wire(&request).unwrap().page.limit, got);
    }
    assert_eq!((count_to_wire(3), count_to_wire(u64::MAX)), (3, i32::MAX));
}

#[test]
fn filters_become_selectors() {
    let request = ListVMsRequest {
        name: "web".into(),
        node_id: fixtures::node_id("n").to_string(),
        state: VmState::Running.into(),
        ..vms()
    };
    let selector = vm::listing_from_wire(&request).unwrap().selector;
    assert_eq!(selector.project, Some(fixtures::project_id("lab")));
    assert_eq!(selector.name.as_deref(), Some("web"));
    assert_eq!(selector.node, Some(fixtures::node_id("n")));
    assert_eq!(selector.phases, ["running"]);
    assert_eq!(selector.labels["tier"], "front");

    let request = ListNodesRequest {
        phase: NodePhase::NotReady.into(),
        ..Default::default()
    };
    assert_eq!(
        node::listing_from_wire(&request).unwrap().selector.phases,
        ["not_ready"]
    );
    let request = ListTasksRequest {
        state: TaskState::Failed.into(),
        target_name: "web".into(),
        ..Default::default()
    };
    let selector = task::listing_from_wire(&request).unwrap().selector;
    assert_eq!(
        (selector.phases, selector.name.as_deref()),
        (vec!["failed"], Some("web"))
    );
    assert_eq!(
        vm::listing_from_wire(&ListVMsRequest::default())
            .unwrap()
            .selector,
        Default::default()
    );
}

proptest! {
    #[test]
    fn a_token_carries_any_position_and_is_safe_in_a_url(after in "(?s).{0,80}") {
        let token = PageToken { after, filter_digest: FilterDigest::of(&vms()) };
        let text = token.encode();
        prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric()));
        prop_assert_eq!(PageToken::decode(&text).unwrap(), token);
    }

    #[test]
    fn a_token_that_was_changed_is_refused(at in any::<prop::sample::Index>(), to in "[ -~é]", cut in 1usize..9) {
        let text = token(&vms(), "0190c2a4-6f1e-7c3a-9d2b-1f0e5a7b3c4d");
        let at = at.index(text.len());
        let changed = format!("{}{to}{}", &text[..at], &text[at + 1..]);
        prop_assume!(changed != text);
        prop_assert_eq!(PageToken::decode(&changed).unwrap_err().reason(), Reason::InvalidPageToken);
        prop_assert!(PageToken::decode(&text[..text.len() - cut]).is_err());
        let longer = text + "00";
        prop_assert!(PageToken::decode(&longer).is_err());
    }

    #[test]
    fn any_text_is_a_token_or_refused(text in "(?s).{0,200}", hex in "([0-9a-f]{2}){0,60}") {
        for text in [text, hex] {
            if let Err(e) = PageToken::decode(&text) {
                prop_assert_eq!((e.reason(), e.get("field")), (Reason::InvalidPageToken, Some("page_token")));
            }
        }
    }
}

#[test]
fn what_narrows_a_list_of_alerts_down_is_found_by_their_index() {
    use limiquantix_core::resource::Resource as _;
    use limiquantix_core::resource::{AlertSeverity, AlertState};
    use limiquantix_proto::alert::v1 as wire;
    use limiquantix_proto::convert::alert;

    let object = fixtures::alert("fast", AlertSeverity::Critical);
    let request = wire::ListAlertsRequest {
        severity: wire::AlertSeverity::Critical.into(),
        source_type: wire::AlertSourceType::Storage.into(),
        source_id: object.source.id.clone(),
        states: vec![
            wire::AlertState::Open.into(),
            wire::AlertState::Acknowledged.into(),
        ],
        ..Default::default()
    };
    let matches = |request: &wire::ListAlertsRequest, object: &limiquantix_core::resource::Alert| {
        let selector = alert::listing_from_wire(request).unwrap().selector;
        selector.matches(&object.clone().into_object())
    };
    assert!(matches(&request, &object));
    for other in [
        wire::ListAlertsRequest {
            severity: wire::AlertSeverity::Info.into(),
            ..request.clone()
        },
        wire::ListAlertsRequest {
            source_type: wire::AlertSourceType::Vm.into(),
            ..request.clone()
        },
        wire::ListAlertsRequest {
            source_id: "another".into(),
            ..request.clone()
        },
        wire::ListAlertsRequest {
            states: vec![wire::AlertState::Resolved.into()],
            ..request.clone()
        },
        wire::ListAlertsRequest {
            project_id: "lab".into(),
            ..request.clone()
        },
    ] {
        assert!(!matches(&other, &object), "{other:?}");
    }
    let mut over = object;
    over.state = AlertState::Resolved;
    assert!(!matches(&request, &over));
    let unspecified = wire::ListAlertsRequest {
        states: vec![Default::default()],
        ..Default::default()
    };
    let e = alert::listing_from_wire(&unspecified).unwrap_err();
    assert_eq!(e.get("field"), Some("states[0]"));
}

#[test]
fn what_narrows_a_list_of_recommendations_down_is_found_by_their_index() {
    use limiquantix_core::resource::{RecommendationState, Resource as _};
    use limiquantix_proto::convert::recommendation;
    use limiquantix_proto::drs::v1 as wire;

    let node = |name| fixtures::node(name, 8, 8192);
    let object = fixtures::recommendation(&fixtures::vm("web"), &node("node-1"), &node("node-2"));
    let matches = |request: &wire::ListRecommendationsRequest| {
        let selector = recommendation::listing_from_wire(request).unwrap().selector;
        selector.matches(&object.clone().into_object())
    };
    let request = wire::ListRecommendationsRequest {
        vm_id: object.vm.to_string(),
        priority: wire::RecommendationPriority::High.into(),
        source_node_id: object.source.id.to_string(),
        statuses: vec![wire::RecommendationStatus::Pending.into()],
        ..Default::default()
    };
    assert!(matches(&request));
    let others = [
        wire::ListRecommendationsRequest {
            vm_id: fixtures::vm_id("db").to_string(),
            ..request.clone()
        },
        wire::ListRecommendationsRequest {
            priority: wire::RecommendationPriority::Low.into(),
            ..request.clone()
        },
        wire::ListRecommendationsRequest {
            source_node_id: object.target.id.to_string(),
            ..request.clone()
        },
        wire::ListRecommendationsRequest {
            statuses: vec![wire::RecommendationStatus::Applied.into()],
            ..request.clone()
        },
    ];
    for other in others {
        assert!(!matches(&other), "{other:?}");
    }
    // The name of every status is the one that core stores, so that a filter finds what is shown.
    for state in RecommendationState::ALL {
        let mut object = object.clone();
        object.state = state;
        let shown = serde_json::to_value(recommendation::to_wire(&object)).unwrap();
        let name = shown["status"]
            .as_str()
            .unwrap()
            .strip_prefix("RECOMMENDATION_STATUS_");
        assert_eq!(name.unwrap().to_lowercase(), state.as_str());
    }
}
