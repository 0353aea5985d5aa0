use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use limiquantix_core::contract::{Change, Changeset, Commit, Write};
use limiquantix_core::error::Result;
use limiquantix_core::resource::{Kind, ObjectKey};

use crate::state::State;

impl State {
    /// Applies all writes, or none.
    pub(crate) fn commit(&mut self, changes: Changeset) -> Result<Arc<Commit>> {
        self.check(&changes)?;
        let revision = self.revision().next();
        let change = |write: Write| {
            let key = write.key();
            let before = self.get(&key).cloned();
            let after = match write {
                Write::Create(object) | Write::Update(object) => Some(object.at_revision(revision)),
                Write::Delete(..) => None,
            };
            Change { key, before, after }
        };
        let commit = Arc::new(Commit {
            revision,
            changes: changes.writes.into_iter().map(change).collect(),
        });
        self.apply(&commit);
        Ok(commit)
    }

    /// Decides whether a changeset may happen, changing nothing.
    fn check(&self, changes: &Changeset) -> Result<()> {
        changes.check()?;
        for guard in &changes.guards {
            guard.admit(self.version(guard.key()))?;
        }
        let mut written = BTreeSet::new();
        for write in &changes.writes {
            let key = write.key();
            write.admit(self.version(&key))?;
            written.insert(key);
        }
        self.check_names(changes, &written)
    }

    /// Unique names, on the outcome: an owner that is itself written has the name that it is written with.
    fn check_names(&self, changes: &Changeset, written: &BTreeSet<ObjectKey>) -> Result<()> {
        let mut claimed: BTreeMap<(Kind, String), ObjectKey> = BTreeMap::new();
        for write in &changes.writes {
            let (Write::Create(object) | Write::Update(object)) = write else {
                continue;
            };
            let Some(unique) = object.index().unique else {
                continue;
            };
            let kind = object.kind();
            let kept_by_another = self.owner(kind, &unique).is_some_and(|id| {
                let id = Arc::clone(id);
                !written.contains(&ObjectKey { kind, id })
            });
            if kept_by_another || claimed.insert((kind, unique), object.key()).is_some() {
                return Err(object.name_taken());
            }
        }
        Ok(())
    }
}
