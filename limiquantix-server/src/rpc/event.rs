use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use limiquantix::core::resource::{Event, Revision};
use limiquantix::{ControlPlane, EventService as Events};
use limiquantix_proto::convert::{event as convert, id, page};
use limiquantix_proto::event::v1 as wire;
use limiquantix_proto::event::v1::{ChangeType, EventService};

use super::context::refuse;
use super::watch;

/// `limiquantix.event.v1.EventService`.
#[derive(Debug)]
pub(super) struct Handler {
    events: Events,
}

impl Handler {
    pub(super) fn new(control_plane: &ControlPlane) -> Self {
        Self {
            events: control_plane.events(),
        }
    }
}

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl EventService for Handler {
    async fn list_events(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ListEventsRequest>,
    ) -> ServiceResult<wire::ListEventsResponse> {
        let listing = convert::listing_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let found = self
            .events
            .list(listing.selector.clone(), listing.page.clone())
            .await
            .map_err(refuse)?;
        Response::ok(wire::ListEventsResponse {
            events: found.items.iter().map(|event| convert::to_wire(event)).collect(),
            next_page_token: listing.next_page_token(found.next.as_deref()),
            total_count: found.total.map(page::count_to_wire),
            revision: found.revision.0,
            ..Default::default()
        })
    }

    async fn get_event(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetEventRequest>,
    ) -> ServiceResult<wire::Event> {
        let id = id::parse_event_id("id", request.id).map_err(refuse)?;
        Response::ok(convert::to_wire(&*self.events.get(id).await.map_err(refuse)?))
    }

    async fn subscribe(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::SubscribeRequest>,
    ) -> ServiceResult<ServiceStream<wire::SubscribeResponse>> {
        let request = request.to_owned_message();
        let selector = convert::subscription_from_wire(&request).map_err(refuse)?;
        let from = Some(Revision(request.from_revision)).filter(|from| *from != Revision::ZERO);
        let events = self.events.subscribe(selector, from).await.map_err(refuse)?;
        let shown = |event: Option<&Event>, kind: ChangeType, revision| wire::SubscribeResponse {
            r#type: kind.into(),
            event: event.map(convert::to_wire).into(),
            revision,
            ..Default::default()
        };
        Ok(Response::stream(watch::messages(events, shown)))
    }
}
