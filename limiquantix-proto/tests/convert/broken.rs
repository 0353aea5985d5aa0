//! Whatever arrives, a decoder answers or refuses: it never panics.

use buffa::Message;
use limiquantix_core::{Reason, Result, validate};
use limiquantix_proto::agent::v1::watch_assignments_response::Event;
use limiquantix_proto::agent::v1::{Assignment, ReportVMRequest, VmReport};
use limiquantix_proto::agent::v1::{ConsoleChunk, ConsoleRequest, WatchAssignmentsResponse};
use limiquantix_proto::compute::v1::{
    CreateVMRequest, GetConsoleLogRequest, HeartbeatRequest, ListNodesRequest, ListVMsRequest,
    RegisterNodeRequest, StopVMRequest, UpdateVMRequest, VmSpec,
};
use limiquantix_proto::convert::{agent, console, node, task, time, update, vm, vm_spec};
use limiquantix_proto::task::v1::ListTasksRequest;
use limiquantix_testkit::fixtures;
use proptest::collection::vec;
use proptest::prelude::*;
use serde::de::DeserializeOwned;

use crate::strategies;

/// Puts `bytes` through the decoder of every message that has one, as protobuf and as JSON.
fn decode_all(bytes: &[u8]) {
    fn each<M: Message + DeserializeOwned, T>(bytes: &[u8], decode: impl Fn(&M) -> Result<T>) {
        for message in [
            M::decode_from_slice(bytes).ok(),
            serde_json::from_slice(bytes).ok(),
        ] {
            if let Some(Err(e)) = message.map(|message| decode(&message)) {
                let reason = e.reason();
                assert!(
                    matches!(reason, Reason::InvalidField | Reason::InvalidPageToken),
                    "{e}"
                );
                assert!(e.get("field").is_some(), "{e}");
                assert!(
                    e.message().chars().count() < 600,
                    "an error does not repeat all it was sent: {e}"
                );
            }
        }
    }
    each(bytes, |m: &CreateVMRequest| {
        vm_spec::required_from_wire("spec", m.spec.as_option())
    });
    each(bytes, |m: &VmSpec| {
        let spec = vm_spec::from_wire("spec", m)?;
        validate::vm_spec("spec", &spec)
    });
    each(bytes, |m: &UpdateVMRequest| {
        update::vm_from_wire(m, &fixtures::vm_spec(1, 512))
    });
    each(bytes, |m: &StopVMRequest| {
        vm::grace_from_wire(m.force, m.timeout.as_option())
    });
    each(bytes, vm::listing_from_wire);
    each(bytes, |m: &ListNodesRequest| node::listing_from_wire(m));
    each(bytes, |m: &ListVMsRequest| vm::listing_from_wire(m));
    each(bytes, |m: &ListTasksRequest| task::listing_from_wire(m));
    each(bytes, |m: &GetConsoleLogRequest| {
        console::log_request_from_wire(m)
    });
    each(bytes, |m: &RegisterNodeRequest| {
        let registration = node::registration_from_wire(m)?;
        validate::node_spec("spec", &registration.spec)
    });
    each(bytes, |m: &HeartbeatRequest| {
        m.resources
            .as_option()
            .map(|r| node::usage_from_wire("resources", r))
            .transpose()
    });
    each(bytes, |m: &Assignment| {
        agent::assignment_from_wire("assignment", m)
    });
    each(bytes, |m: &VmReport| agent::report_from_wire("report", m));
    each(bytes, |m: &ReportVMRequest| {
        m.report
            .as_option()
            .map(|r| agent::report_from_wire("report", r))
            .transpose()
    });
    each(bytes, |m: &ConsoleRequest| {
        console::request_from_wire("console", m)
    });
    each(bytes, |m: &ConsoleChunk| console::chunk_from_wire("chunk", m));
    each(bytes, |m: &WatchAssignmentsResponse| match &m.event {
        Some(Event::Assignment(a)) => agent::assignment_from_wire("assignment", a).map(|_| ()),
        Some(Event::Console(request)) => console::request_from_wire("console", request).map(|_| ()),
        Some(Event::RemovedVmId(_) | Event::Synced(_)) | None => Ok(()),
    });
    each(bytes, |m: &buffa_types::google::protobuf::Timestamp| {
        time::timestamp_from_wire("at", m)
    });
}

/// A few bytes of a good message changed, removed or added: deep in the decoder, where arbitrary bytes
/// seldom get.
fn damaged(mut bytes: Vec<u8>, hits: Vec<(prop::sample::Index, u8, u8)>) -> Vec<u8> {
    for (at, what, byte) in hits {
        let at = at.index(bytes.len() + 1);
        match what {
            0 => bytes.insert(at, byte),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            _ if at < bytes.len() => bytes[at] = byte,
            _ => {}
        }
    }
    bytes
}

fn hits() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    vec((any::<prop::sample::Index>(), 0u8..6, any::<u8>()), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_bytes(bytes in vec(any::<u8>(), 0..200)) {
        decode_all(&bytes);
    }

    #[test]
    fn arbitrary_json(text in r#"[\{\}\[\]":,a-zA-Z0-9 _.-]{0,120}"#) {
        decode_all(text.as_bytes());
    }

    #[test]
    fn a_spec_with_anything_in_its_fields(spec in strategies::wild_spec()) {
        decode_all(&spec.encode_to_vec());
        decode_all(serde_json::to_string(&spec).unwrap().as_bytes());
    }
}

proptest! {
    #[test]
    fn a_damaged_spec(spec in strategies::spec(), hits in hits()) {
        let message = vm_spec::to_wire(&spec);
        decode_all(&damaged(message.encode_to_vec(), hits.clone()));
        decode_all(&damaged(serde_json::to_vec(&message).unwrap(), hits));
    }

    #[test]
    fn a_damaged_assignment(assignment in strategies::assignment(), hits in hits()) {
        let message = agent::assignment_to_wire(&assignment);
        decode_all(&damaged(message.encode_to_vec(), hits.clone()));
        decode_all(&damaged(serde_json::to_vec(&message).unwrap(), hits));
    }

    #[test]
    fn a_damaged_report(report in strategies::report(), hits in hits()) {
        let message = agent::report_to_wire(&report);
        decode_all(&damaged(message.encode_to_vec(), hits.clone()));
        decode_all(&damaged(serde_json::to_vec(&message).unwrap(), hits));
    }

    #[test]
    fn a_damaged_registration(registration in strategies::registration(), hits in hits()) {
        let message = node::registration_to_wire(&registration);
        decode_all(&damaged(message.encode_to_vec(), hits.clone()));
        decode_all(&damaged(serde_json::to_vec(&message).unwrap(), hits));
    }
}
