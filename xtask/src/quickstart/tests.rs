//! Reading the product's answers.

use serde_json::json;

use super::kept::Kept;
use super::product::{parse_status, shows_ready};
use crate::process::Identity;

#[test]
fn a_node_is_ready_when_its_own_state_says_so() {
    let flat = json!({ "nodes": [{ "name": "node-1", "state": "NODE_STATE_READY" }] });
    let nested = json!([{ "id": "n", "spec": { "name": "node-1" }, "status": { "state": "READY" } }]);
    assert!(shows_ready(&flat, "node-1"));
    assert!(shows_ready(&nested, "node-1"));
}

#[test]
fn another_nodes_readiness_or_a_not_ready_does_not_count() {
    let other = json!({ "nodes": [{ "name": "node-1", "state": "NODE_STATE_UNKNOWN" }, { "name": "node-2", "state": "READY" }] });
    let not = json!({ "nodes": [{ "name": "node-1", "state": "NODE_STATE_NOT_READY" }] });
    assert!(!shows_ready(&other, "node-1"));
    assert!(!shows_ready(&not, "node-1"));
    assert!(!shows_ready(&json!({}), "node-1"));
}

#[test]
fn only_a_status_line_has_a_status() {
    assert_eq!(parse_status("HTTP/1.1 200 OK\r\n\r\n"), Some(200));
    assert_eq!(parse_status("HTTP/1.1 503 Service Unavailable\r\n"), Some(503));
    assert_eq!(parse_status("SSH-2.0"), None);
}

#[test]
fn what_is_kept_is_found_again() {
    let directory = std::env::temp_dir().join(format!("lqx-kept-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let kept = Kept {
        lab: "/some/where".into(),
        groups: vec![Identity { pid: 3, start: 4 }],
    };
    kept.write(&directory).unwrap();
    assert_eq!(Kept::read(&directory), Some(kept));
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(Kept::read(&directory), None);
}
