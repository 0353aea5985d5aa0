use std::collections::BTreeSet;

use async_trait::async_trait;

use super::BoxStream;
use crate::error::{Error, Reason, Result};
use crate::identity::{NodeId, ProjectId};
use crate::query::{Filter, Order};
use crate::resource::{Kind, Labels, Object, ObjectKey, Resource, Revision};

/// Where state is kept: a versioned map from [`ObjectKey`] to [`Object`] with atomic commits and a log.
///
/// **Flow.** Services read, decide purely, and commit a [`Changeset`] whose writes carry the versions they
/// were decided on; controllers and agents follow the log with [`watch`](Store::watch).
///
/// **Guarantees.** One total order of commits; the revision of commit *n* is *n*. A commit is atomic and
/// durable when `commit` returns (as durable as the backend declares). Reads see every commit that returned
/// before they began. A watch delivers every commit after its start, in order, none missing, none twice.
///
/// **Assumptions.** One writer process per data directory for embedded backends, which they enforce.
///
/// Errors of every method: `STORE_UNAVAILABLE` when the backend cannot be reached or cannot write, with
/// no effect that a later read would show and this one would not; `CORRUPT` when stored data is unreadable.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Applies all writes, or none.
    ///
    /// Every guard and precondition is checked against the same state. `VERSION_MISMATCH` (with `key`,
    /// `expected`, `actual`) when an object is not at the expected version or is gone; `ID_TAKEN` when one
    /// to be created exists; `NAME_TAKEN` when another object of the kind has the same unique name.
    /// Within one changeset the unique names are checked on the outcome, so a name may pass from one object
    /// to another. A changeset that writes a key twice, or nothing at all, is `INTERNAL`.
    ///
    /// The commit returned has the objects as stored, each with the new revision. On a cancelled call the
    /// commit happened or did not: read to find out.
    async fn commit(&self, changes: Changeset) -> Result<Commit>;

    /// The object, or `None`.
    async fn get(&self, key: &ObjectKey) -> Result<Option<Object>>;

    /// Objects of one kind in `page.order`, from just after `page.after`. Walking all pages returns every
    /// object that matched throughout, and kept its name where the order is by name, exactly once, whatever is
    /// written meanwhile. A limit out of its bounds is `INVALID_FIELD` (`limit`).
    ///
    /// A page may hold fewer objects than its limit, even none, and yet have a `next`: a store that has to look at
    /// objects one by one because of the selector's filter looks at some [`PageRequest::LOOKED_AT`] for a page, so
    /// that no filter makes a read endless. Without a filter only the last page is shorter.
    async fn list(&self, query: &Query) -> Result<Page>;

    /// Every commit with a revision greater than `from`, reduced to the changes that `filter` can see.
    /// Commits with none are reported as empty ones now and then, so that the follower's position advances.
    /// `REVISION_EXPIRED`, at once or as the stream's last item, when commits after `from` are no longer
    /// kept; `from` greater than the present revision is `INVALID_FIELD` (`from_revision`).
    /// A slow follower delays nobody.
    async fn watch(&self, from: Revision, filter: WatchFilter) -> Result<WatchStream>;

    /// The revision of the last commit.
    async fn revision(&self) -> Result<Revision>;
}

/// What [`Store::watch`] returns.
pub type WatchStream = BoxStream<Result<Commit>>;

/// Writes that happen together or not at all.
#[derive(Debug, Clone, Default)]
pub struct Changeset {
    /// Conditions on objects that are not written.
    pub guards: Vec<Guard>,
    /// The writes.
    pub writes: Vec<Write>,
}

/// A condition on an object that is only read.
#[derive(Debug, Clone, PartialEq)]
pub enum Guard {
    /// It is still at this version.
    At(ObjectKey, Revision),
    /// It does not exist.
    Absent(ObjectKey),
}

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Store a new object; none with its id may exist.
    Create(Object),
    /// Replace an object that is still at the version that the new content carries in its `meta`.
    Update(Object),
    /// Remove an object that is still at this version.
    Delete(ObjectKey, Revision),
}

impl Changeset {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the creation of `resource`.
    pub fn create<R: Resource>(&mut self, resource: R) -> &mut Self {
        self.writes.push(Write::Create(resource.into_object()));
        self
    }

