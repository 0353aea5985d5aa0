//! Errors across the wire: the same error on both sides, and nothing on the way that is not for callers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::Duration;

use connectrpc::{ConnectError, ErrorCode};
use limiquantix_core::{Error, Reason};
use limiquantix_proto::details::{find, pack};
use limiquantix_proto::error::{self, decode_error_details, from_connect, to_connect};
use limiquantix_proto::google::rpc::{
    BadRequest, ErrorInfo, Help, PreconditionFailure, RequestInfo, ResourceInfo, RetryInfo, help,
};
use proptest::prelude::*;
use serde_json::json;

const MASKED: [Reason; 2] = [Reason::Internal, Reason::Corrupt];

fn context(error: &Error) -> Vec<(&'static str, String)> {
    error
        .context()
        .map(|(key, value)| (key, value.to_owned()))
        .collect()
}

/// All that leaves the server, readable: Connect sends every detail twice, and this form is made of the same
/// message as the encoded one.
fn sent(error: &ConnectError) -> String {
    String::from_utf8(error.to_json().to_vec()).unwrap()
}

#[test]
fn every_reason_has_the_code_of_its_kind_and_comes_back() {
    for reason in Reason::ALL.iter().copied() {
        let answer = to_connect(&Error::new(reason, "what was wrong"), Some("r-1"));
        assert_ne!(
            answer.code,
            ErrorCode::Unknown,
            "{reason:?} has a kind without a code"
        );
        let back = from_connect(answer);
        assert_eq!(back.reason(), reason);
        assert_eq!(back.get(error::REQUEST_ID), Some("r-1"));
        assert_eq!(back.get(error::UNKNOWN_REASON), None);
        assert_eq!(
            back.message() == "what was wrong",
            !MASKED.contains(&reason),
            "{reason:?}"
        );
    }
}

#[test]
fn kinds_and_codes_are_one_to_one() {
    let pairs: BTreeSet<_> = Reason::ALL
        .iter()
        .map(|reason| {
            let code = to_connect(&Error::new(*reason, ""), None).code;
            (format!("{:?}", reason.kind()), code.as_str())
        })
        .collect();
    let kinds: BTreeSet<_> = pairs.iter().map(|(kind, _)| kind).collect();
    let codes: BTreeSet<_> = pairs.iter().map(|(_, code)| code).collect();
    assert_eq!(
        (kinds.len(), codes.len()),
        (pairs.len(), pairs.len()),
        "{pairs:?}"
    );
}

#[test]
fn bugs_and_damage_are_for_the_log() {
    for reason in MASKED {
        let secret = Error::new(reason, "postgres://lqx:hunter2@db/lqx is odd")
            .with("key", "hunter2")
            .with("field", "hunter2")
            .caused_by(std::io::Error::other("hunter2"));
        let answer = to_connect(&secret, Some("r-7"));
        let text = sent(&answer);
        assert!(!text.contains("hunter2") && !text.contains("postgres"), "{text}");
        assert!(
            answer.message.unwrap().contains("r-7"),
            "the message says what to quote"
        );
    }
}

#[test]
fn a_cause_stays_on_its_side() {
    let e = Error::new(Reason::StorageFailed, "cannot make the volume")
        .caused_by(std::io::Error::other("hunter2"));
    let answer = to_connect(&e, None);
    assert_eq!(
        answer.message.as_deref(),
        Some("cannot make the volume"),
        "operators need these words"
    );
    assert!(!sent(&answer).contains("hunter2"));
}

