use std::sync::Arc;

use limiquantix_core::contract::{Changeset, Store};
use limiquantix_core::resource::{IdempotencyRecord, Kind, Meta, Object, ObjectKey, Resource, Revision};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Reason, Result};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Who calls, and under which conditions. Every mutation takes one.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Who. Part of the identity of a request id, so that two callers never see each other's answers.
    pub principal: String,
    /// Repeating a call with the same id returns the first answer, also after a crash. AIP-155.
    pub request_id: Option<String>,
    /// The version that the caller has seen; the call is refused if the object is at another. AIP-154.
    pub expected: Option<Revision>,
    /// Check everything and change nothing. AIP-163.
    pub validate_only: bool,
    /// What the caller sent, where the request as the service gets it depends on more than that (a field mask
    /// is applied to what is stored). A repeat is recognised by this, or else by the request itself.
    pub sent: Option<Vec<u8>>,
}

/// The longest request id. A UUID has 36 characters.
const REQUEST_ID_MAX: usize = 128;

impl Call {
    /// A call of the system itself.
    pub fn system() -> Self {
        Self {
            principal: "system".to_owned(),
            ..Self::default()
        }
    }

    /// Refuses if the object is not at the version that the caller has seen.
    pub(crate) fn check_version(&self, what: &ObjectKey, actual: Revision) -> Result<()> {
        match self.expected {
            Some(expected) if expected != actual => {
                let message = format!(
                    "{what} has changed since it was read: it is at version {actual}, not {expected}"
                );
                Err(Error::new(Reason::VersionMismatch, message)
                    .with("field", "etag")
                    .with("key", what.to_string())
                    .with("expected", expected.to_string())
                    .with("actual", actual.to_string()))
            }
            _ => Ok(()),
        }
    }
}

/// The memory of one mutation: answers a repeat, and is written with the mutation's own commit.
#[derive(Debug)]
pub(crate) struct Ticket {
    id: Option<Arc<str>>,
    digest: String,
}

impl Ticket {
    /// Identifies the call of `method` with `request`.
    pub(crate) fn new(call: &Call, method: &str, request: &impl Serialize) -> Result<Self> {
        let Some(given) = &call.request_id else {
            return Ok(Self {
                id: None,
                digest: String::new(),
            });
        };
        let fine = (1..=REQUEST_ID_MAX).contains(&given.len()) && given.bytes().all(|b| b.is_ascii_graphic());
        if !fine {
            let message = format!(
                "request_id must be 1 to {REQUEST_ID_MAX} printable ASCII characters; a UUID is best"
            );
            return Err(Error::invalid("request_id", message));
        }
        let body = match &call.sent {
            Some(sent) => sent.clone(),
            None => serde_json::to_vec(request)
                .map_err(|e| Error::internal("cannot encode a request").caused_by(e))?,
        };
        let digest = Sha256::digest(&body).iter().map(|b| format!("{b:02x}")).collect();
        let id = format!("{}/{}/{given}", call.principal, method);
        Ok(Self {
            id: Some(id.into()),
            digest,
        })
    }

    /// The first answer, if this call was made before. `REQUEST_ID_REUSED` if that was another request.
    pub(crate) async fn earlier<R: Resource>(&self, store: &dyn Store) -> Result<Option<Arc<R>>> {
        let Some(id) = &self.id else { return Ok(None) };
        let Some(object) = store.get(&ObjectKey::of::<IdempotencyRecord>(id)).await? else {
            return Ok(None);
        };
        let Some(record) = IdempotencyRecord::from_object(object) else {
            return Ok(None);
        };
        if record.digest != self.digest {
            let message = "this request_id was used for another request";
            return Err(Error::new(Reason::RequestIdReused, message).with("field", "request_id"));
        }
        let answer = Object::decode(R::KIND, record.answer.as_bytes())?;
        Ok(R::from_object(match record.unchanged {
            true => answer,
            // It was written in the commit that this record carries; only the revision was not known yet.
            false => answer.at_revision(record.meta.revision),
        }))
    }

    /// `outcome`, unless the same call was made twice at once and the other copy has won: then its answer.
    /// The loser fails for what the winner did (the name is taken, an operation is in progress, the last free
    /// core is gone), which is no answer to a caller who asked for exactly that.
    pub(crate) async fn or_earlier<R: Resource>(
        &self,
        store: &dyn Store,
        outcome: Result<Arc<R>>,
    ) -> Result<Arc<R>> {
        let Err(e) = outcome else { return outcome };
        match self.earlier::<R>(store).await {
            Ok(Some(answer)) => Ok(answer),
            Err(reused) if reused.reason() == Reason::RequestIdReused => Err(reused),
            Ok(None) | Err(_) => Err(e),
        }
    }

    /// Adds the record of `answer` to the commit that makes it true.
    pub(crate) fn record<R: Resource>(
        &self,
        changes: &mut Changeset,
        answer: &R,
        now: Timestamp,
    ) -> Result<()> {
        let Some(id) = self.id.clone() else { return Ok(()) };
        let encoded = answer.clone().into_object().encode()?;
        let answer_text =
            String::from_utf8(encoded).map_err(|e| Error::internal("an object is not text").caused_by(e))?;
        let unchanged = changes.writes.is_empty();
        changes.create(IdempotencyRecord {
            id,
            meta: Meta::created(now, Default::default()),
            digest: self.digest.clone(),
            subject: answer.key(),
            answer: answer_text,
            unchanged,
        });
        Ok(())
    }
}

/// Whether a commit failed because something was written in between, so that reading again may help.
pub(crate) fn lost_race(e: &Error) -> bool {
    match e.reason() {
        Reason::VersionMismatch => e.get("field").is_none(),
        // Two at once were the first to count something: it is there now.
        Reason::IdTaken => {
            let kind = e.get("key").and_then(|key| key.split_once('/'));
            kind.is_some_and(|(kind, _)| kind == Kind::AlertCounts.as_str())
        }
        // Two at once were the first to raise an alert: the other's is there now, to be counted once more.
        Reason::NameTaken => e.get("kind") == Some(Kind::Alert.as_str()),
        _ => false,
    }
}

/// How often a decision is made anew when something was written in between. Each round reads the present
/// state, so only a steady stream of writers to the same object can exhaust this; the caller is told then.
pub(crate) const ROUNDS: usize = 64;

/// The stored object of `R` that a commit wrote.
pub(crate) fn written<R: Resource>(commit: limiquantix_core::contract::Commit, kind: Kind) -> Result<Arc<R>> {
    let mut found = commit
        .changes
        .into_iter()
        .filter(|c| c.key.kind == kind)
        .filter_map(|c| c.after);
    found
        .next()
        .and_then(R::from_object)
        .ok_or_else(|| Error::internal("a commit came back without its object"))
}
