use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use limiquantix_core::contract::{Change, Changeset, Commit, Write};
use limiquantix_core::error::Result;
use limiquantix_core::resource::{Kind, Object, ObjectKey, Revision};

use crate::row::decode;

/// What a batch of changesets sees and does, in memory: everything that any of them mentions is loaded, each
/// is decided in turn on what those before it left, and in the end what became of it all is written at once.
/// An object that ten changesets changed is written once, and logged ten times.
#[derive(Default)]
pub(crate) struct Batch {
    /// What the database has of the keys mentioned.
    pub(crate) stored: BTreeMap<ObjectKey, Stored>,
    /// What became of those that were written.
    pub(crate) effects: BTreeMap<ObjectKey, Effect>,
    /// Who has which of the unique names mentioned.
    pub(crate) owners: BTreeMap<(Kind, String), ObjectKey>,
    /// What happened, for the log.
    pub(crate) log: Vec<Entry>,
}

/// An object as the database has it.
pub(crate) struct Stored {
    pub(crate) revision: Revision,
    pub(crate) body: Arc<[u8]>,
}

/// An object that was written: as the database has it, and as the last changeset left it.
pub(crate) struct Effect {
    pub(crate) before: Option<Object>,
    pub(crate) after: Option<Written>,
}

/// An object as a changeset of the batch left it.
#[derive(Clone)]
pub(crate) struct Written {
    pub(crate) object: Object,
    pub(crate) body: Arc<[u8]>,
}

/// One change.
pub(crate) struct Entry {
    pub(crate) revision: Revision,
    pub(crate) place: usize,
    pub(crate) key: ObjectKey,
    pub(crate) before: Option<Arc<[u8]>>,
    pub(crate) after: Option<Arc<[u8]>>,
}

impl Batch {
    /// Decides one changeset and, if it may happen, makes it commit `revision`. After an error nothing
    /// has changed.
    pub(crate) fn decide(&mut self, changes: &Changeset, revision: Revision) -> Result<Commit> {
        for guard in &changes.guards {
            guard.admit(self.version(guard.key()))?;
        }
        for write in &changes.writes {
            write.admit(self.version(&write.key()))?;
        }
        self.check_names(changes)?;
        // The last that can fail; only then is anything taken over.
        let steps = changes.writes.iter().map(|w| self.step(w, revision));
        let steps = steps.collect::<Result<Vec<_>>>()?;
        Ok(self.take_over(steps, revision))
    }

    fn version(&self, key: &ObjectKey) -> Option<Revision> {
        match self.effects.get(key) {
            Some(effect) => effect.after.as_ref().map(|w| w.object.meta().revision),
            None => self.stored.get(key).map(|s| s.revision),
        }
    }

    /// The object as it is now. What cannot be read is `CORRUPT`, and refuses whoever would write it.
    fn current(&self, key: &ObjectKey) -> Result<Option<Written>> {
        match (self.effects.get(key), self.stored.get(key)) {
            (Some(effect), _) => Ok(effect.after.clone()),
            (None, Some(stored)) => Ok(Some(Written {
                object: decode(key, &stored.body)?,
                body: Arc::clone(&stored.body),
            })),
            (None, None) => Ok(None),
        }
    }

    /// Unique names, on the outcome: an owner that is itself written has the name that it is written with.
    fn check_names(&self, changes: &Changeset) -> Result<()> {
        let written: BTreeSet<ObjectKey> = changes.writes.iter().map(Write::key).collect();
        let mut claimed = BTreeSet::new();
        for write in &changes.writes {
            let (Write::Create(object) | Write::Update(object)) = write else {
                continue;
            };
            let Some(name) = object.index().unique else {
                continue;
            };
            let name = (object.kind(), name);
            let kept = self
                .owners
                .get(&name)
                .is_some_and(|owner| !written.contains(owner));
            if kept || !claimed.insert(name) {
                return Err(object.name_taken());
            }
        }
        Ok(())
    }

    fn step(&self, write: &Write, revision: Revision) -> Result<Step> {
        let key = write.key();
        let before = self.current(&key)?;
        let after = match write {
            Write::Create(object) | Write::Update(object) => {
                let object = object.clone().at_revision(revision);
                let body = object.encode()?.into();
                Some(Written { object, body })
            }
            Write::Delete(..) => None,
        };
        Ok(Step { key, before, after })
    }

    fn take_over(&mut self, steps: Vec<Step>, revision: Revision) -> Commit {
        let name = |written: &Option<Written>| {
            let object = &written.as_ref()?.object;
            Some((object.kind(), object.index().unique?))
        };
        for name in steps.iter().filter_map(|step| name(&step.before)) {
            self.owners.remove(&name);
        }
        let mut commit = Commit {
            revision,
            changes: Vec::with_capacity(steps.len()),
        };
        for (place, Step { key, before, after }) in steps.into_iter().enumerate() {
            if let Some(name) = name(&after) {
                self.owners.insert(name, key.clone());
            }
            let effect = self.effects.entry(key.clone()).or_insert_with(|| Effect {
                before: before.as_ref().map(|w| w.object.clone()),
                after: None,
            });
            effect.after.clone_from(&after);
            self.log.push(Entry {
                revision,
                place,
                key: key.clone(),
                before: before.as_ref().map(|w| Arc::clone(&w.body)),
                after: after.as_ref().map(|w| Arc::clone(&w.body)),
            });
            commit.changes.push(Change {
                key,
                before: before.map(|w| w.object),
                after: after.map(|w| w.object),
            });
        }
        commit
    }
}

/// One write, ready to happen.
struct Step {
    key: ObjectKey,
    before: Option<Written>,
    after: Option<Written>,
}
