//! The node itself, and what an agent finds on it.

use limiquantix_core::contract::InstanceState;

use super::rig::{FIRST, Guest, Rig, look, running};

/// What the node says of itself makes sense: the scheduler divides by it.
pub async fn facts_are_plausible(rig: &impl Rig) {
    let facts = rig.hypervisor().facts().await.expect("facts");
    assert!(facts.cores.get() > 0 && facts.memory.get() > 0);
    assert!(!facts.hypervisor.driver.is_empty() && !facts.hypervisor.version.is_empty());
    assert!(
        facts.pools.is_sorted_by(|a, b| a.name < b.name),
        "pools by name ascending, each once"
    );
    assert!(facts.pools.iter().all(|p| p.available <= p.capacity));
}

/// A restart of the agent is nothing to the guests, and it knows what it had done.
pub async fn a_new_agent_finds_the_guest_running(rig: &impl Rig) {
    let (old, machine) = running(rig, Guest::Deaf).await;
    if !old.capabilities().survives_agent {
        return;
    }
    let before = look(&*old, machine.vm).await;
    drop(old);
    let new = rig.reattach().await;
    let after = look(&*new, machine.vm).await;
    assert_eq!(before, after);
    assert_eq!(
        (after.state, after.last_run),
        (InstanceState::Running, Some(FIRST))
    );
    assert!(after.accel.is_some(), "a running guest runs under something");
    let listed = new.list().await.expect("list");
    assert!(listed.contains(&after));
    assert!(
        listed.is_sorted_by(|a, b| a.vm < b.vm),
        "by VM id ascending, each once"
    );
}
