//! Removes what has been over for long: answers to request ids, ended tasks, events.
//!
//! ```text
//!   events, tasks    ids are ordered by age: from the oldest on, until one is too young
//!   request ids      ids are what callers chose: round and round, from where the last tick stopped
//! ```
//!
//! A tick looks at a bounded number of objects of each kind, however many there are, and goes on at the next one
//! where it stopped. Nothing else depends on when that is, and two replicas that do it at once do no harm: what
//! one has removed, the other finds gone.

use std::sync::Arc;
use std::time::Duration;

use limiquantix_core::Result;
use limiquantix_core::contract::{Changeset, PageRequest, Repository, Selector};
use limiquantix_core::resource::{Event, IdempotencyRecord, Resource, Task};
use limiquantix_core::time::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::call::lost_race;
use crate::control_plane::Parts;

/// How often. What is kept a day too long is kept a minute longer.
const INTERVAL: Duration = Duration::from_secs(60);

/// How many objects are read, and at most removed in one commit: few enough that no caller waits behind it for
/// longer than for another caller.
const BATCH: u32 = 250;

/// How many such batches of one kind a tick has: 10,000 objects a minute, which is more than a control plane
/// writes in the long run.
const BATCHES: usize = 40;

pub(super) async fn run(parts: Arc<Parts>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(INTERVAL);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut sweeps = Sweeps::default();
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        tokio::select! {
            outcome = sweeps.tick(&parts) => {
                if let Err(e) = outcome {
                    tracing::warn!(error = %e, "cannot remove what is no longer kept");
                }
            }
            () = stop.cancelled() => return,
        }
    }
}

/// Where the next tick begins, for each kind.
#[derive(Debug, Default)]
struct Sweeps {
    request_ids: Option<String>,
    tasks: Option<String>,
    events: Option<String>,
}

impl Sweeps {
    async fn tick(&mut self, parts: &Parts) -> Result<()> {
        let keep = &parts.settings.retention;
        let now = parts.clock.now();
        sweep(parts, &mut self.events, |event: &Event| {
            by_age(event.meta.created_at, now, keep.events)
        })
        .await?;
        sweep(parts, &mut self.tasks, |task: &Task| match task.finished_at {
            Some(end) if task.state.is_terminal() && due(end, now, keep.tasks) => Fate::Remove,
            // None that was created later can have ended earlier than this one was created.
            _ => match by_age(task.meta.created_at, now, keep.tasks) {
                Fate::StopHere => Fate::StopHere,
                Fate::Remove | Fate::Keep => Fate::Keep,
            },
        })
        .await?;
        sweep(
            parts,
            &mut self.request_ids,
            |record: &IdempotencyRecord| match due(record.meta.created_at, now, keep.request_ids) {
                true => Fate::Remove,
                false => Fate::Keep,
            },
        )
        .await
    }
}

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Remove,
    Keep,
    /// It is kept, and so is everything after it.
    StopHere,
}

fn due(since: Timestamp, now: Timestamp, keep: Duration) -> bool {
    now.since(since) > keep
}

/// Of objects in the order of their age.
fn by_age(since: Timestamp, now: Timestamp, keep: Duration) -> Fate {
    match due(since, now, keep) {
        true => Fate::Remove,
        false => Fate::StopHere,
    }
}

/// Looks at the next objects after `place`, and removes those that it is time for. `place` is where the next
/// sweep goes on: none is the beginning.
async fn sweep<R: Resource>(
    parts: &Parts,
    place: &mut Option<String>,
    fate: impl Fn(&R) -> Fate,
) -> Result<()> {
    let repository = Repository::<R>::new(Arc::clone(&parts.store));
    for _ in 0..BATCHES {
        let request = PageRequest {
            limit: BATCH,
            after: place.clone(),
            ..PageRequest::default()
        };
        let page = repository.page(Selector::default(), request).await?;
        let mut changes = Changeset::new();
        let mut done = page.next.is_none();
        for object in &page.items {
            match fate(object) {
                Fate::Remove => {
                    changes.delete(&**object);
                }
                Fate::Keep => {}
                Fate::StopHere => {
                    done = true;
                    break;
                }
            }
        }
        remove(parts, changes).await?;
        *place = page.next.filter(|_| !done);
        if done {
            break;
        }
    }
    Ok(())
}

async fn remove(parts: &Parts, changes: Changeset) -> Result<()> {
    if changes.writes.is_empty() {
        return Ok(());
    }
    match parts.store.commit(changes).await {
        Ok(_) => Ok(()),
        // Another replica was faster. What is left is looked at again when its turn comes.
        Err(e) if lost_race(&e) => Ok(()),
        Err(e) => Err(e),
    }
}
