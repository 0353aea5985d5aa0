use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use limiquantix_core::error::{Error, Reason, Result};

use crate::state::lock;

/// The verbs of both contracts, as far as they can be disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the method of the same name")]
pub enum Verb {
    Facts,
    List,
    Inspect,
    EnsureDefined,
    EnsureRunning,
    EnsureStopped,
    Reboot,
    EnsureSuspended,
    EnsureResumed,
    EnsureSnapshot,
    RevertSnapshot,
    EnsureSnapshotAbsent,
    Snapshots,
    EnsureAbsent,
    ConsoleLog,
    ConsoleOpen,
    Pools,
    EnsureVolume,
    Volume,
    ResizeVolume,
    CloneVolume,
    EnsureVolumeAbsent,
    Volumes,
    Images,
}

/// Where in a verb something happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// Nothing has been done.
    Before,
    /// Half of it has: the guest runs but is not marked, the volume has no content. Only verbs that do
    /// two things have this point.
    Midway,
    /// All of it has; the caller does not know yet.
    After,
}

/// What happens there.
#[derive(Debug, Clone)]
pub enum Action {
    /// The verb fails for this reason.
    Fail(Reason, String),
    /// The verb never comes back. Abort the task that waits for it: that is how an agent is killed there.
    Hang,
    /// The verb takes this much longer.
    Delay(Duration),
}

/// What is planned for one place: how often, and what.
type Plans = Vec<(u32, Action)>;

/// The disturbances that are still to come. Shared by all handles of a node.
#[derive(Debug, Default)]
pub struct Faults {
    planned: Mutex<BTreeMap<(Verb, Point), Plans>>,
}

impl Faults {
    /// The next `times` calls of `verb` meet `action` at `point`. Plans for one place are used up in the
    /// order they were made.
    pub fn plan(&self, verb: Verb, point: Point, times: u32, action: Action) {
        lock(&self.planned)
            .entry((verb, point))
            .or_default()
            .push((times, action));
    }

    /// The next `times` calls of `verb` fail for `reason` before they have done anything.
    pub fn fail(&self, verb: Verb, times: u32, reason: Reason) {
        self.plan(
            verb,
            Point::Before,
            times,
            Action::Fail(reason, format!("simulated failure of {verb:?}")),
        );
    }

    /// The next `times` starts are refused by the hypervisor.
    pub fn refuse_start(&self, times: u32) {
        self.fail(Verb::EnsureRunning, times, Reason::HypervisorFailed);
    }

    /// The next call of `verb` hangs at `point`.
    pub fn hang(&self, verb: Verb, point: Point) {
        self.plan(verb, point, 1, Action::Hang);
    }

    /// Forgets everything planned.
    pub fn clear(&self) {
        lock(&self.planned).clear();
    }

    /// Whether something planned has not happened yet.
    pub fn is_pending(&self) -> bool {
        !lock(&self.planned).is_empty()
    }

    pub(crate) async fn pass(&self, verb: Verb, point: Point) -> Result<()> {
        match self.take(verb, point) {
            None => Ok(()),
            Some(Action::Fail(reason, words)) => Err(Error::new(reason, words)),
            Some(Action::Hang) => std::future::pending().await,
            Some(Action::Delay(time)) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
        }
    }

    fn take(&self, verb: Verb, point: Point) -> Option<Action> {
        let mut planned = lock(&self.planned);
        let queue = planned.get_mut(&(verb, point))?;
        let action = queue
            .first_mut()
            .filter(|(times, _)| *times > 0)
            .map(|(times, action)| {
                *times -= 1;
                action.clone()
            });
        queue.retain(|(times, _)| *times > 0);
        if queue.is_empty() {
            planned.remove(&(verb, point));
        }
        action
    }
}
