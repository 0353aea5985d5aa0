//! [`Event`]: something that happened, as the API shows it, and which of them somebody wants to see.

use limiquantix_core::contract::Selector;
use limiquantix_core::resource::{Event, EventKind, Kind, Labels, SUBJECT_LABEL};
use limiquantix_core::{Error, Result};

use super::page::Listing;
use super::time::timestamp_to_wire;
use super::vm::project_filter;
use super::{etag, id};
use crate::event::v1 as wire;

/// The longest id of an object. UUIDs have 36 characters, names of projects at most 63.
const LONGEST_ID: usize = 128;

/// The event as the API shows it.
pub fn to_wire(event: &Event) -> wire::Event {
    wire::Event {
        id: event.id.to_string(),
        subject: wire::EventSubject {
            kind: event.subject.kind.to_string(),
            id: event.subject.id.to_string(),
            name: event.subject_name.clone(),
            ..Default::default()
        }
        .into(),
        kind: event.kind.as_str().to_owned(),
        message: event.message.clone(),
        node_id: event.node.map(|id| id.to_string()).unwrap_or_default(),
        project_id: event
            .project
            .as_ref()
            .map(|id| id.to_string())
            .unwrap_or_default(),
        created_at: timestamp_to_wire(event.meta.created_at).into(),
        revision: event.meta.revision.0,
        etag: etag::to_wire(event.meta.revision),
        ..Default::default()
    }
}

/// Which events, and which page of them, a list is to show.
///
/// # Errors
///
/// `INVALID_FIELD`, `INVALID_PAGE_TOKEN`.
pub fn listing_from_wire(request: &wire::ListEventsRequest) -> Result<Listing> {
    let selector = Wanted {
        resource_type: &request.resource_type,
        resource_id: &request.resource_id,
        event_types: &request.event_types,
        project_id: &request.project_id,
        node_id: &request.node_id,
    };
    Listing::read::<Event>(selector.read()?, request)
}

/// Which events somebody subscribes to.
///
/// # Errors
///
/// `INVALID_FIELD`.
pub fn subscription_from_wire(request: &wire::SubscribeRequest) -> Result<Selector> {
    let selector = Wanted {
        resource_type: &request.resource_type,
        resource_id: &request.resource_id,
        event_types: &request.event_types,
        project_id: &request.project_id,
        node_id: &request.node_id,
    };
    selector.read()
}

/// What both requests say of the events that are wanted.
struct Wanted<'a> {
    resource_type: &'a str,
    resource_id: &'a str,
    event_types: &'a [String],
    project_id: &'a str,
    node_id: &'a str,
}

impl Wanted<'_> {
    fn read(&self) -> Result<Selector> {
        if self.resource_id.len() > LONGEST_ID {
            return Err(Error::invalid(
                "resource_id",
                "resource_id is no id: it is too long",
            ));
        }
        let labels = match self.resource_id {
            "" => Labels::new(),
            id => Labels::from([(SUBJECT_LABEL.to_owned(), id.to_owned())]),
        };
        Ok(Selector {
            project: project_filter("project_id", self.project_id)?,
            node: id::optional("node_id", self.node_id, id::parse_node_id)?,
            phases: self.kinds()?.iter().map(|kind| kind.as_str()).collect(),
            labels,
            ..Selector::default()
        })
    }

    /// The kinds of events that are wanted; none if any is.
    fn kinds(&self) -> Result<Vec<EventKind>> {
        let subject = subject_from_wire(self.resource_type)?;
        let mut kinds: Vec<EventKind> = EventKind::ALL.to_vec();
        kinds.retain(|kind| subject.is_none_or(|subject| subject == kind.subject()));
        if self.event_types.is_empty() {
            return Ok(if subject.is_some() { kinds } else { Vec::new() });
        }
        let mut wanted = Vec::new();
        for (i, text) in self.event_types.iter().enumerate() {
            let before = wanted.len();
            wanted.extend(kinds.iter().copied().filter(|kind| names(text, *kind)));
            if wanted.len() == before {
                let shown: String = text.chars().take(64).collect();
                let field = format!("event_types[{i}]");
                let message = format!("{field}: no event of what is asked for is called {shown:?}");
                return Err(Error::invalid(field, message));
            }
        }
        wanted.sort_unstable();
        wanted.dedup();
        Ok(wanted)
    }
}

/// The kind of object that events are to be about; none if any.
fn subject_from_wire(text: &str) -> Result<Option<Kind>> {
    if text.is_empty() {
        return Ok(None);
    }
    let kind = Kind::parse(&text.to_ascii_lowercase());
    let told = kind.filter(|kind| EventKind::ALL.iter().any(|e| e.subject() == *kind));
    told.map(Some).ok_or_else(|| {
        let shown: String = text.chars().take(64).collect();
        let message = format!("resource_type is {shown:?}, of which no events are told");
        Error::invalid("resource_type", message)
    })
}

/// Whether `text` names this kind, with or without what it happens to.
fn names(text: &str, kind: EventKind) -> bool {
    let name = kind.as_str();
    let rest = name
        .strip_prefix(kind.subject().as_str())
        .and_then(|rest| rest.strip_prefix('_'));
    text.eq_ignore_ascii_case(name) || rest.is_some_and(|rest| text.eq_ignore_ascii_case(rest))
}
