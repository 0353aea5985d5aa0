use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use limiquantix_core::contract::{Page, PageRequest, Query, Selector};
use limiquantix_core::error::{Error, Result};
use limiquantix_core::resource::{Kind, Object, ObjectKey};

use crate::state::{State, Term};

/// The ids of the objects that have one value.
type Posting = BTreeSet<Arc<str>>;

impl State {
    /// One page. Reads the page and what it passes over in the smallest posting that the selector names:
    /// with a single condition, or project and phase, that is the page alone.
    pub(crate) fn list(&self, query: &Query) -> Result<Page> {
        let limit = query.page.limit;
        if limit == 0 || limit > PageRequest::MAX {
            let message = format!("limit is {limit}; it must be from 1 to {}", PageRequest::MAX);
            return Err(Error::invalid("limit", message));
        }
        let mut matches = self.matches(query, query.page.after.as_deref());
        let items: Vec<Object> = matches.by_ref().take(limit as usize).cloned().collect();
        let more = matches.next().is_some();
        let next = items.last().filter(|_| more).map(|o| o.key().id.to_string());
        let total = query.page.count.then(|| self.matches(query, None).count() as u64);
        Ok(Page {
            items,
            next,
            total,
            revision: self.revision(),
        })
    }

    /// The objects that match, by id, from just after `after`.
    fn matches<'a>(
        &'a self,
        query: &'a Query,
        after: Option<&str>,
    ) -> Box<dyn Iterator<Item = &'a Object> + 'a> {
        let (kind, selector) = (query.kind, &query.selector);
        match self.candidates(kind, selector) {
            None => Box::new(self.of_kind(kind, after).filter(|o| selector.matches(o))),
            Some(postings) => Box::new(
                merge(postings, after)
                    .filter_map(move |id| self.get(&ObjectKey { kind, id }))
                    .filter(|o| selector.matches(o)),
            ),
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

/// The ids of disjoint postings in ascending order, from just after `after`. There are at most as many
/// postings as phases, so the smallest head is found by looking at all.
fn merge<'a>(postings: Vec<&'a Posting>, after: Option<&str>) -> impl Iterator<Item = Arc<str>> + use<'a> {
    let from = after.map_or(Unbounded, Excluded);
    let mut heads: Vec<_> = postings
        .into_iter()
        .map(|ids| ids.range::<str, _>((from, Unbounded)).peekable())
        .collect();
    std::iter::from_fn(move || {
        let smallest = heads
            .iter_mut()
            .filter_map(|head| {
                let id = *head.peek()?;
                Some((id, head))
            })
            .min_by_key(|(id, _)| *id);
        smallest.and_then(|(_, head)| head.next()).cloned()
    })
}
