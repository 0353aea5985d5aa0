use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use limiquantix::core::resource::Alert;
use limiquantix::{AlertService as Alerts, ControlPlane};
use limiquantix_proto::alert::v1 as wire;
use limiquantix_proto::alert::v1::AlertService;
use limiquantix_proto::convert::{alert as convert, id, page};
use limiquantix_proto::event::v1::ChangeType;

use super::context::{call, refuse};
use super::watch;

/// `limiquantix.alert.v1.AlertService`.
#[derive(Debug)]
pub(super) struct Handler {
    alerts: Alerts,
}

impl Handler {
    pub(super) fn new(control_plane: &ControlPlane) -> Self {
        Self {
            alerts: control_plane.alerts(),
        }
    }
}

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl AlertService for Handler {
    async fn create_alert(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::CreateAlertRequest>,
    ) -> ServiceResult<wire::Alert> {
        let request = request.to_owned_message();
        let call = call(&ctx, &request.request_id, "", request.validate_only)?;
        let trouble = convert::trouble_from_wire(&request).map_err(refuse)?;
        let alert = self.alerts.create(&call, trouble).await.map_err(refuse)?;
        Response::ok(convert::to_wire(&alert))
    }

    async fn get_alert(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetAlertRequest>,
    ) -> ServiceResult<wire::Alert> {
        let id = id::parse_alert_id("id", request.id).map_err(refuse)?;
        let alert = self.alerts.get(id).await.map_err(refuse)?;
        Response::ok(convert::to_wire(&alert))
    }

    async fn list_alerts(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ListAlertsRequest>,
    ) -> ServiceResult<wire::ListAlertsResponse> {
        let listing = convert::listing_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let found = self
            .alerts
            .list(listing.selector.clone(), listing.page.clone())
            .await
            .map_err(refuse)?;
        Response::ok(wire::ListAlertsResponse {
            alerts: found.items.iter().map(|alert| convert::to_wire(alert)).collect(),
            next_page_token: listing.next_page_token(found.next.as_deref()),
            total_count: found.total.map(page::count_to_wire),
            revision: found.revision.0,
            ..Default::default()
        })
    }

    async fn acknowledge_alert(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::AcknowledgeAlertRequest>,
    ) -> ServiceResult<wire::Alert> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let id = id::parse_alert_id("id", request.id).map_err(refuse)?;
        let alert = self.alerts.acknowledge(&call, id, request.comment).await;
        Response::ok(convert::to_wire(&*alert.map_err(refuse)?))
    }

    async fn resolve_alert(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::ResolveAlertRequest>,
    ) -> ServiceResult<wire::Alert> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let id = id::parse_alert_id("id", request.id).map_err(refuse)?;
        let alert = self.alerts.resolve(&call, id, request.comment).await;
        Response::ok(convert::to_wire(&*alert.map_err(refuse)?))
    }

    async fn get_alert_summary(
        &self,
        _: RequestContext,
        _: ServiceRequest<'_, wire::GetAlertSummaryRequest>,
    ) -> ServiceResult<wire::AlertSummary> {
        let (tally, revision) = self.alerts.summary().await.map_err(refuse)?;
        Response::ok(convert::summary_to_wire(&tally, revision))
    }

    async fn watch_alerts(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::WatchAlertsRequest>,
    ) -> ServiceResult<ServiceStream<wire::WatchAlertsResponse>> {
        let request = request.to_owned_message();
        let start = watch::start(request.from_revision, request.initial)?;
        let selector = convert::watch_selector(&request.project_id, &request.states).map_err(refuse)?;
        let only = id::optional("alert_id", &request.alert_id, id::parse_alert_id).map_err(refuse)?;
        let events = match only {
            Some(id) => self.alerts.watch_one(id, selector, start).await,
            None => self.alerts.watch(selector, start).await,
        };
        let events = events.map_err(refuse)?;
        let shown = |alert: Option<&Alert>, kind: ChangeType, revision| wire::WatchAlertsResponse {
            r#type: kind.into(),
            alert: alert.map(convert::to_wire).into(),
            revision,
            ..Default::default()
        };
        Ok(Response::stream(watch::messages(events, shown)))
    }
}
