//! Times and versions.

use std::time::Duration;

use buffa_types::google::protobuf;
use limiquantix_core::Reason;
use limiquantix_core::contract::ChangeKind;
use limiquantix_core::resource::Revision;
use limiquantix_core::time::Timestamp;
use limiquantix_proto::convert::etag;
use limiquantix_proto::convert::time::{
    duration_from_wire, duration_to_wire, timestamp_from_wire, timestamp_to_wire,
};
use limiquantix_proto::convert::watch::{self, WatchFrom};
use limiquantix_proto::event::v1::ChangeType;
use proptest::prelude::*;

fn shown(at: Timestamp) -> String {
    let json = serde_json::to_value(timestamp_to_wire(at)).unwrap();
    json.as_str().unwrap().to_owned()
}

#[test]
fn times_before_the_epoch_and_at_the_ends_of_what_can_be_shown() {
    assert_eq!(shown(Timestamp(0)), "1970-01-01T00:00:00Z");
    assert_eq!(shown(Timestamp(-1)), "1969-12-31T23:59:59.999999Z");
    assert_eq!(shown(Timestamp(1_500_000)), "1970-01-01T00:00:01.500Z");
    assert_eq!(shown(Timestamp(i64::MIN)), "0001-01-01T00:00:00Z");
    assert_eq!(shown(Timestamp(i64::MAX)), "9999-12-31T23:59:59.999999Z");
}

#[test]
fn times_that_are_none_are_refused() {
    let at = |seconds, nanos| protobuf::Timestamp {
        seconds,
        nanos,
        ..Default::default()
    };
    for bad in [
        at(0, -1),
        at(0, 1_000_000_000),
        at(i64::MAX, 0),
        at(i64::MIN, 0),
        at(253_402_300_800, 0),
        at(-62_135_596_801, 999_999_999),
    ] {
        let e = timestamp_from_wire("created_at", &bad).unwrap_err();
        assert_eq!(
            (e.reason(), e.get("field")),
            (Reason::InvalidField, Some("created_at"))
        );
    }
}

proptest! {
    #[test]
    fn a_time(micros in -62_135_596_800_000_000i64..253_402_300_800_000_000) {
        let message = timestamp_to_wire(Timestamp(micros));
        prop_assert_eq!(timestamp_from_wire("t", &message).unwrap(), Timestamp(micros));
    }

    #[test]
    fn any_time_and_any_length_have_a_json_form(micros in any::<i64>(), seconds in any::<u64>(), nanos in 0u32..1_000_000_000) {
        prop_assert!(serde_json::to_string(&timestamp_to_wire(Timestamp(micros))).is_ok());
        prop_assert!(serde_json::to_string(&duration_to_wire(Duration::new(seconds, nanos))).is_ok());
    }

    #[test]
    fn a_length_of_time(seconds in 0u64..315_576_000_000, nanos in 0u32..1_000_000_000) {
        let length = Duration::new(seconds, nanos);
        prop_assert_eq!(duration_from_wire("d", &duration_to_wire(length)).unwrap(), length);
    }

    #[test]
    fn a_version_comes_back_as_it_was_given(revision in any::<u64>()) {
        let etag = etag::to_wire(Revision(revision));
        prop_assert_eq!(etag::from_wire(&etag).unwrap(), Some(Revision(revision)));
    }
}

#[test]
fn a_version_that_was_never_given_is_refused_and_none_is_none() {
    assert_eq!(etag::from_wire("").unwrap(), None);
    for bad in [
        "x",
        "-1",
        "+7",
        "07",
        " 7",
        "7 ",
        "\"7\"",
        "18446744073709551616",
        "1e3",
        "٣",
    ] {
        let e = etag::from_wire(bad).unwrap_err();
        assert_eq!(
            (e.reason(), e.get("field")),
            (Reason::InvalidField, Some("etag")),
            "{bad}"
        );
    }
}

#[test]
fn a_watch_begins_where_it_was_told_to() {
    assert_eq!(watch::from_wire(0, true).unwrap(), WatchFrom::Initial);
    assert_eq!(watch::from_wire(0, false).unwrap(), WatchFrom::Now);
    assert_eq!(watch::from_wire(7, false).unwrap(), WatchFrom::After(Revision(7)));
    assert_eq!(watch::change_to_wire(ChangeKind::Added), ChangeType::Added);
    assert_eq!(watch::change_to_wire(ChangeKind::Modified), ChangeType::Modified);
    assert_eq!(watch::change_to_wire(ChangeKind::Deleted), ChangeType::Deleted);
}
