//! How alerts are written: with their counters, in the commit of whatever they are about.

use std::sync::Arc;
use std::time::Duration;

use limiquantix_core::Result;
use limiquantix_core::alert::{
    self, Change, NODE_GONE, NODE_READY_AGAIN, Trouble, VM_GONE, node_key, node_silent,
};
use limiquantix_core::contract::{Changeset, IdSourceExt as _, PageRequest, Repository, Selector};
use limiquantix_core::resource::{
    Alert, AlertCounts, AlertShard, AlertState, AlertTally, Labels, Meta, Node, Vm,
};
use limiquantix_core::settle::Settled;
use limiquantix_core::time::Timestamp;

use crate::call::Call;
use crate::control_plane::Parts;

/// Adds to the commit that shows `node` as not ready the alert about it.
pub(crate) async fn node_is_silent(
    parts: &Parts,
    node: &Node,
    silent: Duration,
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    raise(parts, node_silent(node, silent), now, changes)
        .await
        .map(drop)
}

/// Adds to the commit that shows `node` as ready that the alert about its silence is over.
pub(crate) async fn node_is_ready(
    parts: &Parts,
    node: &Node,
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    settle(parts, &node_key(node.id), NODE_READY_AGAIN, now, changes).await
}

/// Adds to the commit that removes `node` that nobody need wait for it any more.
pub(crate) async fn node_is_gone(
    parts: &Parts,
    node: &Node,
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    settle(parts, &node_key(node.id), NODE_GONE, now, changes).await
}

/// Adds to the commit that removes `vm` other than by a report that its trouble is over.
pub(crate) async fn vm_is_gone(
    parts: &Parts,
    vm: &Vm,
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    settle(parts, &alert::vm_key(vm.id), VM_GONE, now, changes).await
}

/// Adds to the commit of a settled report what it means for the alert about `vm`.
pub(crate) async fn follow_report(
    parts: &Parts,
    vm: &Vm,
    settled: &Settled,
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    match alert::of_report(vm, settled) {
        Some(Change::Raise(trouble)) => raise(parts, trouble, now, changes).await.map(drop),
        Some(Change::Resolve(why)) => settle(parts, &alert::vm_key(vm.id), why, now, changes).await,
        None => Ok(()),
    }
}

/// Adds an alert about `trouble`, or one more occurrence of it where one with its key lasts. Returns it as it will be
/// written.
///
/// A changeset has room for one alert: two may be counted by the same counter, which can be written only once.
pub(super) async fn raise(
    parts: &Parts,
    trouble: Trouble,
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<Alert> {
    match lasting(parts, &trouble.dedup_key).await? {
        Some(before) => {
            let after = alert::again(&before, trouble, now)?;
            replace(parts, &before, after.clone(), now, changes).await?;
            Ok(after)
        }
        None => {
            let alert = alert::raise(parts.ids.alert(), trouble, now);
            count(parts, None, &alert, now, changes).await?;
            changes.create(alert.clone());
            Ok(alert)
        }
    }
}

/// Adds what has become of an alert.
pub(super) async fn replace(
    parts: &Parts,
    before: &Alert,
    after: Alert,
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    // Another occurrence changes neither state nor severity, mostly: no reason to make others wait for the counter.
    if (before.state, before.severity) != (after.state, after.severity) {
        count(parts, Some(before), &after, now, changes).await?;
    }
    changes.update(after);
    Ok(())
}

/// Adds that the alert with this key is over, if there is one.
async fn settle(parts: &Parts, key: &str, why: &str, now: Timestamp, changes: &mut Changeset) -> Result<()> {
    let Some(before) = lasting(parts, key).await? else {
        return Ok(());
    };
    let after = alert::resolve(&before, &Call::system().principal, why, now)?;
    replace(parts, &before, after, now, changes).await
}

/// The alert with this key that is not over. However many there were: O(log n).
async fn lasting(parts: &Parts, key: &str) -> Result<Option<Arc<Alert>>> {
    if key.is_empty() {
        return Ok(None);
    }
    let selector = Selector {
        labels: Labels::from([(Alert::LABEL_DEDUP_KEY.to_owned(), key.to_owned())]),
        ..Selector::default()
    };
    let page = PageRequest {
        limit: 1,
        ..PageRequest::default()
    };
    let alerts = Repository::<Alert>::new(Arc::clone(&parts.store));
    let found = alerts.page(selector, page).await?.items.pop();
    Ok(found.filter(|alert| alert.state != AlertState::Resolved))
}

async fn count(
    parts: &Parts,
    before: Option<&Alert>,
    after: &Alert,
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    let shard = AlertShard::of(after);
    let shards = Repository::<AlertCounts>::new(Arc::clone(&parts.store));
    match shards.find(&shard).await? {
        Some(counts) => {
            let mut counts = AlertCounts::clone(&counts);
            counts.tally.note(before, after);
            counts.meta.updated_at = now;
            changes.update(counts);
        }
        None => {
            let mut tally = AlertTally::default();
            tally.note(before, after);
            changes.create(AlertCounts {
                id: shard,
                meta: Meta::created(now, Labels::new()),
                tally,
            });
        }
    }
    Ok(())
}
