//! Lets recommendations expire when their time is over, and forgets those that ended long ago.

use std::sync::Arc;
use std::time::Duration;

use limiquantix_core::Result;
use limiquantix_core::contract::{Changeset, PageRequest, Repository, Selector};
use limiquantix_core::recommendation::{Step, advance, is_expired, is_history};
use limiquantix_core::resource::{EventKind, Recommendation, RecommendationState};
use limiquantix_core::time::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::call::lost_race;
use crate::control_plane::Parts;
use crate::mutation::event;

/// How often is looked. Nobody can approve one that is too old, noticed or not: this only decides how late it shows.
const EVERY: Duration = Duration::from_secs(10);

pub(super) async fn run(parts: Arc<Parts>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        let now = parts.clock.now();
        for outcome in [expire(&parts, now).await, forget(&parts, now).await] {
            if let Err(e) = outcome {
                tracing::warn!(error = %e, "cannot bring the recommendations up to date");
            }
        }
    }
}

/// Those that are on offer are few: an engine makes one for a VM that should move, and no more than can be done.
async fn expire(parts: &Parts, now: Timestamp) -> Result<()> {
    let offered = [RecommendationState::Pending, RecommendationState::Approved];
    let (found, _) = repository(parts).all(in_states(&offered)).await?;
    for it in found.iter().filter(|it| is_expired(it, now)) {
        let why = Step::Expire("its time was over before it was carried out".to_owned());
        let expired = advance(it, why, now)?;
        let message = format!("the move to {} was not made in time", it.target.name);
        let event = event(parts, &expired, EventKind::RecommendationExpired, message, now);
        let mut changes = Changeset::new();
        changes.update(expired).create(event);
        commit_unless_raced(parts, changes).await?;
    }
    Ok(())
}

/// From the oldest on, a page at a time, until one has nothing that is old enough: ids are in order of age.
async fn forget(parts: &Parts, now: Timestamp) -> Result<()> {
    let ended: Vec<_> = RecommendationState::ALL
        .into_iter()
        .filter(|state| state.is_terminal())
        .collect();
    loop {
        let page = PageRequest {
            limit: 100,
            ..PageRequest::default()
        };
        let found = repository(parts).page(in_states(&ended), page).await?.items;
        let mut changes = Changeset::new();
        for it in found.iter().filter(|it| is_history(it, now)) {
            changes.delete(&**it);
        }
        if changes.writes.is_empty() {
            return Ok(());
        }
        commit_unless_raced(parts, changes).await?;
    }
}

fn repository(parts: &Parts) -> Repository<Recommendation> {
    Repository::new(Arc::clone(&parts.store))
}

fn in_states(states: &[RecommendationState]) -> Selector {
    Selector {
        phases: states.iter().map(|state| state.as_str()).collect(),
        ..Selector::default()
    }
}

/// What changed meanwhile is looked at again on the next tick.
async fn commit_unless_raced(parts: &Parts, changes: Changeset) -> Result<()> {
    match parts.store.commit(changes).await {
        Err(e) if !lost_race(&e) => Err(e),
        _ => Ok(()),
    }
}
