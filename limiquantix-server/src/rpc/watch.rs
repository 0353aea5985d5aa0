//! Watch streams: events of the SDK as messages, until the client leaves or the server stops.

use connectrpc::{ConnectError, ServiceStream};
use futures_util::{Stream, StreamExt as _, stream};
use limiquantix::{ControlPlane, WatchEvent, WatchItems, WatchStart};
use limiquantix_core::resource::Resource;
use limiquantix_core::{Error, Reason};
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
    control_plane: &ControlPlane,
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
    Box::pin(until_stopped(messages, control_plane))
}

/// Ends with a word when the server stops, so that clients resume elsewhere instead of wondering.
pub(super) fn until_stopped<M: Send + 'static>(
    messages: impl Stream<Item = Result<M, ConnectError>> + Send + 'static,
    control_plane: &ControlPlane,
) -> impl Stream<Item = Result<M, ConnectError>> + Send + 'static {
    let stopped = control_plane.stopped();
    let farewell = async {
        Err(refuse(Error::new(
            Reason::ServerUnavailable,
            "the server is stopping: resume from the last revision",
        )))
    };
    messages.take_until(stopped).chain(stream::once(farewell))
}
