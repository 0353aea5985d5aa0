use buffa::Message as _;
use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult};
use limiquantix::core::Error;
use limiquantix::core::identity::{Name, ProjectId, RuleId};
use limiquantix::{ControlPlane, CreateRule, RuleService as Rules, UpdateRule};
use limiquantix_proto::cluster::v1 as wire;
use limiquantix_proto::cluster::v1::RuleService;
use limiquantix_proto::convert::{id, page, rule as convert};

use super::context::{call, refuse};

/// `limiquantix.cluster.v1.RuleService`.
#[derive(Debug)]
pub(super) struct Handler {
    rules: Rules,
}

impl Handler {
    pub(super) fn new(control_plane: &ControlPlane) -> Self {
        Self {
            rules: control_plane.rules(),
        }
    }
}

fn rule_id(text: &str) -> Result<RuleId, ConnectError> {
    id::parse_rule_id("id", text).map_err(refuse)
}

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl RuleService for Handler {
    async fn create_rule(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::CreateRuleRequest>,
    ) -> ServiceResult<wire::PlacementRule> {
        let request = request.to_owned_message();
        let create = CreateRule {
            name: Name::parse("name", &request.name).map_err(refuse)?,
            project: ProjectId::parse("project_id", &request.project_id).map_err(refuse)?,
            labels: request.labels.clone(),
            spec: convert::spec_from_wire("spec", request.spec.as_option()).map_err(refuse)?,
        };
        let call = call(&ctx, &request.request_id, "", request.validate_only)?;
        let rule = self.rules.create(&call, create).await.map_err(refuse)?;
        let mut shown = convert::to_wire(&rule);
        if request.validate_only {
            // Nobody is to remember an id that will not be.
            shown.id.clear();
        }
        Response::ok(shown)
    }

    async fn get_rule(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetRuleRequest>,
    ) -> ServiceResult<wire::PlacementRule> {
        let rule = match (request.id, request.name) {
            ("", "") => return Err(refuse(Error::invalid("id", "id is required, or a name"))),
            ("", name) => {
                let project = ProjectId::parse("project_id", request.project_id).map_err(refuse)?;
                self.rules.get_by_name(&project, name).await.map_err(refuse)?
            }
            (id, _) => self.rules.get(rule_id(id)?).await.map_err(refuse)?,
        };
        Response::ok(convert::to_wire(&rule))
    }

    async fn list_rules(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ListRulesRequest>,
    ) -> ServiceResult<wire::ListRulesResponse> {
        let listing = convert::listing_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let found = self
            .rules
            .list(listing.selector.clone(), listing.page.clone())
            .await
            .map_err(refuse)?;
        Response::ok(wire::ListRulesResponse {
            rules: found.items.iter().map(|rule| convert::to_wire(rule)).collect(),
            next_page_token: listing.next_page_token(found.next.as_deref()),
            total_count: found.total.map(page::count_to_wire),
            revision: found.revision.0,
            ..Default::default()
        })
    }

    async fn update_rule(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::UpdateRuleRequest>,
    ) -> ServiceResult<wire::PlacementRule> {
        let request = request.to_owned_message();
        let id = rule_id(&request.id)?;
        let mut call = call(&ctx, &request.request_id, &request.etag, request.validate_only)?;
        call.sent = Some(request.encode_to_vec());
        let changes = convert::changes_from_wire(&request).map_err(refuse)?;
        let update = UpdateRule {
            labels: changes.labels,
            spec: changes.spec,
        };
        let rule = self.rules.update(&call, id, update).await.map_err(refuse)?;
        Response::ok(convert::to_wire(&rule))
    }

    async fn delete_rule(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::DeleteRuleRequest>,
    ) -> ServiceResult<wire::PlacementRule> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let rule = self
            .rules
            .delete(&call, rule_id(request.id)?)
            .await
            .map_err(refuse)?;
        Response::ok(convert::to_wire(&rule))
    }
}
