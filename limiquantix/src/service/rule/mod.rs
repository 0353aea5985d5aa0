//! Placement rules: which VMs of a project belong together, apart, on some nodes, or off them.

mod change;

use std::sync::Arc;

use limiquantix_core::contract::{PageRequest, Repository, Selector, TypedPage};
use limiquantix_core::identity::{Name, ProjectId, RuleId};
use limiquantix_core::resource::{Labels, PlacementRule, RuleSpec};
use limiquantix_core::{Error, Reason, Result};
use serde::Serialize;

use crate::control_plane::Parts;

/// The use cases of placement rules.
#[derive(Debug, Clone)]
pub struct RuleService {
    parts: Arc<Parts>,
}

/// A rule to create. It counts for what is placed from then on; no VM is moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateRule {
    /// Unique in its project.
    pub name: Name,
    /// The tenant.
    pub project: ProjectId,
    /// What to select it by.
    pub labels: Labels,
    /// What it says.
    pub spec: RuleSpec,
}

/// What to change of a rule; `None` leaves things as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpdateRule {
    /// Other labels, replacing all.
    pub labels: Option<Labels>,
    /// Something else to say, replacing all of it.
    pub spec: Option<RuleSpec>,
}

impl RuleService {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The rule; `NOT_FOUND` if there is none.
    pub async fn get(&self, id: RuleId) -> Result<Arc<PlacementRule>> {
        self.repository().get(&id).await
    }

    /// The rule of this project with this name; `NOT_FOUND` if there is none.
    pub async fn get_by_name(&self, project: &ProjectId, name: &str) -> Result<Arc<PlacementRule>> {
        self.find_by_name(project, name).await?.ok_or_else(|| {
            let message = format!("no rule of project {project} is named {name:?}");
            Error::new(Reason::NotFound, message)
                .with("kind", "rule")
                .with("name", name)
        })
    }

    /// One page of rules by id ascending, which is by age.
    pub async fn list(&self, selector: Selector, page: PageRequest) -> Result<TypedPage<PlacementRule>> {
        self.repository().page(selector, page).await
    }

    async fn find_by_name(&self, project: &ProjectId, name: &str) -> Result<Option<Arc<PlacementRule>>> {
        let selector = Selector {
            project: Some(project.clone()),
            name: Some(name.to_owned()),
            ..Selector::default()
        };
        let page = PageRequest {
            limit: 1,
            ..PageRequest::default()
        };
        Ok(self.repository().page(selector, page).await?.items.pop())
    }

    fn repository(&self) -> Repository<PlacementRule> {
        Repository::new(Arc::clone(&self.parts.store))
    }
}
