//! How every mutation is made: decided on what was read, written in one commit with its event and the memory of
//! its request id, and decided anew when something was written in between.

use std::sync::Arc;

use limiquantix_core::contract::{Changeset, IdSourceExt as _};
use limiquantix_core::resource::{Event, EventKind, Meta, Resource};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Reason, Result};
use serde::Serialize;

use crate::call::{Call, ROUNDS, Ticket, lost_race};
use crate::control_plane::Parts;

/// A mutation that was decided and not yet written.
#[derive(Debug)]
#[must_use]
pub(crate) struct Draft<R> {
    /// What the caller is answered: the object as it is once this is written, or as it last was.
    pub(crate) answer: R,
    /// Everything that is written.
    pub(crate) changes: Changeset,
}

impl<R: Resource> Draft<R> {
    /// The creation of `object`.
    pub(crate) fn create(object: R) -> Self {
        let mut changes = Changeset::new();
        changes.create(object.clone());
        Self {
            answer: object,
            changes,
        }
    }

    /// An update of `object`, which still has the revision it was read at. Its time of change is set.
    pub(crate) fn update(mut object: R, now: Timestamp) -> Self {
        object.meta_mut().updated_at = now;
        let mut changes = Changeset::new();
        changes.update(object.clone());
        Self {
            answer: object,
            changes,
        }
    }

    /// The removal of `object`.
    pub(crate) fn delete(object: &R) -> Self {
        let mut changes = Changeset::new();
        changes.delete(object);
        Self {
            answer: object.clone(),
            changes,
        }
    }

    /// Nothing is left to do: `object` is as wanted. Only the request id is remembered.
    pub(crate) fn unchanged(object: R) -> Self {
        Self {
            answer: object,
            changes: Changeset::new(),
        }
    }

    /// Adds an event about the object.
    pub(crate) fn event(
        mut self,
        parts: &Parts,
        kind: EventKind,
        message: impl Into<String>,
        now: Timestamp,
    ) -> Self {
        let event = event(parts, &self.answer, kind, message, now);
        self.changes.create(event);
        self
    }
}

/// An event about `subject`, which concerns whomever the subject belongs to.
pub(crate) fn event<R: Resource>(
    parts: &Parts,
    subject: &R,
    kind: EventKind,
    message: impl Into<String>,
    now: Timestamp,
) -> Event {
    let index = subject.index();
    Event {
        id: parts.ids.event(),
        meta: Meta::created(now, Event::labels_about(&subject.key())),
        project: index.project.cloned(),
        kind,
        subject: subject.key(),
        subject_name: index.name.unwrap_or_default().to_owned(),
        node: index.node,
        message: message.into(),
    }
}

/// Makes the mutation that `decide` drafts. `method` is the name of the RPC, part of the identity of the request id.
///
/// `decide` reads, checks the caller's version, decides, and returns what to write; it is asked again whenever
/// something it rests on was changed in between. A repeat of `call` gets the first answer without asking it. With
/// `validate_only` nothing is written. Fails as `decide` does, and with `REQUEST_ID_REUSED`.
pub(crate) async fn mutate<R, F, Fut>(
    parts: &Parts,
    call: &Call,
    method: &str,
    request: &(impl Serialize + Sync),
    decide: F,
) -> Result<Arc<R>>
where
    R: Resource,
    F: Fn(Timestamp) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Draft<R>>> + Send,
{
    let ticket = Ticket::new(call, method, request)?;
    if let Some(answer) = ticket.earlier::<R>(&*parts.store).await? {
        return Ok(answer);
    }
    let outcome = decide_and_write(parts, call, method, &ticket, decide).await;
    ticket.or_earlier(&*parts.store, outcome).await
}

async fn decide_and_write<R, F, Fut>(
    parts: &Parts,
    call: &Call,
    method: &str,
    ticket: &Ticket,
    decide: F,
) -> Result<Arc<R>>
where
    R: Resource,
    F: Fn(Timestamp) -> Fut,
    Fut: Future<Output = Result<Draft<R>>>,
{
    for _ in 0..ROUNDS {
        let now = parts.clock.now();
        let Draft {
            mut answer,
            mut changes,
        } = decide(now).await?;
        let unchanged = changes.writes.is_empty();
        ticket.record(&mut changes, &answer, now)?;
        if call.validate_only || changes.writes.is_empty() {
            return Ok(Arc::new(answer));
        }
        match parts.placer.commit(changes).await {
            Ok(commit) => {
                if !unchanged {
                    answer.meta_mut().revision = commit.revision;
                }
                return Ok(Arc::new(answer));
            }
            Err(e) if lost_race(&e) => parts.placer.refresh_after(&e).await?,
            Err(e) => return Err(e),
        }
    }
    let message = format!("{method} was overtaken by other writers {ROUNDS} times in a row");
    Err(Error::new(Reason::VersionMismatch, message))
}