    /// Adds an update of `resource`, on condition that it is still at the version it was read at.
    pub fn update<R: Resource>(&mut self, resource: R) -> &mut Self {
        self.writes.push(Write::Update(resource.into_object()));
        self
    }

    /// Adds the removal of `resource`, on condition that it is still at the version it was read at.
    pub fn delete<R: Resource>(&mut self, resource: &R) -> &mut Self {
        self.writes
            .push(Write::Delete(resource.key(), resource.meta().revision));
        self
    }

    /// Adds the condition that `resource` is still at the version it was read at.
    pub fn guard<R: Resource>(&mut self, resource: &R) -> &mut Self {
        self.guards
            .push(Guard::At(resource.key(), resource.meta().revision));
        self
    }

    /// Refuses changesets that no store could apply in a defined way.
    pub fn check(&self) -> Result<()> {
        if self.writes.is_empty() {
            return Err(Error::internal("a changeset without writes"));
        }
        let mut seen = BTreeSet::new();
        for write in &self.writes {
            let key = write.key();
            if !seen.insert(key.clone()) {
                return Err(Error::internal(format!("a changeset writes {key} twice")));
            }
        }
        Ok(())
    }
}

impl Write {
    /// The object that is written.
    pub fn key(&self) -> ObjectKey {
        match self {
            Self::Create(o) | Self::Update(o) => o.key(),
            Self::Delete(key, _) => key.clone(),
        }
    }

    /// Decides whether this write may happen, given the version that the object is at.
    ///
    /// The one home of the precondition rules: every store calls this.
    pub fn admit(&self, actual: Option<Revision>) -> Result<()> {
        match (self, actual) {
            (Self::Create(o), Some(_)) => {
                let key = o.key();
                Err(Error::new(Reason::IdTaken, format!("{key} exists already")).with("key", key.to_string()))
            }
            (Self::Create(_), None) => Ok(()),
            (Self::Update(o), _) => require(&o.key(), Some(o.meta().revision), actual),
            (Self::Delete(key, expected), _) => require(key, Some(*expected), actual),
        }
    }
}

impl Guard {
    /// The object that the condition is on.
    pub fn key(&self) -> &ObjectKey {
        match self {
            Self::At(key, _) | Self::Absent(key) => key,
        }
    }

    /// Decides whether the condition holds, given the version that the object is at.
    pub fn admit(&self, actual: Option<Revision>) -> Result<()> {
        match self {
            Self::At(key, expected) => require(key, Some(*expected), actual),
            Self::Absent(key) => require(key, None, actual),
        }
    }
}

fn require(key: &ObjectKey, expected: Option<Revision>, actual: Option<Revision>) -> Result<()> {
    if expected == actual {
        return Ok(());
    }
    let text = |r: Option<Revision>| r.map_or_else(|| "absent".to_owned(), |r| r.to_string());
    let message = format!(
        "{key} has changed: expected version {}, found {}",
        text(expected),
        text(actual)
    );
    Err(Error::new(Reason::VersionMismatch, message)
        .with("key", key.to_string())
        .with("expected", text(expected))
        .with("actual", text(actual)))
}

/// The error of a commit that would give two objects of a kind the same unique name.
pub(crate) fn name_taken_error(kind: Kind, name: &str) -> Error {
    let shown = name.rsplit('/').next().unwrap_or(name);
    Error::new(Reason::NameTaken, format!("the {kind} name {shown:?} is taken"))
        .with("field", "name")
        .with("kind", kind.as_str())
        .with("name", name)
}

impl Object {
    /// The error for a unique name that another object has.
    pub fn name_taken(&self) -> Error {
        name_taken_error(self.kind(), self.index().unique.as_deref().unwrap_or_default())
    }
}

/// One commit as followers see it: the changes that happened together.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// Its number. A watch resumed from here continues after it.
    pub revision: Revision,
    /// The changes that the filter let through, in the order of the changeset. May be empty.
    pub changes: Vec<Change>,
}

/// One object before and after a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The object.
    pub key: ObjectKey,
    /// What it was; `None` if it did not exist.
    pub before: Option<Object>,
    /// What it is; `None` if it was removed.
    pub after: Option<Object>,
}

