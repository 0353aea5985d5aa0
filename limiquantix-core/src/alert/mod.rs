//! The life of an alert as pure functions: what may become of it, and what the control plane raises by itself.
//!
//! ```text
//!   raise ──► OPEN ──acknowledge──► ACKNOWLEDGED
//!              │ raised again: counted   │ raised again: counted
//!              └────────resolve──────────┴──────► RESOLVED    the same trouble again is another alert
//! ```
//!
//! Deliberately absent: deleting one. An alert that is over is history, as an event is.

mod cause;
#[cfg(test)]
mod tests;

pub use cause::{Change, NODE_GONE, NODE_READY_AGAIN, VM_GONE, node_key, node_silent, of_report, vm_key};

use crate::error::{Error, Reason, Result};
use crate::identity::AlertId;
use crate::resource::{Alert, AlertMark, AlertSeverity, AlertSource, AlertState, Labels, Meta};
use crate::time::Timestamp;

/// What dedup keys of the control plane begin with. Callers cannot use it, so they cannot resolve or hide what it
/// raises.
pub const SYSTEM_KEYS: &str = "system/";

/// What is wrong, before it is an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// How bad it is.
    pub severity: AlertSeverity,
    /// What it is, on one line.
    pub title: String,
    /// What was seen.
    pub message: String,
    /// What it is about.
    pub source: AlertSource,
    /// Tells it from other troubles; may be empty.
    pub dedup_key: String,
}

/// Whether an alert that is `from` may become `to`. Staying as it is is no transition.
pub const fn may_follow(from: AlertState, to: AlertState) -> bool {
    matches!(
        (from, to),
        (AlertState::Open, AlertState::Acknowledged)
            | (AlertState::Open | AlertState::Acknowledged, AlertState::Resolved)
    )
}

/// A new alert about `trouble`.
pub fn raise(id: AlertId, trouble: Trouble, now: Timestamp) -> Alert {
    let mut alert = Alert {
        id,
        meta: Meta::created(now, Labels::new()),
        severity: trouble.severity,
        state: AlertState::Open,
        title: trouble.title,
        message: trouble.message,
        source: trouble.source,
        dedup_key: trouble.dedup_key,
        count: 1,
        last_seen: now,
        acknowledged: None,
        resolved: None,
    };
    alert.relabel();
    alert
}

/// `alert`, which is not over, with `trouble` counted as one more occurrence of it. It becomes as bad as the worst
/// and shows the words of the last. Whoever takes care of it goes on to do so.
///
/// `WRONG_STATE` if it is over, and `INTERNAL` if the keys differ: then it is another alert.
pub fn again(alert: &Alert, trouble: Trouble, now: Timestamp) -> Result<Alert> {
    if alert.state == AlertState::Resolved {
        return Err(over(alert, "cannot be raised again"));
    }
    if alert.dedup_key.is_empty() || alert.dedup_key != trouble.dedup_key {
        return Err(Error::internal("two troubles with different keys are two alerts"));
    }
    let mut alert = alert.clone();
    alert.severity = alert.severity.max(trouble.severity);
    alert.title = trouble.title;
    alert.message = trouble.message;
    alert.source = trouble.source;
    alert.count = alert.count.saturating_add(1);
    // The wall clock may step back; that it was seen later stays true.
    alert.last_seen = alert.last_seen.max(now);
    alert.meta.updated_at = now;
    alert.relabel();
    Ok(alert)
}

/// `alert`, of which `by` takes care from now on.
///
/// `ALREADY_IN_STATE` if somebody does already, `WRONG_STATE` if it is over.
pub fn acknowledge(alert: &Alert, by: &str, comment: &str, now: Timestamp) -> Result<Alert> {
    match alert.state {
        AlertState::Open => {}
        AlertState::Acknowledged => return Err(already(alert, alert.acknowledged.as_ref())),
        AlertState::Resolved => return Err(over(alert, "cannot be acknowledged any more")),
    }
    let mut alert = alert.clone();
    alert.state = AlertState::Acknowledged;
    alert.acknowledged = Some(mark(by, comment, now));
    alert.meta.updated_at = now;
    alert.relabel();
    Ok(alert)
}

/// `alert`, of which `by` says that it is over. `ALREADY_IN_STATE` if somebody said so before.
pub fn resolve(alert: &Alert, by: &str, comment: &str, now: Timestamp) -> Result<Alert> {
    if !may_follow(alert.state, AlertState::Resolved) {
        return Err(already(alert, alert.resolved.as_ref()));
    }
    let mut alert = alert.clone();
    alert.state = AlertState::Resolved;
    alert.resolved = Some(mark(by, comment, now));
    alert.meta.updated_at = now;
    alert.relabel();
    Ok(alert)
}

fn mark(by: &str, comment: &str, at: Timestamp) -> AlertMark {
    AlertMark {
        by: by.to_owned(),
        at,
        comment: comment.to_owned(),
    }
}

fn already(alert: &Alert, mark: Option<&AlertMark>) -> Error {
    let by = mark.map_or("somebody", |mark| mark.by.as_str());
    let message = format!(
        "alert {:?} has been {} by {by}",
        alert.title,
        alert.state.as_str()
    );
    Error::new(Reason::AlreadyInState, message).with("state", alert.state.as_str())
}

fn over(alert: &Alert, what: &str) -> Error {
    let message = format!("alert {:?} is resolved: it {what}", alert.title);
    Error::new(Reason::WrongState, message).with("state", alert.state.as_str())
}
