//! What one side sends, the other has: over both encodings.

use buffa::Message;
use limiquantix_core::contract::ConsoleChunk;
use limiquantix_proto::convert::{agent, console, node, vm_spec};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::strategies;

/// The message after a journey in each encoding.
fn travelled<M: Message + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(message: &M) -> M {
    let bytes = M::decode_from_slice(&message.encode_to_vec()).unwrap();
    let text = serde_json::from_str(&serde_json::to_string(message).unwrap()).unwrap();
    assert_eq!(bytes, text, "both encodings carry the same");
    bytes
}

proptest! {
    #[test]
    fn a_vm_spec(spec in strategies::spec()) {
        let message = travelled(&vm_spec::to_wire(&spec));
        prop_assert_eq!(vm_spec::from_wire("spec", &message).unwrap(), spec);
    }

    #[test]
    fn an_assignment(assignment in strategies::assignment()) {
        let message = travelled(&agent::assignment_to_wire(&assignment));
        prop_assert_eq!(agent::assignment_from_wire("assignment", &message).unwrap(), assignment);
    }

    #[test]
    fn a_report(report in strategies::report()) {
        let message = travelled(&agent::report_to_wire(&report));
        prop_assert_eq!(agent::report_from_wire("report", &message).unwrap(), report);
    }

    #[test]
    fn a_registration(registration in strategies::registration()) {
        let message = travelled(&node::registration_to_wire(&registration));
        prop_assert_eq!(node::registration_from_wire(&message).unwrap(), registration);
    }

    #[test]
    fn a_request_for_a_console(request in strategies::console_request()) {
        let message = travelled(&console::request_to_wire(&request));
        prop_assert_eq!(console::request_from_wire("console", &message).unwrap(), request);
    }

    #[test]
    fn a_piece_of_a_log(
        data in any::<Vec<u8>>(),
        offset in 0..=i64::MAX.unsigned_abs(),
        size in 0..=i64::MAX.unsigned_abs(),
    ) {
        let chunk = ConsoleChunk { offset, data, size };
        let message = travelled(&console::chunk_to_wire(chunk.clone()));
        prop_assert_eq!(console::chunk_from_wire("chunk", &message).unwrap(), chunk);
    }
}
