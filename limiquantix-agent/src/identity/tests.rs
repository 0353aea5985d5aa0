use limiquantix_core::Reason;
use limiquantix_testkit::fixtures;

use super::NodeIdentity;

/// For an operator: a node that is a new node after every restart of its agent.
#[test]
fn an_id_is_kept_across_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("made/if/missing");
    let mut first = NodeIdentity::load(&state).unwrap();
    assert_eq!(first.id, None);
    assert!(!first.boot_id.is_empty());
    let id = fixtures::node_id("n1");
    first.remember(id).unwrap();
    drop(first);
    let second = NodeIdentity::load(&state).unwrap();
    assert_eq!(second.id, Some(id));
}

/// For a user: two agents of one node restart a guest twice, or start what the other is just removing.
#[test]
fn a_state_directory_has_one_agent_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = NodeIdentity::load(dir.path()).unwrap();
    let e = NodeIdentity::load(dir.path()).unwrap_err();
    assert_eq!(e.reason(), Reason::DataDirLocked);
    assert!(e.message().contains(&dir.path().display().to_string()));
    let copy = first.clone();
    drop(first);
    assert!(
        NodeIdentity::load(dir.path()).is_err(),
        "a copy is the same agent"
    );
    drop(copy);
    NodeIdentity::load(dir.path()).unwrap();
}

/// For an operator: a file that was cut off makes the node a new one, and its VMs nobody's.
#[test]
fn a_broken_id_is_an_error_and_not_a_new_node() {
    let dir = tempfile::tempdir().unwrap();
    for broken in ["", "not an id", "0199"] {
        std::fs::write(dir.path().join("node-id"), broken).unwrap();
        let e = NodeIdentity::load(dir.path()).unwrap_err();
        assert_eq!(e.reason(), Reason::Corrupt, "{broken:?}");
    }
}
