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

/// The events of `items` about objects that are `wanted`, as messages made by `shown`.
pub(super) fn messages<R, M>(
    items: WatchItems<R>,
    wanted: impl Fn(&R) -> bool + Send + 'static,
    shown: impl Fn(Option<&R>, ChangeType, u64) -> M + Send + 'static,
) -> ServiceStream<M>
where
    R: Resource,
    M: Send + 'static,
{
    let messages = items.filter_map(move |item| {
        let message = match item {
            Err(e) => Some(Err(refuse(e))),
            Ok(WatchEvent::Bookmark(revision)) => Some(Ok(shown(None, ChangeType::Bookmark, revision.0))),
            Ok(WatchEvent::Changed {
                kind,
                object,
                revision,
            }) => wanted(&object).then(|| Ok(shown(Some(&object), change_to_wire(kind), revision.0))),
        };
        std::future::ready(message)
    });
    Box::pin(messages)
}
