use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{IndexEntry, Meta, ObjectKey};

/// The answer that a request id got: written in the commit of the mutation, so that a repeat finds it
/// exactly when the mutation happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    /// The request id, prefixed with the caller and method it is good for.
    pub id: Arc<str>,
    /// Revision and times.
    pub meta: Meta,
    /// A digest of the request: the same id with another request is refused.
    pub digest: String,
    /// The object that the mutation was about; the answer is derived from it.
    pub subject: ObjectKey,
    /// The answer's object as it was committed, in its stored form.
    pub answer: String,
    /// The mutation found nothing to change, so the answer is at the revision that it carries, and not at that of
    /// this record.
    #[serde(default)]
    pub unchanged: bool,
}

impl IdempotencyRecord {
    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry::default()
    }
}