#[test]
fn an_error_in_json() {
    let e = Error::invalid("spec.memory.size_mib", "at least 512 MiB memory is required");
    let value: serde_json::Value = serde_json::from_slice(&to_connect(&e, Some("r-1")).to_json()).unwrap();
    assert_eq!(
        (&value["code"], &value["message"]),
        (&json!("invalid_argument"), &json!(e.message()))
    );
    let shown: Vec<_> = value["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|detail| json!({"type": detail["type"], "debug": detail["debug"]}))
        .collect();
    assert_eq!(
        json!(shown),
        json!([
            {"type": "google.rpc.ErrorInfo", "debug": {
                "reason": "INVALID_FIELD", "domain": "limiquantix.dev",
                "metadata": {"field": "spec.memory.size_mib"},
            }},
            {"type": "google.rpc.BadRequest", "debug": {"fieldViolations": [{
                "field": "spec.memory.size_mib",
                "description": "at least 512 MiB memory is required",
                "reason": "INVALID_FIELD",
            }]}},
            {"type": "google.rpc.Help", "debug": {"links": [{
                "description": "correct the named field and send the request again",
            }]}},
            {"type": "google.rpc.RequestInfo", "debug": {"requestId": "r-1"}},
        ])
    );
}

#[test]
fn each_kind_of_error_carries_its_facts() {
    let e = Error::new(Reason::WrongState, "cannot start vm \"web\" in state migrating").with("vm", "v-1");
    let violation = find::<PreconditionFailure>(&to_connect(&e, None))
        .unwrap()
        .violations
        .remove(0);
    assert_eq!(
        (violation.r#type.as_str(), violation.subject.as_str()),
        ("WRONG_STATE", "vm/v-1")
    );
    assert_eq!(violation.description, e.message());

    let resource = |e: &Error| {
        let info = find::<ResourceInfo>(&to_connect(e, None)).unwrap();
        (info.resource_type, info.resource_name)
    };
    assert_eq!(
        resource(&Error::not_found("vm", "v-1")),
        ("vm".into(), "v-1".into())
    );
    let named = Error::new(Reason::NotFound, "no")
        .with("kind", "vm")
        .with("name", "web");
    assert_eq!(resource(&named), ("vm".into(), "web".into()));
    let taken = Error::new(Reason::IdTaken, "taken").with("key", "task/t-1");
    assert_eq!(resource(&taken), ("task".into(), "t-1".into()));

    let delay = |reason| {
        let info = find::<RetryInfo>(&to_connect(&Error::new(reason, ""), None));
        info.and_then(|info| Duration::try_from(info.retry_delay.into_option()?).ok())
    };
    assert_eq!(delay(Reason::StoreUnavailable), Some(Duration::from_secs(1)));
    assert_eq!(delay(Reason::OperationInProgress), Some(Duration::from_secs(1)));
    assert_eq!(delay(Reason::VersionMismatch), Some(Duration::from_millis(100)));
    assert_eq!(delay(Reason::StaleEpoch), None, "no time brings the VM back");
    assert_eq!(delay(Reason::InvalidField), None);
    assert_eq!(
        find::<BadRequest>(&to_connect(
            &Error::new(Reason::NotFound, "").with("field", "x"),
            None
        )),
        None
    );
}

#[test]
fn a_key_that_comes_several_times_keeps_all_its_values_in_order() {
    let mut e = Error::new(Reason::NoNodeFits, "none of 12 nodes can take it").with("vm", "web");
    for n in 0..12 {
        e = e.with("node", format!("node-{n}: memory"));
    }
    let info: ErrorInfo = find(&to_connect(&e, None)).unwrap();
    assert_eq!(info.metadata["node"], "node-0: memory");
    assert_eq!(info.metadata["node_12"], "node-11: memory");
    let back = from_connect(to_connect(&e, None));
    let nodes: Vec<_> = back
        .context()
        .filter(|(key, _)| *key == "node")
        .map(|(_, value)| value)
        .collect();
    let expected: Vec<_> = (0..12).map(|n| format!("node-{n}: memory")).collect();
    assert_eq!(nodes, expected);
}

#[test]
fn a_long_story_is_cut_so_that_it_fits_a_header() {
    let e = Error::new(Reason::HypervisorFailed, "ü".repeat(100_000)).with("vm", "x".repeat(100_000));
    let answer = to_connect(&e, None);
    assert!(sent(&answer).len() < 8192, "{}", sent(&answer).len());
    assert!(answer.message.unwrap().ends_with('…'));
}

#[test]
fn a_reason_from_a_newer_server_is_read_as_its_code() {
    let newer = |code| {
        ConnectError::new(code, "the moon is full")
            .with_detail(pack(&ErrorInfo {
                reason: "FULL_MOON".into(),
                domain: error::DOMAIN.into(),
                metadata: [("vm".into(), "v-1".into()), ("phase_of_moon".into(), "4".into())].into(),
                ..Default::default()
            }))
            .with_detail(pack(&Help {
                links: vec![help::Link {
                    description: "wait two weeks".into(),
                    ..Default::default()
                }],
                ..Default::default()
            }))
    };
    let back = from_connect(newer(ErrorCode::FailedPrecondition));
    assert_eq!(
        (back.reason(), back.message()),
        (Reason::WrongState, "the moon is full")
    );
    assert_eq!(back.get(error::UNKNOWN_REASON), Some("FULL_MOON"));
    assert_eq!(back.get(error::FIX), Some("wait two weeks"));
    assert_eq!(
        (back.get("vm"), back.get("phase_of_moon")),
        (Some("v-1"), Some("4"))
    );
    // It is the server's word, not the sign of a broken connection.
    assert_eq!(
        from_connect(newer(ErrorCode::Internal)).reason(),
        Reason::Internal
    );
}

#[test]
fn an_error_of_somebody_else_is_read_by_its_code() {
    let foreign = ConnectError::not_found("no such bucket").with_detail(pack(&ErrorInfo {
        reason: "NAME_TAKEN".into(),
        domain: "storage.example".into(),
        ..Default::default()
    }));
    assert_eq!(from_connect(foreign).reason(), Reason::NotFound);
    let codes = [
        (ErrorCode::InvalidArgument, Reason::MalformedRequest),
        (ErrorCode::Unavailable, Reason::ServerUnavailable),
        (ErrorCode::DeadlineExceeded, Reason::Timeout),
        (ErrorCode::Canceled, Reason::Cancelled),
        (ErrorCode::ResourceExhausted, Reason::LimitExceeded),
        (ErrorCode::Unauthenticated, Reason::Unauthenticated),
        (ErrorCode::Internal, Reason::Internal),
        (ErrorCode::Unknown, Reason::Internal),
        (ErrorCode::DataLoss, Reason::Corrupt),
    ];
    for (code, reason) in codes {
        let back = from_connect(ConnectError::new(code, "bare"));
        assert_eq!(back.reason(), reason);
        assert!(back.message().contains("bare"));
    }
}

#[test]
fn an_error_of_the_framework_gets_what_ours_have() {
    let plain = ConnectError::invalid_argument("failed to decode JSON: expected value at line 1")
        .with_http_status(http::StatusCode::IM_A_TEAPOT);
    let full = decode_error_details(plain, Some("r-1"));
    let info: ErrorInfo = find(&full).unwrap();
    assert_eq!(
        (info.reason.as_str(), info.domain.as_str()),
        ("MALFORMED_REQUEST", error::DOMAIN)
    );
    assert_eq!(find::<RequestInfo>(&full).unwrap().request_id, "r-1");
    assert_eq!(
        find::<Help>(&full).unwrap().links[0].description,
        Reason::MalformedRequest.fix()
    );
    assert_eq!(
        full.http_status(),
        http::StatusCode::IM_A_TEAPOT,
        "what else it says is kept"
    );
    assert_eq!(
        full.message.as_deref(),
        Some("failed to decode JSON: expected value at line 1")
    );

    let media = decode_error_details(
        ConnectError::unsupported_media_type("text/plain is not spoken here"),
        None,
    );
    assert_eq!(find::<ErrorInfo>(&media).unwrap().reason, "MALFORMED_REQUEST");
    assert_eq!(media.message.as_deref(), Some("text/plain is not spoken here"));

    let internal = decode_error_details(
        ConnectError::internal("failed to encode JSON: hunter2"),
        Some("r-2"),
    );
    assert!(!sent(&internal).contains("hunter2"), "{}", sent(&internal));
    assert_eq!(from_connect(internal).reason(), Reason::Internal);
}

#[test]
fn an_error_of_ours_only_gets_the_request_id_and_only_once() {
    let e = Error::new(Reason::NameTaken, "taken").with("name", "web");
    let once = decode_error_details(to_connect(&e, None), Some("r-1"));
    let twice = decode_error_details(once.clone(), Some("r-2"));
    assert_eq!(once.details.len(), twice.details.len());
    assert_eq!(find::<RequestInfo>(&twice).unwrap().request_id, "r-1");
    assert_eq!(once.code, ErrorCode::AlreadyExists);
    assert_eq!(from_connect(twice).reason(), Reason::NameTaken);
}

#[test]
fn a_masked_error_names_its_request_once_that_is_known() {
    let e = Error::internal("hunter2");
    let answer = decode_error_details(to_connect(&e, None), Some("r-5"));
    assert_eq!(sent(&answer), sent(&to_connect(&e, Some("r-5"))));
}

#[test]
fn the_request_id_is_found_in_the_header_too() {
    let mut bare = ConnectError::unavailable("busy");
    bare.response_headers_mut()
        .insert("x-request-id", http::HeaderValue::from_static("r-9"));
    assert_eq!(from_connect(bare).get(error::REQUEST_ID), Some("r-9"));
}

proptest! {
    #[test]
    fn what_was_said_arrives(
        reason in prop::sample::select(Reason::ALL),
        message in "(?s).{0,200}",
        values in prop::collection::vec((prop::sample::select(vec!["field", "node", "vm", "task"]), "(?s).{0,100}"), 0..6),
        id in "[a-z0-9-]{1,40}",
    ) {
        prop_assume!(!MASKED.contains(&reason));
        let mut error = Error::new(reason, message);
        for (key, value) in values {
            error = error.with(key, value);
        }
        let back = from_connect(to_connect(&error, Some(&id)));
        prop_assert_eq!((back.reason(), back.message()), (reason, error.message()));
        // By key; values of one key keep their order.
        let mut expected = context(&error);
        expected.sort_by_key(|(key, _)| *key);
        expected.push((error::REQUEST_ID, id));
        prop_assert_eq!(context(&back), expected);
    }

    #[test]
    fn any_detail_can_be_read(
        name in prop::sample::select(vec!["google.rpc.ErrorInfo", "google.rpc.RequestInfo", "google.rpc.Help", "x", ""]),
        value in prop::option::of("[A-Za-z0-9+/=_-]{0,40}"),
        message in "(?s).{0,40}",
    ) {
        let mut error = ConnectError::internal(message);
        let mut detail = pack(&RequestInfo::default());
        detail.type_url = name.to_owned();
        detail.value = value;
        error.details.push(detail);
        let _ = from_connect(decode_error_details(error.clone(), None));
        let _ = from_connect(error);
    }
}
