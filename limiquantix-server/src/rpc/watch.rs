//! Watch streams: events of the SDK as messages, until the client leaves. The gate ends them when the server stops.

use connectrpc::{ConnectError, ServiceStream};
use futures_util::StreamExt as _;
use limiquantix::{WatchEvent, WatchItems, WatchStart};
use limiquantix_core::resource::Resource;
use limiquantix_proto::convert::watch::{WatchFrom, change_to_wire, from_wire};
use limiquantix_proto::event::v1::ChangeType;

use super::context::refuse;

/// Where a watch with these fields begins.
pub(super) fn start(from_revision: u64, initial: bool) -> Result<WatchStart, ConnectError> {
    Ok(match from_wire(from_revision, initial).map_err(refuse)? {
        WatchFrom::Initial => WatchStart::Initial,
        WatchFrom::Now => WatchStart::Now,
        WatchFrom::After(revision) => WatchStart::After(revision),
    })
}

/// The events of `items` as messages made by `shown`.
pub(super) fn messages<R, M>(
    items: WatchItems<R>,
    shown: impl Fn(Option<&R>, ChangeType, u64) -> M + Send + 'static,
) -> ServiceStream<M>
where
    R: Resource,
    M: Send + 'static,
{
    let messages = items.map(move |item| {
        Ok(match item.map_err(refuse)? {
            WatchEvent::Bookmark(revision) => shown(None, ChangeType::Bookmark, revision.0),
            WatchEvent::Changed {
                kind,
                object,
                revision,
            } => shown(Some(&object), change_to_wire(kind), revision.0),
        })
    });
    Box::pin(messages)
}
