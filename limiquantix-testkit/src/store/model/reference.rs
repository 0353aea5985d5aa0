use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use limiquantix_core::contract::{Change, Changeset, Commit, Page, Query, WatchFilter, Write};
use limiquantix_core::error::Reason;
use limiquantix_core::query::OrderBy;
use limiquantix_core::resource::{Object, ObjectKey, Revision};

/// A store as one would write it on a whiteboard: linear, in memory, obviously right.
#[derive(Debug, Clone, Default)]
pub struct Model {
    objects: BTreeMap<ObjectKey, Object>,
    log: Vec<Commit>,
}

impl Model {
    /// The revision of the last commit.
    pub fn revision(&self) -> Revision {
        Revision(self.log.len() as u64)
    }

    /// The object.
    pub fn get(&self, key: &ObjectKey) -> Option<&Object> {
        self.objects.get(key)
    }

    /// The version of an object.
    pub fn version(&self, key: &ObjectKey) -> Option<Revision> {
        self.get(key).map(|o| o.meta().revision)
    }

    /// All objects, by key.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values()
    }

    /// Applies a changeset, or says every reason for which a store may refuse it.
    pub fn commit(&mut self, changes: &Changeset) -> Result<Commit, BTreeSet<Reason>> {
        let reasons = self.objections(changes);
        if !reasons.is_empty() {
            return Err(reasons);
        }
        let revision = self.revision().next();
        let mut commit = Commit {
            revision,
            changes: Vec::new(),
        };
        for write in &changes.writes {
            let key = write.key();
            let after = match write {
                Write::Create(o) | Write::Update(o) => Some(o.clone().at_revision(revision)),
                Write::Delete(..) => None,
            };
            let before = match &after {
                Some(object) => self.objects.insert(key.clone(), object.clone()),
                None => self.objects.remove(&key),
            };
            commit.changes.push(Change { key, before, after });
        }
        self.log.push(commit.clone());
        Ok(commit)
    }

    /// The page that a query must return.
    pub fn list(&self, query: &Query) -> Page {
        let order = query.page.order;
        let listed = |o: &&Object| o.kind() == query.kind && query.selector.matches(o);
        let named = |o: &&Object| order.by == OrderBy::Id || o.index().name.is_some();
        let mut all: Vec<_> = self.objects.values().filter(listed).filter(named).collect();
        let total = all.len() as u64;
        all.sort_by_key(|o| order.key(o));
        let after = query.page.after.as_deref().map(|after| {
            let (name, id) = order.place(after);
            (name.to_owned(), Arc::from(id))
        });
        if order.descending {
            all.reverse();
        }
        let mut rest = all.into_iter().filter(|o| {
            after.as_ref().is_none_or(|after| match order.descending {
                false => order.key(o) > *after,
                true => order.key(o) < *after,
            })
        });
        let items: Vec<Object> = rest.by_ref().take(query.page.limit as usize).cloned().collect();
        let next = match rest.next() {
            Some(_) => items.last().map(|last| order.cursor(last)),
            None => None,
        };
        Page {
            items,
            next,
            total: query.page.count.then_some(total),
            revision: self.revision(),
        }
    }

    /// The commits that a watch must show, those without changes left out.
    pub fn watch(&self, from: Revision, filter: &WatchFilter) -> Vec<Commit> {
        let rest = self.log.iter().filter(|c| c.revision > from);
        rest.map(|c| filter.apply(c))
            .filter(|c| !c.changes.is_empty())
            .collect()
    }

    fn objections(&self, changes: &Changeset) -> BTreeSet<Reason> {
        let mut reasons = BTreeSet::new();
        if let Err(e) = changes.check() {
            reasons.insert(e.reason());
            return reasons;
        }
        for guard in &changes.guards {
            reasons.extend(guard.admit(self.version(guard.key())).err().map(|e| e.reason()));
        }
        let mut outcome = self.objects.clone();
        for write in &changes.writes {
            let key = write.key();
            reasons.extend(write.admit(self.version(&key)).err().map(|e| e.reason()));
            match write {
                Write::Create(o) | Write::Update(o) => outcome.insert(key, o.clone()),
                Write::Delete(..) => outcome.remove(&key),
            };
        }
        let mut names = BTreeSet::new();
        let unique = |o: &Object| o.index().unique.map(|u| (o.kind(), u));
        if !outcome.values().filter_map(unique).all(|name| names.insert(name)) {
            reasons.insert(Reason::NameTaken);
        }
        reasons
    }
}
