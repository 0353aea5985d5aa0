use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::sync::Arc;

use limiquantix_core::contract::Commit;
use limiquantix_core::identity::{NodeId, ProjectId};
use limiquantix_core::query::{Order, OrderBy};
use limiquantix_core::resource::{Kind, Object, ObjectKey, Revision};

use crate::Options;

/// Everything the store knows.
#[derive(Debug)]
pub(crate) struct State {
    objects: BTreeMap<ObjectKey, Object>,
    /// Who has a unique name.
    names: BTreeMap<(Kind, String), Arc<str>>,
    /// Every object under its name, for lists in order of names.
    by_name: BTreeSet<(Kind, String, Arc<str>)>,
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
            by_name: BTreeSet::new(),
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

    /// Objects of a kind in the order asked for, from just after `after`.
    pub(crate) fn of_kind<'a>(
        &'a self,
        kind: Kind,
        order: Order,
        after: Option<&str>,
    ) -> Box<dyn Iterator<Item = &'a Object> + 'a> {
        let place = after.map(|after| order.place(after));
        match order.by {
            OrderBy::Id => {
                let key = |kind, id: &str| ObjectKey { kind, id: id.into() };
                let place = place.map(|(_, id)| key(kind, id));
                let range = span(order, kind, |kind| key(kind, ""), place);
                directed(order, self.objects.range(range).map(|(_, object)| object))
            }
            OrderBy::Name => {
                let key = |kind, name: &str, id: &str| (kind, name.to_owned(), id.into());
                let place = place.map(|(name, id)| key(kind, name, id));
                let range = span(order, kind, |kind| key(kind, "", ""), place);
                let objects = self.by_name.range(range).filter_map(|(kind, _, id)| {
                    let (kind, id) = (*kind, Arc::clone(id));
                    self.objects.get(&ObjectKey { kind, id })
                });
                directed(order, objects)
            }
        }
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
        self.by_name.extend(by_name(object));
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
        if let Some(named) = by_name(object) {
            self.by_name.remove(&named);
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

/// The part of a sorted map of all kinds that has those of `kind` from just after `place` on, in either direction.
/// `first` makes the least key of a kind.
fn span<K>(order: Order, kind: Kind, first: impl Fn(Kind) -> K, place: Option<K>) -> (Bound<K>, Bound<K>) {
    let next = Kind::ALL.iter().copied().find(|other| *other > kind);
    let (begin, end) = (
        Included(first(kind)),
        next.map_or(Unbounded, |next| Excluded(first(next))),
    );
    match (order.descending, place) {
        (_, None) => (begin, end),
        (false, Some(place)) => (Excluded(place), end),
        (true, Some(place)) => (begin, Excluded(place)),
    }
}

fn directed<'a>(
    order: Order,
    objects: impl DoubleEndedIterator<Item = &'a Object> + 'a,
) -> Box<dyn Iterator<Item = &'a Object> + 'a> {
    match order.descending {
        false => Box::new(objects),
        true => Box::new(objects.rev()),
    }
}

fn by_name(object: &Object) -> Option<(Kind, String, Arc<str>)> {
    let name = object.index().name?.to_owned();
    Some((object.kind(), name, object.key().id))
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