/// What a change is to somebody who sees only some objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It came into view.
    Added,
    /// It was in view and still is.
    Modified,
    /// It left the view.
    Deleted,
}

impl Change {
    /// What this change is to somebody who sees the objects that `selector` matches; `None` if nothing.
    pub fn seen_by(&self, selector: &Selector) -> Option<ChangeKind> {
        let matches = |o: &Option<Object>| o.as_ref().is_some_and(|o| selector.matches(o));
        match (matches(&self.before), matches(&self.after)) {
            (false, true) => Some(ChangeKind::Added),
            (true, true) => Some(ChangeKind::Modified),
            (true, false) => Some(ChangeKind::Deleted),
            (false, false) => None,
        }
    }
}

/// Which objects of a kind. Conditions are joined with *and*; an empty selector matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// Only this tenant's.
    pub project: Option<ProjectId>,
    /// Only with exactly this name.
    pub name: Option<String>,
    /// Only on this node.
    pub node: Option<NodeId>,
    /// Only in one of these phases (lower-case); any if empty.
    pub phases: Vec<&'static str>,
    /// Only with all of these labels.
    pub labels: Labels,
    /// Only those for which this is true. Set by [`Filter::narrow`].
    pub filter: Option<Filter>,
}

impl Selector {
    /// Whether `object` is one of those.
    pub fn matches(&self, object: &Object) -> bool {
        let index = object.index();
        self.project.as_ref().is_none_or(|p| index.project == Some(p))
            && self.name.as_deref().is_none_or(|n| index.name == Some(n))
            && self.node.is_none_or(|n| index.node == Some(n))
            && (self.phases.is_empty() || index.phase.is_some_and(|p| self.phases.contains(&p)))
            && self.labels.iter().all(|(k, v)| object.labels().get(k) == Some(v))
            && self.filter.as_ref().is_none_or(|filter| filter.matches(object))
    }
}

/// One page of objects of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The kind.
    pub kind: Kind,
    /// Which of them.
    pub selector: Selector,
    /// Which page of those.
    pub page: PageRequest,
}

impl Query {
    /// The first page of the objects of a kind that `selector` matches.
    pub fn new(kind: Kind, selector: Selector) -> Self {
        Self {
            kind,
            selector,
            page: PageRequest::default(),
        }
    }
}

/// Which page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// The most objects to return; at least 1, at most [`PageRequest::MAX`].
    pub limit: u32,
    /// Where the page begins: what [`Page::next`] said, or [`Order::cursor`] of an object. In the order of ids
    /// it is the id itself, which need not exist.
    pub after: Option<String>,
    /// In which order.
    pub order: Order,
    /// Also count all matches (in the order of names, those that have one). Linear in their number: only where
    /// somebody asked for it.
    pub count: bool,
}

impl PageRequest {
    /// The largest page.
    pub const MAX: u32 = 1000;
    /// How many objects a store looks at for one page of a filtered list, before it returns what it has: some
    /// tenths of a second of work.
    pub const LOOKED_AT: u32 = 10_000;
}

impl Default for PageRequest {
    fn default() -> Self {
        Self {
            limit: 50,
            after: None,
            order: Order::default(),
            count: false,
        }
    }
}

/// What [`Store::list`] returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The objects.
    pub items: Vec<Object>,
    /// Where the next page begins; `None` if this was the last.
    pub next: Option<String>,
    /// How many match in all, if asked for.
    pub total: Option<u64>,
    /// The page shows the state at this revision: a watch from here misses nothing.
    pub revision: Revision,
}

/// What a follower sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchFilter {
    /// Only these kinds; all if empty.
    pub kinds: Vec<Kind>,
    /// Only changes that are seen by this selector.
    pub selector: Selector,
}

impl WatchFilter {
    /// Reduces a commit to what the filter lets through.
    pub fn apply(&self, commit: &Commit) -> Commit {
        let kind = |c: &&Change| self.kinds.is_empty() || self.kinds.contains(&c.key.kind);
        let changes = commit
            .changes
            .iter()
            .filter(kind)
            .filter(|c| c.seen_by(&self.selector).is_some());
        Commit {
            revision: commit.revision,
            changes: changes.cloned().collect(),
        }
    }
}
