use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use limiquantix_core::contract::Commit;
use limiquantix_core::identity::{NodeId, ProjectId};
use limiquantix_core::resource::{Kind, Object, ObjectKey, Revision};

use crate::Options;

/// Everything the store knows.
#[derive(Debug)]
pub(crate) struct State {
    objects: BTreeMap<ObjectKey, Object>,
    /// Who has a unique name.
    names: BTreeMap<(Kind, String), Arc<str>>,
    /// For every value that a selector can ask for: the ids of the objects that have it.
    postings: BTreeMap<(Kind, Term), BTreeSet<Arc<str>>>,
    /// The last commits; the newest has the revision of the store.
    log: VecDeque<Arc<Commit>>,
    revision: Revision,
    options: Options,
}

/// A value by which objects are found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Term {
    Project(ProjectId),
    Name(String),
    Node(NodeId),
    Phase(String),
    /// The pair that lists ask for most: a tenant's objects in one phase.
    ProjectPhase(ProjectId, String),
    Label(String, String),
}

impl State {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            objects: BTreeMap::new(),
            names: BTreeMap::new(),
            postings: BTreeMap::new(),
            log: VecDeque::new(),
            revision: Revision::ZERO,
            options,
        }
    }

    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    pub(crate) fn get(&self, key: &ObjectKey) -> Option<&Object> {
        self.objects.get(key)
    }

    pub(crate) fn version(&self, key: &ObjectKey) -> Option<Revision> {
        self.get(key).map(|o| o.meta().revision)
    }

    pub(crate) fn owner(&self, kind: Kind, unique: &str) -> Option<&Arc<str>> {
        self.names.get(&(kind, unique.to_owned()))
    }

    /// The ids of the objects that have `term`, or `None` if there are none.
    pub(crate) fn posting(&self, kind: Kind, term: Term) -> Option<&BTreeSet<Arc<str>>> {
        self.postings.get(&(kind, term))
    }

    /// Objects of a kind by id, from just after `after`.
    pub(crate) fn of_kind<'a>(
        &'a self,
        kind: Kind,
        after: Option<&str>,
    ) -> impl Iterator<Item = &'a Object> + use<'a> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let key = |id: &str| ObjectKey { kind, id: id.into() };
        let from = after.map_or_else(|| Included(key("")), |id| Excluded(key(id)));
        self.objects
            .range((from, Unbounded))
            .take_while(move |(key, _)| key.kind == kind)
            .map(|(_, object)| object)
    }

    /// The oldest revision that a watch can begin after.
    pub(crate) fn floor(&self) -> Revision {
        Revision(self.revision.0 - self.log.len() as u64)
    }

    /// Up to `limit` commits after `position`, which must not be below the floor.
    pub(crate) fn commits_after(
        &self,
        position: Revision,
        limit: usize,
    ) -> impl Iterator<Item = &Arc<Commit>> {
        let skip = position.0.saturating_sub(self.floor().0);
        self.log
            .iter()
            .skip(usize::try_from(skip).unwrap_or(usize::MAX))
            .take(limit)
    }

    /// Takes over a commit that was checked. The only place where anything changes.
    pub(crate) fn apply(&mut self, commit: &Arc<Commit>) {
        // First all that goes, then all that comes: a name may pass from one object to another.
        for change in &commit.changes {
            if let Some(before) = &change.before {
                self.unindex(before);
                self.objects.remove(&change.key);
            }
        }
        for change in &commit.changes {
            if let Some(after) = &change.after {
                self.index(after);
                self.objects.insert(change.key.clone(), after.clone());
            }
        }
        self.revision = commit.revision;
        self.log.push_back(Arc::clone(commit));
        while self.log.len() as u64 > self.options.retain.max(1) {
            self.log.pop_front();
        }
    }

    fn index(&mut self, object: &Object) {
        let key = object.key();
        if let Some(unique) = object.index().unique {
            self.names.insert((key.kind, unique), Arc::clone(&key.id));
        }
        for term in terms(object) {
            self.postings
                .entry((key.kind, term))
                .or_default()
                .insert(Arc::clone(&key.id));
        }
    }

    fn unindex(&mut self, object: &Object) {
        let key = object.key();
        if let Some(unique) = object.index().unique {
            self.names.remove(&(key.kind, unique));
        }
        for term in terms(object) {
            let at = (key.kind, term);
            if let Some(ids) = self.postings.get_mut(&at) {
                ids.remove(&key.id);
                if ids.is_empty() {
                    self.postings.remove(&at);
                }
            }
        }
    }
}

fn terms(object: &Object) -> Vec<Term> {
    let index = object.index();
    let mut terms = Vec::with_capacity(5 + object.labels().len());
    terms.extend(index.project.map(|p| Term::Project(p.clone())));
    terms.extend(index.name.map(|n| Term::Name(n.to_owned())));
    terms.extend(index.node.map(Term::Node));
    terms.extend(index.phase.map(|p| Term::Phase(p.to_owned())));
    if let (Some(project), Some(phase)) = (index.project, index.phase) {
        terms.push(Term::ProjectPhase(project.clone(), phase.to_owned()));
    }
    terms.extend(
        object
            .labels()
            .iter()
            .map(|(k, v)| Term::Label(k.clone(), v.clone())),
    );
    terms
}
