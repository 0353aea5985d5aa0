use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use limiquantix_core::{Error, Reason};
use limiquantix_proto::event::v1::{
    ChangeType, Event, EventService, EventSubject, GetEventRequest, ListEventsRequest, ListEventsResponse,
    SubscribeRequest, SubscribeResponse,
};

use super::{Shared, at, id, refusal};

/// Two events, of which one came first. A subscription from revision 1 has expired.
pub(super) struct Events(pub(super) Shared);

fn event(number: usize, kind: &str, message: &str) -> Event {
    Event {
        id: id(number),
        subject: EventSubject {
            kind: "vm".into(),
            id: id(1),
            name: "web".into(),
            ..Default::default()
        }
        .into(),
        kind: kind.into(),
        message: message.into(),
        created_at: at(7_200).into(),
        ..Default::default()
    }
}

#[allow(refining_impl_trait)]
impl EventService for Events {
    async fn list_events(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, ListEventsRequest>,
    ) -> ServiceResult<ListEventsResponse> {
        let request = request.to_owned_message();
        let call = format!("ListEvents {} {:?}", request.resource_id, request.event_types);
        self.0.lock().unwrap().calls.push(call);
        let second = request.page_token == "second";
        // One to a page, in the order asked for.
        let newest_first = request.order_by == "create_time desc";
        Response::ok(ListEventsResponse {
            events: vec![match second != newest_first {
                false => event(301, "vm_created", "accepted"),
                true => event(302, "vm_started", "runs"),
            }],
            next_page_token: if second { String::new() } else { "second".into() },
            ..Default::default()
        })
    }

    async fn get_event(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, GetEventRequest>,
    ) -> ServiceResult<Event> {
        Response::ok(event(301, "vm_created", "accepted"))
    }

    async fn subscribe(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, SubscribeRequest>,
    ) -> ServiceResult<ServiceStream<SubscribeResponse>> {
        if request.from_revision == 1 {
            let expired = Error::new(Reason::RevisionExpired, "revision 1 is no longer kept");
            return Err(refusal(&expired));
        }
        let message = |kind: ChangeType, event: Option<Event>| {
            Ok(SubscribeResponse {
                r#type: kind.into(),
                event: event.into(),
                revision: 9,
                ..Default::default()
            })
        };
        Ok(Response::stream(tokio_stream::iter([
            message(ChangeType::Added, Some(event(302, "vm_started", "runs"))),
            message(ChangeType::Bookmark, None),
        ])))
    }
}
