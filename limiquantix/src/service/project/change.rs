use std::sync::Arc;

use limiquantix_core::contract::{PageRequest, Query, Repository, Selector};
use limiquantix_core::identity::ProjectId;
use limiquantix_core::resource::{
    EventKind, Kind, Labels, Meta, Project, ProjectUsage, Quota, Resource as _,
};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Reason, Result, validate};
use serde::Serialize;

use super::{CreateProject, ProjectService, QuotaChanges, UpdateProject, usage};
use crate::call::Call;
use crate::mutation::{Draft, mutate};

/// Kinds that carry a project without belonging to it: the project itself, and what is kept about the past.
const NOT_OWNED: [Kind; 6] = [
    Kind::Project,
    Kind::ProjectUsage,
    Kind::Alert,
    Kind::Task,
    Kind::Event,
    Kind::Idempotency,
];

impl ProjectService {
    /// Creates a project. Errors: `INVALID_FIELD`, `ID_TAKEN`, `REQUEST_ID_REUSED`.
    pub async fn create(&self, call: &Call, request: CreateProject) -> Result<Arc<Project>> {
        validate::project_spec("spec", &request.spec)?;
        validate::labels("labels", &request.labels)?;
        mutate(&self.parts, call, "CreateProject", &request, async |now| {
            self.refuse_taken_id(&request.id).await?;
            let project = Project {
                id: request.id.clone(),
                meta: Meta::created(now, request.labels.clone()),
                spec: request.spec.clone(),
            };
            let usage = ProjectUsage::empty(request.id.clone(), Meta::created(now, Labels::new()));
            let mut draft =
                Draft::create(project).event(&self.parts, EventKind::ProjectCreated, "created", now);
            draft.changes.create(usage);
            Ok(draft)
        })
        .await
    }

    /// Changes what is said about a project, and its quota. A quota below what is used already takes nothing
    /// away: it only lets nothing more in. Errors: `INVALID_FIELD`, `NOT_FOUND`, `VERSION_MISMATCH`.
    pub async fn update(&self, call: &Call, id: &ProjectId, request: UpdateProject) -> Result<Arc<Project>> {
        #[derive(Serialize)]
        struct Request<'a> {
            id: &'a ProjectId,
            request: &'a UpdateProject,
        }
        if request == UpdateProject::default() {
            return Err(Error::invalid(
                "update_mask",
                "nothing to change: name at least one field",
            ));
        }
        let sent = Request {
            id,
            request: &request,
        };
        mutate(&self.parts, call, "UpdateProject", &sent, async |now| {
            let project = self.get(id).await?;
            call.check_version(&project.key(), project.meta.revision)?;
            let changed = applied(&project, &request);
            validate::project_spec("spec", &changed.spec)?;
            validate::labels("labels", &changed.meta.labels)?;
            let draft = Draft::update(changed, now);
            Ok(draft.event(&self.parts, EventKind::ProjectUpdated, "changed on request", now))
        })
        .await
    }

    /// Removes a project that owns nothing. Errors: `NOT_FOUND`, `VERSION_MISMATCH`, `IN_USE` (with the kind and
    /// the name of something that it owns), `PROTECTED` for the default project.
    pub async fn delete(&self, call: &Call, id: &ProjectId) -> Result<Arc<Project>> {
        mutate(&self.parts, call, "DeleteProject", id, |now| {
            self.remove(call, id, now)
        })
        .await
    }

    async fn remove(&self, call: &Call, id: &ProjectId, now: Timestamp) -> Result<Draft<Project>> {
        let project = self.get(id).await?;
        call.check_version(&project.key(), project.meta.revision)?;
        if *id == ProjectId::default() {
            let message = "the default project cannot be deleted: it owns what names no project";
            return Err(Error::new(Reason::Protected, message).with("project", id.as_str()));
        }
        // Read before what is owned: whatever comes to belong to the project later changes this, so that the
        // commit below fails and is decided anew.
        let usage = usage::of(&self.parts.store, id, now).await?;
        self.refuse_owner(id).await?;
        let mut draft =
            Draft::delete(&*project).event(&self.parts, EventKind::ProjectDeleted, "deleted on request", now);
        draft.changes.delete(&*usage);
        Ok(draft)
    }

    async fn refuse_owner(&self, id: &ProjectId) -> Result<()> {
        for kind in Kind::ALL.iter().filter(|kind| !NOT_OWNED.contains(kind)) {
            let query = Query {
                kind: *kind,
                selector: Selector {
                    project: Some(id.clone()),
                    ..Selector::default()
                },
                page: PageRequest {
                    limit: 1,
                    ..PageRequest::default()
                },
            };
            if let Some(owned) = self.parts.store.list(&query).await?.items.pop() {
                let index = owned.index();
                let name = index
                    .name
                    .map_or_else(|| owned.key().id.to_string(), ToOwned::to_owned);
                let message = format!("project {id} still owns {kind} {name:?}");
                return Err(Error::new(Reason::InUse, message)
                    .with("project", id.as_str())
                    .with("kind", kind.as_str())
                    .with("name", name));
            }
        }
        Ok(())
    }

    /// The commit would refuse a taken id too; asking first serves `validate_only`.
    async fn refuse_taken_id(&self, id: &ProjectId) -> Result<()> {
        let projects = Repository::<Project>::new(Arc::clone(&self.parts.store));
        match projects.find(id).await? {
            None => Ok(()),
            Some(_) => Err(
                Error::new(Reason::IdTaken, format!("project {id} exists already"))
                    .with("field", "id")
                    .with("kind", "project")
                    .with("id", id.as_str()),
            ),
        }
    }
}

fn applied(project: &Project, request: &UpdateProject) -> Project {
    let mut changed = project.clone();
    if let Some(name) = &request.display_name {
        changed.spec.display_name.clone_from(name);
    }
    if let Some(description) = &request.description {
        changed.spec.description.clone_from(description);
    }
    if let Some(labels) = &request.labels {
        changed.meta.labels.clone_from(labels);
    }
    request.quota.apply(&mut changed.spec.quota);
    changed
}

impl QuotaChanges {
    fn apply(self, quota: &mut Quota) {
        let Quota {
            vms,
            vcpus,
            memory_mib,
            storage_gib,
        } = quota;
        let pairs = [
            (vms, self.vms),
            (vcpus, self.vcpus),
            (memory_mib, self.memory_mib),
            (storage_gib, self.storage_gib),
        ];
        for (limit, change) in pairs {
            if let Some(other) = change {
                *limit = other;
            }
        }
    }
}
