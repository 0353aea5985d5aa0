//! What the watch streams of all services have in common.

use limiquantix_core::contract::ChangeKind;
use limiquantix_core::resource::Revision;
use limiquantix_core::{Error, Result};

use crate::event::v1::ChangeType;

/// Where a watch is to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchFrom {
    /// With everything that is there, then a bookmark, then every change.
    Initial,
    /// With the first change from now on.
    Now,
    /// With the first change after this revision.
    After(Revision),
}

/// Where a watch with these fields is to begin.
///
/// # Errors
///
/// `INVALID_FIELD` for `from_revision` if both are given: the list would already be later.
pub fn from_wire(from_revision: u64, initial: bool) -> Result<WatchFrom> {
    match (from_revision, initial) {
        (0, true) => Ok(WatchFrom::Initial),
        (0, false) => Ok(WatchFrom::Now),
        (revision, false) => Ok(WatchFrom::After(Revision(revision))),
        (_, true) => Err(Error::invalid(
            "from_revision",
            "from_revision and initial cannot be used together: the one resumes, the other begins anew",
        )),
    }
}

/// What happened to the object of a message. The fourth type, the bookmark, carries no object.
pub fn change_to_wire(kind: ChangeKind) -> ChangeType {
    match kind {
        ChangeKind::Added => ChangeType::Added,
        ChangeKind::Modified => ChangeType::Modified,
        ChangeKind::Deleted => ChangeType::Deleted,
    }
}
