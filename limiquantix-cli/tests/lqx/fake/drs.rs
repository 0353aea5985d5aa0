use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use limiquantix_core::{Error, Reason};
use limiquantix_proto::drs::v1::{
    ApproveRecommendationRequest, Decision, DrsService, GetRecommendationRequest, ListRecommendationsRequest,
    ListRecommendationsResponse, Recommendation, RecommendationPriority, RecommendationStatus,
    RejectRecommendationRequest, WatchRecommendationsRequest, WatchRecommendationsResponse,
};

use super::{Shared, at, id, refusal};

/// Two recommendations: the first is pending, the second was approved.
pub(super) struct Drs(pub(super) Shared);

fn recommendation(number: usize) -> Recommendation {
    Recommendation {
        id: id(200 + number),
        priority: RecommendationPriority::High.into(),
        reason: "cpu at 93 %".into(),
        vm_id: id(if number == 1 { 1 } else { 3 }),
        vm_name: if number == 1 { "web" } else { "db" }.into(),
        source_node_name: "node-1".into(),
        target_node_name: "node-2".into(),
        impact_cpu: 12,
        status: match number {
            1 => RecommendationStatus::Pending,
            _ => RecommendationStatus::Approved,
        }
        .into(),
        created_at: at(60).into(),
        ..Default::default()
    }
}

fn find(id: &str) -> Result<Recommendation, Error> {
    let found = [1, 2].map(recommendation).into_iter().find(|it| it.id == id);
    found.ok_or_else(|| Error::not_found("recommendation", id))
}

fn decided(mut it: Recommendation, to: RecommendationStatus, comment: &str) -> Result<Recommendation, Error> {
    if it.status == to {
        return Err(Error::new(Reason::AlreadyInState, "somebody has decided already"));
    }
    it.status = to.into();
    it.approved = Decision {
        by: "admin".into(),
        comment: comment.into(),
        ..Default::default()
    }
    .into();
    Ok(it)
}

#[allow(refining_impl_trait)]
impl DrsService for Drs {
    async fn get_recommendation(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, GetRecommendationRequest>,
    ) -> ServiceResult<Recommendation> {
        Response::ok(find(request.id).map_err(|e| refusal(&e))?)
    }

    async fn list_recommendations(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, ListRecommendationsRequest>,
    ) -> ServiceResult<ListRecommendationsResponse> {
        let request = request.to_owned_message();
        let all = [1, 2].map(recommendation).into_iter();
        let wanted = all.filter(|it| request.vm_id.is_empty() || request.vm_id == it.vm_id);
        Response::ok(ListRecommendationsResponse {
            recommendations: wanted.collect(),
            ..Default::default()
        })
    }

    async fn approve_recommendation(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, ApproveRecommendationRequest>,
    ) -> ServiceResult<Recommendation> {
        let request = request.to_owned_message();
        self.0
            .lock()
            .unwrap()
            .calls
            .push(format!("ApproveRecommendation {}", request.validate_only));
        let it =
            find(&request.id).and_then(|it| decided(it, RecommendationStatus::Approved, &request.comment));
        Response::ok(it.map_err(|e| refusal(&e))?)
    }

    async fn reject_recommendation(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, RejectRecommendationRequest>,
    ) -> ServiceResult<Recommendation> {
        let request = request.to_owned_message();
        self.0
            .lock()
            .unwrap()
            .calls
            .push(format!("RejectRecommendation {}", request.validate_only));
        let it =
            find(&request.id).and_then(|it| decided(it, RecommendationStatus::Rejected, &request.comment));
        Response::ok(it.map_err(|e| refusal(&e))?)
    }

    async fn watch_recommendations(
        &self,
        _: RequestContext,
        _: ServiceRequest<'_, WatchRecommendationsRequest>,
    ) -> ServiceResult<ServiceStream<WatchRecommendationsResponse>> {
        Ok(Response::stream(Box::pin(futures_util::stream::pending())))
    }
}
