use limiquantix_core::contract::{Changeset, Guard, Selector, WatchFilter, Write};
use limiquantix_core::query::{Filter, Order, OrderBy};
use limiquantix_core::resource::{Kind, Object, ObjectKey, Revision};
use proptest::prelude::*;

use super::Restarts;
use crate::strategies::{Slots, any_selector};

/// One step of a history. Versions are relative to the state it meets, so that a step keeps its meaning
/// when proptest takes away those before it.
#[derive(Debug, Clone)]
pub enum Step {
    /// Commit a changeset made of these.
    Commit(Vec<Intent>),
    /// Read one object.
    Get(ObjectKey),
    /// Read one page.
    List {
        /// Of this kind.
        kind: Kind,
        /// These objects.
        selector: Selector,
        /// At most so many.
        limit: u32,
        /// After this object, or from the beginning.
        after: Option<Object>,
        /// In this order.
        order: Order,
    },
    /// Watch everything that this filter sees, from this share (of 256) of the history so far.
    Watch {
        /// Where to begin.
        from: u8,
        /// What to see.
        filter: WatchFilter,
    },
    /// Close the store and open it again.
    Restart,
}

/// One write or condition of a changeset.
#[derive(Debug, Clone)]
pub enum Intent {
    /// Create the object, or update it if it exists: accepted, but for its name.
    Put(Object),
    /// Create the object, exist it or not.
    Create(Object),
    /// Update the object at its version less this.
    Update(Object, u8),
    /// Delete the object at its version less this.
    Delete(ObjectKey, u8),
    /// On condition that the object is at its version less this.
    At(ObjectKey, u8),
    /// On condition that the object is absent.
    Absent(ObjectKey),
}

impl Intent {
    /// The object that it is about.
    pub fn key(&self) -> ObjectKey {
        match self {
            Self::Put(o) | Self::Create(o) | Self::Update(o, _) => o.key(),
            Self::Delete(key, _) | Self::At(key, _) | Self::Absent(key) => key.clone(),
        }
    }
}

impl Step {
    /// The changeset that intents mean where objects are at these versions.
    pub fn changeset(intents: &[Intent], now: impl Fn(&ObjectKey) -> Option<Revision>) -> Changeset {
        // Where there is no object, any version is wrong; 1 is one that a store could mistake for right.
        let version = |key: &ObjectKey, off: u8| {
            let actual = now(key).unwrap_or(Revision(1));
            Revision(actual.0.saturating_sub(u64::from(off)))
        };
        let mut changes = Changeset::new();
        for intent in intents {
            match intent {
                Intent::Put(o) => changes.writes.push(match now(&o.key()) {
                    Some(at) => Write::Update(o.clone().at_revision(at)),
                    None => Write::Create(o.clone()),
                }),
                Intent::Create(o) => changes.writes.push(Write::Create(o.clone())),
                Intent::Update(o, off) => {
                    let at = version(&o.key(), *off);
                    changes.writes.push(Write::Update(o.clone().at_revision(at)));
                }
                Intent::Delete(key, off) => changes
                    .writes
                    .push(Write::Delete(key.clone(), version(key, *off))),
                Intent::At(key, off) => changes.guards.push(Guard::At(key.clone(), version(key, *off))),
                Intent::Absent(key) => changes.guards.push(Guard::Absent(key.clone())),
            }
        }
        changes
    }
}

/// A history of up to 40 steps.
pub fn any_history(restarts: Restarts) -> impl Strategy<Value = Vec<Step>> {
    let restart = match restarts {
        Restarts::Never => 0,
        Restarts::Between => 2,
    };
    let step = prop_oneof![
        12 => prop::collection::vec(any_intent(), 0..4).prop_map(Step::Commit),
        2 => any_key().prop_map(Step::Get),
        6 => any_list(),
        2 => any_watch(),
        restart => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..40)
}

const SLOTS: Slots = Slots { ids: 8 };

fn any_key() -> impl Strategy<Value = ObjectKey> {
    SLOTS.object().prop_map(|o| o.key())
}

/// Any write or condition on the few objects that histories are about.
pub fn any_intent() -> impl Strategy<Value = Intent> {
    let off = || prop_oneof![6 => Just(0u8), 1 => 1u8..3];
    prop_oneof![
        12 => SLOTS.object().prop_map(Intent::Put),
        1 => SLOTS.object().prop_map(Intent::Create),
        2 => (SLOTS.object(), off()).prop_map(|(o, off)| Intent::Update(o, off)),
        3 => (any_key(), off()).prop_map(|(key, off)| Intent::Delete(key, off)),
        1 => (any_key(), off()).prop_map(|(key, off)| Intent::At(key, off)),
        1 => any_key().prop_map(Intent::Absent),
    ]
}

fn any_list() -> impl Strategy<Value = Step> {
    (
        SLOTS.kind(),
        any_selector(),
        any_filter(),
        1u32..6,
        proptest::option::of(SLOTS.object()),
        any_order(),
    )
        .prop_map(|(kind, selector, filter, limit, after, order)| Step::List {
            kind,
            selector: narrowed(kind, selector, filter),
            limit,
            after,
            order,
        })
}

/// An expression that is about any kind, or none.
fn any_filter() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "",
        "name = *e*",
        "NOT name = web",
        "name = web AND labels.env : *",
        "project_id = lab OR labels : env",
        "created_at < 2000-01-01T00:00:00Z",
    ])
}

fn narrowed(kind: Kind, mut selector: Selector, filter: &str) -> Selector {
    if let Ok(Some(filter)) = Filter::parse(kind, filter) {
        filter.narrow(&mut selector);
    }
    selector
}

/// Any order.
fn any_order() -> impl Strategy<Value = Order> {
    let by = prop_oneof![Just(OrderBy::Id), Just(OrderBy::Name)];
    (by, any::<bool>()).prop_map(|(by, descending)| Order { by, descending })
}

fn any_watch() -> impl Strategy<Value = Step> {
    let kinds = prop::collection::vec(SLOTS.kind(), 0..3);
    let selector = prop_oneof![1 => Just(Selector::default()), 1 => any_selector()];
    (any::<u8>(), kinds, selector).prop_map(|(from, kinds, selector)| Step::Watch {
        from,
        filter: WatchFilter { kinds, selector },
    })
}
