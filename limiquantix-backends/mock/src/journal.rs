use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use limiquantix_core::contract::RunMark;
use limiquantix_core::identity::VmId;
use limiquantix_core::resource::StopCause;
use tokio::time::Instant;

use crate::state::lock;

/// Every start and end of a guest, in the order they happened. Give one journal to several nodes and it
/// shows whether any VM ever ran on two of them: the invariant that everything else exists for.
#[derive(Debug, Clone)]
pub struct Journal {
    origin: Instant,
    entries: Arc<Mutex<Vec<Entry>>>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, since the journal was opened.
    pub at: Duration,
    /// On which node.
    pub node: String,
    /// To which VM.
    pub vm: VmId,
    /// What.
    pub what: What,
}

/// What happened to a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It was started, for this decision.
    Started(RunMark),
    /// It was reset or restarted itself.
    Rebooted,
    /// It was put back to what its memory was at a snapshot.
    Reverted,
    /// It ended.
    Ended(StopCause),
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            origin: Instant::now(),
            entries: Arc::default(),
        }
    }
}

impl Journal {
    /// Everything so far.
    pub fn entries(&self) -> Vec<Entry> {
        lock(&self.entries).clone()
    }

    /// What happened to one VM, on whatever node.
    pub fn of(&self, vm: VmId) -> Vec<Entry> {
        lock(&self.entries)
            .iter()
            .filter(|e| e.vm == vm)
            .cloned()
            .collect()
    }

    /// How often a VM was started.
    pub fn starts(&self, vm: VmId) -> usize {
        self.of(vm)
            .iter()
            .filter(|e| matches!(e.what, What::Started(_)))
            .count()
    }

    /// Every start of a VM that ran already, here or elsewhere, or under an epoch that is not above that of
    /// an earlier start on another node. Empty in a sound system.
    pub fn violations(&self) -> Vec<Entry> {
        let mut running: BTreeMap<VmId, Vec<String>> = BTreeMap::new();
        let mut highest: BTreeMap<VmId, (u32, String)> = BTreeMap::new();
        let mut found = Vec::new();
        for entry in lock(&self.entries).iter() {
            let on = running.entry(entry.vm).or_default();
            match entry.what {
                What::Started(run) => {
                    let stale = highest.get(&entry.vm).is_some_and(|(epoch, node)| {
                        run.epoch < *epoch || (run.epoch == *epoch && *node != entry.node)
                    });
                    if !on.is_empty() || stale {
                        found.push(entry.clone());
                    }
                    on.push(entry.node.clone());
                    highest.insert(entry.vm, (run.epoch, entry.node.clone()));
                }
                What::Ended(_) => {
                    if let Some(i) = on.iter().position(|n| *n == entry.node) {
                        on.remove(i);
                    }
                }
                What::Rebooted | What::Reverted => {}
            }
        }
        found
    }

    pub(crate) fn write(&self, node: &str, vm: VmId, what: What) {
        let entry = Entry {
            at: self.origin.elapsed(),
            node: node.to_owned(),
            vm,
            what,
        };
        lock(&self.entries).push(entry);
    }
}
