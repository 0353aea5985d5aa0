use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use limiquantix::core::contract::Selector;
use limiquantix::core::resource::Volume;
use limiquantix::{ControlPlane, VolumeService as Volumes};
use limiquantix_proto::convert::vm::project_filter;
use limiquantix_proto::convert::{id, page, storage as convert};
use limiquantix_proto::event::v1::ChangeType;
use limiquantix_proto::storage::v1 as wire;
use limiquantix_proto::storage::v1::VolumeService;

use super::context::refuse;
use super::watch;

/// `limiquantix.storage.v1.VolumeService`.
#[derive(Debug)]
pub(super) struct Handler {
    volumes: Volumes,
}

impl Handler {
    pub(super) fn new(control_plane: &ControlPlane) -> Self {
        Self {
            volumes: control_plane.volumes(),
        }
    }
}

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl VolumeService for Handler {
    async fn get_volume(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetVolumeRequest>,
    ) -> ServiceResult<wire::Volume> {
        let id = id::parse_volume_id("id", request.id).map_err(refuse)?;
        let volume = self.volumes.get(id).await.map_err(refuse)?;
        Response::ok(convert::volume_to_wire(&volume))
    }

    async fn list_volumes(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ListVolumesRequest>,
    ) -> ServiceResult<wire::ListVolumesResponse> {
        let listing = convert::volumes_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let found = self
            .volumes
            .list(listing.selector.clone(), listing.page.clone())
            .await
            .map_err(refuse)?;
        Response::ok(wire::ListVolumesResponse {
            volumes: found
                .items
                .iter()
                .map(|volume| convert::volume_to_wire(volume))
                .collect(),
            next_page_token: listing.next_page_token(found.next.as_deref()),
            total_count: found.total.map(page::count_to_wire),
            revision: found.revision.0,
            ..Default::default()
        })
    }

    async fn watch_volumes(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::WatchVolumesRequest>,
    ) -> ServiceResult<ServiceStream<wire::WatchVolumesResponse>> {
        let start = watch::start(request.from_revision, request.initial)?;
        let project = project_filter("project_id", request.project_id).map_err(refuse)?;
        let only = id::optional("volume_id", request.volume_id, id::parse_volume_id).map_err(refuse)?;
        let selector = Selector {
            project,
            ..Selector::default()
        };
        let events = match only {
            Some(id) => self.volumes.watch_one(id, selector, start).await,
            None => self.volumes.watch(selector, start).await,
        };
        let events = events.map_err(refuse)?;
        let shown = |volume: Option<&Volume>, kind: ChangeType, revision| wire::WatchVolumesResponse {
            r#type: kind.into(),
            volume: volume.map(convert::volume_to_wire).into(),
            revision,
            ..Default::default()
        };
        Ok(Response::stream(watch::messages(events, shown)))
    }
}
