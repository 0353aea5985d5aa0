//! Projects: who owns what, and how much of it they may have.

mod change;
pub(crate) mod usage;

use std::sync::Arc;

use limiquantix_core::contract::{PageRequest, Repository, Selector, TypedPage};
use limiquantix_core::identity::ProjectId;
use limiquantix_core::resource::{Labels, Project, ProjectSpec, ProjectUsage};
use limiquantix_core::{Error, Result};
use serde::Serialize;

use crate::control_plane::Parts;

/// The use cases of projects.
#[derive(Debug, Clone)]
pub struct ProjectService {
    parts: Arc<Parts>,
}

/// A project to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateProject {
    /// Its id, chosen by the caller and never changed.
    pub id: ProjectId,
    /// What to select it by.
    pub labels: Labels,
    /// What is said about it.
    pub spec: ProjectSpec,
}

/// What to change of a project; `None` leaves things as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpdateProject {
    /// Another name for people.
    pub display_name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Other labels, replacing all.
    pub labels: Option<Labels>,
    /// Other limits.
    pub quota: QuotaChanges,
}

/// Which limits to change, and to what; the inner `None` lifts a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct QuotaChanges {
    /// The most VMs.
    pub vms: Option<Option<u64>>,
    /// The most virtual cores.
    pub vcpus: Option<Option<u64>>,
    /// The most memory, in MiB.
    pub memory_mib: Option<Option<u64>>,
    /// The most storage, in GiB.
    pub storage_gib: Option<Option<u64>>,
}

impl ProjectService {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The project; `NOT_FOUND` if there is none.
    pub async fn get(&self, id: &ProjectId) -> Result<Arc<Project>> {
        self.repository().get(id).await
    }

    /// One page of projects by id ascending.
    pub async fn list(&self, selector: Selector, page: PageRequest) -> Result<TypedPage<Project>> {
        self.repository().page(selector, page).await
    }

    /// The project with what its VMs and volumes use; `NOT_FOUND` if there is none.
    pub async fn usage(&self, id: &ProjectId) -> Result<(Arc<Project>, Arc<ProjectUsage>)> {
        let project = self.get(id).await?;
        let usage = usage::of(&self.parts.store, id, self.parts.clock.now()).await?;
        Ok((project, usage))
    }

    fn repository(&self) -> Repository<Project> {
        Repository::new(Arc::clone(&self.parts.store))
    }
}

/// The error for a request that names a project which does not exist.
fn no_project(id: &ProjectId) -> Error {
    Error::not_found("project", id).with("field", "project_id")
}
