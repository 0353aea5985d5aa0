use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use limiquantix::core::contract::Selector;
use limiquantix::core::resource::Recommendation;
use limiquantix::{ControlPlane, RecommendationService as Recommendations};
use limiquantix_proto::convert::vm::project_filter;
use limiquantix_proto::convert::{id, page, recommendation as convert};
use limiquantix_proto::drs::v1 as wire;
use limiquantix_proto::drs::v1::DrsService;
use limiquantix_proto::event::v1::ChangeType;

use super::context::{call, refuse};
use super::watch;

/// `limiquantix.drs.v1.DRSService`.
#[derive(Debug)]
pub(super) struct Handler {
    recommendations: Recommendations,
}

impl Handler {
    pub(super) fn new(control_plane: &ControlPlane) -> Self {
        Self {
            recommendations: control_plane.recommendations(),
        }
    }
}

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl DrsService for Handler {
    async fn get_recommendation(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetRecommendationRequest>,
    ) -> ServiceResult<wire::Recommendation> {
        let id = id::parse_recommendation_id("id", request.id).map_err(refuse)?;
        let found = self.recommendations.get(id).await.map_err(refuse)?;
        Response::ok(convert::to_wire(&found))
    }

    async fn list_recommendations(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ListRecommendationsRequest>,
    ) -> ServiceResult<wire::ListRecommendationsResponse> {
        let listing = convert::listing_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let found = self
            .recommendations
            .list(listing.selector.clone(), listing.page.clone())
            .await
            .map_err(refuse)?;
        Response::ok(wire::ListRecommendationsResponse {
            recommendations: found.items.iter().map(|it| convert::to_wire(it)).collect(),
            next_page_token: listing.next_page_token(found.next.as_deref()),
            total_count: found.total.map(page::count_to_wire),
            revision: found.revision.0,
            ..Default::default()
        })
    }

    async fn approve_recommendation(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::ApproveRecommendationRequest>,
    ) -> ServiceResult<wire::Recommendation> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let id = id::parse_recommendation_id("id", request.id).map_err(refuse)?;
        let approved = self.recommendations.approve(&call, id, request.comment).await;
        Response::ok(convert::to_wire(&*approved.map_err(refuse)?))
    }

    async fn reject_recommendation(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::RejectRecommendationRequest>,
    ) -> ServiceResult<wire::Recommendation> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let id = id::parse_recommendation_id("id", request.id).map_err(refuse)?;
        let rejected = self.recommendations.reject(&call, id, request.comment).await;
        Response::ok(convert::to_wire(&*rejected.map_err(refuse)?))
    }

    async fn watch_recommendations(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::WatchRecommendationsRequest>,
    ) -> ServiceResult<ServiceStream<wire::WatchRecommendationsResponse>> {
        let start = watch::start(request.from_revision, request.initial)?;
        let only = id::optional(
            "recommendation_id",
            request.recommendation_id,
            id::parse_recommendation_id,
        )
        .map_err(refuse)?;
        let selector = Selector {
            project: project_filter("project_id", request.project_id).map_err(refuse)?,
            ..Selector::default()
        };
        let events = match only {
            Some(id) => self.recommendations.watch_one(id, selector, start).await,
            None => self.recommendations.watch(selector, start).await,
        };
        let events = events.map_err(refuse)?;
        let shown =
            |it: Option<&Recommendation>, kind: ChangeType, revision| wire::WatchRecommendationsResponse {
                r#type: kind.into(),
                recommendation: it.map(convert::to_wire).into(),
                revision,
                ..Default::default()
            };
        Ok(Response::stream(watch::messages(events, shown)))
    }
}
