use buffa::Message as _;
use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult};
use limiquantix::{ControlPlane, CreateProject, ProjectService as Projects, QuotaChanges, UpdateProject};
use limiquantix_proto::convert::{page, project as convert};
use limiquantix_proto::project::v1 as wire;
use limiquantix_proto::project::v1::ProjectService;

use super::context::{call, refuse};

/// `limiquantix.project.v1.ProjectService`.
#[derive(Debug)]
pub(super) struct Handler {
    projects: Projects,
}

impl Handler {
    pub(super) fn new(control_plane: &ControlPlane) -> Self {
        Self {
            projects: control_plane.projects(),
        }
    }
}

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl ProjectService for Handler {
    async fn create_project(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::CreateProjectRequest>,
    ) -> ServiceResult<wire::Project> {
        let request = request.to_owned_message();
        let create = CreateProject {
            id: convert::id_from_wire("id", &request.id).map_err(refuse)?,
            labels: request.labels.clone(),
            spec: convert::spec_from_wire("spec", request.spec.as_option()).map_err(refuse)?,
        };
        let call = call(&ctx, &request.request_id, "", request.validate_only)?;
        let project = self.projects.create(&call, create).await.map_err(refuse)?;
        Response::ok(convert::to_wire(&project))
    }

    async fn get_project(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetProjectRequest>,
    ) -> ServiceResult<wire::Project> {
        let id = convert::id_from_wire("id", request.id).map_err(refuse)?;
        Response::ok(convert::to_wire(&*self.projects.get(&id).await.map_err(refuse)?))
    }

    async fn list_projects(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ListProjectsRequest>,
    ) -> ServiceResult<wire::ListProjectsResponse> {
        let listing = convert::listing_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let found = self
            .projects
            .list(listing.selector.clone(), listing.page.clone())
            .await
            .map_err(refuse)?;
        Response::ok(wire::ListProjectsResponse {
            projects: found.items.iter().map(|p| convert::to_wire(p)).collect(),
            next_page_token: listing.next_page_token(found.next.as_deref()),
            total_count: found.total.map(page::count_to_wire),
            revision: found.revision.0,
            ..Default::default()
        })
    }

    async fn update_project(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::UpdateProjectRequest>,
    ) -> ServiceResult<wire::Project> {
        let request = request.to_owned_message();
        let id = convert::id_from_wire("id", &request.id).map_err(refuse)?;
        let mut call = call(&ctx, &request.request_id, &request.etag, request.validate_only)?;
        call.sent = Some(request.encode_to_vec());
        let changes = convert::changes_from_wire(&request).map_err(refuse)?;
        let update = UpdateProject {
            display_name: changes.display_name,
            description: changes.description,
            labels: changes.labels,
            quota: QuotaChanges {
                vms: changes.vms,
                vcpus: changes.vcpus,
                memory_mib: changes.memory_mib,
                storage_gib: changes.storage_gib,
            },
        };
        let project = self.projects.update(&call, &id, update).await.map_err(refuse)?;
        Response::ok(convert::to_wire(&project))
    }

    async fn delete_project(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::DeleteProjectRequest>,
    ) -> ServiceResult<wire::Project> {
        let id = convert::id_from_wire("id", request.id).map_err(refuse)?;
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let project = self.projects.delete(&call, &id).await.map_err(refuse)?;
        Response::ok(convert::to_wire(&project))
    }

    async fn get_project_usage(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetProjectUsageRequest>,
    ) -> ServiceResult<wire::ProjectUsage> {
        let id = convert::id_from_wire("project_id", request.project_id).map_err(refuse)?;
        let (project, usage) = self.projects.usage(&id).await.map_err(refuse)?;
        Response::ok(convert::usage_to_wire(&project, &usage))
    }
}
