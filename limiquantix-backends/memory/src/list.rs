use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use limiquantix_core::contract::{Page, PageRequest, Query, Selector};
use limiquantix_core::error::{Error, Result};
use limiquantix_core::query::OrderBy;
use limiquantix_core::resource::{Kind, Object, ObjectKey};

use crate::state::{State, Term};

/// The ids of the objects that have one value.
type Posting = BTreeSet<Arc<str>>;

impl State {
    /// One page. Reads the page and what it passes over: in the order of ids, of the smallest posting that the
    /// selector names (with a single condition, or project and phase, that is the page alone); in the order of
    /// names, of all objects of the kind.
    pub(crate) fn list(&self, query: &Query) -> Result<Page> {
        let limit = query.page.limit;
        if limit == 0 || limit > PageRequest::MAX {
            let message = format!("limit is {limit}; it must be from 1 to {}", PageRequest::MAX);
            return Err(Error::invalid("limit", message));
        }
        let (selector, order) = (&query.selector, query.page.order);
        let mut items: Vec<Object> = Vec::new();
        let mut next = None;
        for (n, object) in self.some(query, query.page.after.as_deref()).enumerate() {
            if selector.matches(object) {
                if items.len() == limit as usize {
                    next = items.last().map(|last| order.cursor(last));
                    break;
                }
                items.push(object.clone());
            }
            if selector.filter.is_some() && n + 1 == PageRequest::LOOKED_AT as usize {
                next = Some(order.cursor(object));
                break;
            }
        }
        let count = || self.some(query, None).filter(|o| selector.matches(o)).count();
        Ok(Page {
            items,
            next,
            total: query.page.count.then(|| count() as u64),
            revision: self.revision(),
        })
    }

    /// Objects among which are all that match, in the order asked for, from just after `after`.
    fn some<'a>(
        &'a self,
        query: &'a Query,
        after: Option<&str>,
    ) -> Box<dyn Iterator<Item = &'a Object> + 'a> {
        let (kind, selector, order) = (query.kind, &query.selector, query.page.order);
        let get = move |id| self.get(&ObjectKey { kind, id });
        match order.by {
            OrderBy::Id => match self.candidates(kind, selector) {
                None => self.of_kind(kind, order, after),
                Some(postings) => Box::new(merge(postings, order.descending, after).filter_map(get)),
            },
            // Few have one name or are on one node: those are sorted. Otherwise the names are walked.
            OrderBy::Name if selector.name.is_some() || selector.node.is_some() => {
                let postings = self.candidates(kind, selector).unwrap_or_default();
                let all = merge(postings, false, None).filter_map(get);
                let mut found: Vec<_> = all.filter(|object| object.index().name.is_some()).collect();
                found.sort_by_key(|object| order.key(object));
                if order.descending {
                    found.reverse();
                }
                let place = after.map(|after| {
                    let (name, id) = order.place(after);
                    (name.to_owned(), Arc::from(id))
                });
                let passed = move |object: &&Object| {
                    place.as_ref().is_some_and(|place| match order.descending {
                        false => order.key(object) <= *place,
                        true => order.key(object) >= *place,
                    })
                };
                Box::new(found.into_iter().skip_while(passed))
            }
            OrderBy::Name => self.of_kind(kind, order, after),
        }
    }

    /// Disjoint postings that together hold every match, or `None` for a selector without conditions. Of
    /// the conditions, the one that the fewest objects meet.
    fn candidates(&self, kind: Kind, selector: &Selector) -> Option<Vec<&Posting>> {
        let mut conditions: Vec<Vec<Term>> = Vec::new();
        conditions.extend(selector.name.clone().map(|n| vec![Term::Name(n)]));
        conditions.extend(selector.node.map(|n| vec![Term::Node(n)]));
        conditions.extend(
            selector
                .labels
                .iter()
                .map(|(k, v)| vec![Term::Label(k.clone(), v.clone())]),
        );
        let phases: BTreeSet<&str> = selector.phases.iter().copied().collect();
        let in_phase = |phase: &str| match &selector.project {
            Some(project) => Term::ProjectPhase(project.clone(), phase.to_owned()),
            None => Term::Phase(phase.to_owned()),
        };
        match &selector.project {
            Some(project) if phases.is_empty() => conditions.push(vec![Term::Project(project.clone())]),
            None if phases.is_empty() => {}
            _ => conditions.push(phases.into_iter().map(in_phase).collect()),
        }
        conditions
            .into_iter()
            .map(|terms| -> Vec<&Posting> {
                terms
                    .into_iter()
                    .filter_map(|term| self.posting(kind, term))
                    .collect()
            })
            .min_by_key(|postings| postings.iter().map(|p| p.len()).sum::<usize>())
    }
}

/// The ids of disjoint postings in order, from just after `after`. There are at most as many postings as phases, so
/// the head that comes first is found by looking at all.
fn merge<'a>(
    postings: Vec<&'a Posting>,
    descending: bool,
    after: Option<&str>,
) -> impl Iterator<Item = Arc<str>> + use<'a> {
    let span = match (descending, after) {
        (_, None) => (Unbounded, Unbounded),
        (false, Some(after)) => (Excluded(after), Unbounded),
        (true, Some(after)) => (Unbounded, Excluded(after)),
    };
    let heads = postings.into_iter().map(|ids| ids.range::<str, _>(span));
    let heads = heads.map(|ids| -> Box<dyn Iterator<Item = &'a Arc<str>>> {
        match descending {
            false => Box::new(ids),
            true => Box::new(ids.rev()),
        }
    });
    let mut heads: Vec<_> = heads.map(Iterator::peekable).collect();
    std::iter::from_fn(move || {
        let waiting = heads.iter_mut().filter_map(|head| {
            let id = *head.peek()?;
            Some((id, head))
        });
        let first = match descending {
            false => waiting.min_by_key(|(id, _)| *id),
            true => waiting.max_by_key(|(id, _)| *id),
        };
        first.and_then(|(_, head)| head.next()).cloned()
    })
}
