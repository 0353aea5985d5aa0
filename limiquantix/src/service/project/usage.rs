//! What projects use, counted in the commits that use it.

use std::sync::Arc;

use limiquantix_core::contract::{Changeset, Repository, Selector, Store, Write};
use limiquantix_core::identity::ProjectId;
use limiquantix_core::resource::{Amounts, Labels, Meta, Object, Project, ProjectUsage, Vm, Volume};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Reason, Result, quota};
use tracing::info;

use super::no_project;
use crate::control_plane::Parts;

/// Adds to `changes` that of `project` what was `before` is `after` from now on, on condition that the project
/// and its quota stay as they are. May be called several times for one commit.
///
/// Whatever is created in a project goes through here, with equal amounts if it counts for nothing: a project
/// whose usage was written meanwhile is not deleted on the ground that it was empty.
///
/// Errors: `NOT_FOUND` (field `project_id`) if there is no such project, `QUOTA_EXCEEDED`.
pub(crate) async fn change(
    parts: &Parts,
    project: &ProjectId,
    (before, after): (Amounts, Amounts),
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    let owner = required(parts, project).await?;
    if let Some(usage) = written(changes, project) {
        return quota::change(usage, &owner.spec.quota, before, after);
    }
    let mut usage = ProjectUsage::clone(&*of(&parts.store, project, now).await?);
    quota::change(&mut usage, &owner.spec.quota, before, after)?;
    usage.meta.updated_at = now;
    changes.guard(&*owner).update(usage);
    Ok(())
}

/// Adds that something is now, or is no longer, a matter of `project`, which counts for nothing. See [`change`].
pub(crate) async fn belong(
    parts: &Parts,
    project: &ProjectId,
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    change(parts, project, (Amounts::ZERO, Amounts::ZERO), now, changes).await
}

/// The project that a request names; `NOT_FOUND` (field `project_id`) if there is none.
pub(crate) async fn required(parts: &Parts, project: &ProjectId) -> Result<Arc<Project>> {
    Repository::<Project>::new(Arc::clone(&parts.store))
        .find(project)
        .await?
        .ok_or_else(|| no_project(project))
}

/// What `project` uses. Where nobody has counted yet, it is counted now, once: nothing that counts comes or
/// goes without this object, so that nothing changes between counting and writing the sum down.
pub(crate) async fn of(
    store: &Arc<dyn Store>,
    project: &ProjectId,
    now: Timestamp,
) -> Result<Arc<ProjectUsage>> {
    let repository = Repository::<ProjectUsage>::new(Arc::clone(store));
    if let Some(usage) = repository.find(project).await? {
        return Ok(usage);
    }
    let mut usage = ProjectUsage::empty(project.clone(), Meta::created(now, Labels::new()));
    usage.used = counted(store, project).await?;
    info!(project = %project, used = ?usage.used, "counted what the project uses");
    match repository.create(usage).await {
        // Another was faster.
        Err(e) if e.reason() == Reason::IdTaken => repository.get(project).await,
        outcome => outcome,
    }
}

async fn counted(store: &Arc<dyn Store>, project: &ProjectId) -> Result<Amounts> {
    let selector = || Selector {
        project: Some(project.clone()),
        ..Selector::default()
    };
    let (vms, _) = Repository::<Vm>::new(Arc::clone(store)).all(selector()).await?;
    let (volumes, _) = Repository::<Volume>::new(Arc::clone(store))
        .all(selector())
        .await?;
    let vms = vms.iter().map(|vm| Amounts::of_vm(&vm.spec));
    let volumes = volumes.iter().map(|volume| Amounts::of_volume(volume));
    Ok(vms.chain(volumes).fold(Amounts::ZERO, Amounts::plus))
}

/// The usage of `project` as this commit writes it already, if it does.
fn written<'a>(changes: &'a mut Changeset, project: &ProjectId) -> Option<&'a mut ProjectUsage> {
    changes.writes.iter_mut().find_map(|write| match write {
        Write::Update(Object::ProjectUsage(usage)) if usage.id == *project => Some(Arc::make_mut(usage)),
        _ => None,
    })
}

/// What a VM and these volumes count for together.
pub(crate) fn of_vm_and_volumes<'a>(vm: &Vm, volumes: impl IntoIterator<Item = &'a Volume>) -> Amounts {
    let volumes = volumes.into_iter().map(Amounts::of_volume);
    volumes.fold(Amounts::of_vm(&vm.spec), Amounts::plus)
}

/// Makes sure that every project has been counted, as of a store that an older version has written.
pub(crate) async fn ensure_all(store: &Arc<dyn Store>, now: Timestamp) -> Result<()> {
    let (projects, _) = Repository::<Project>::new(Arc::clone(store))
        .all(Selector::default())
        .await?;
    for project in projects {
        of(store, &project.id, now).await?;
    }
    Ok(())
}
