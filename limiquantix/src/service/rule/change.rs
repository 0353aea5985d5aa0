use std::sync::Arc;

use limiquantix_core::contract::{IdSourceExt as _, Repository};
use limiquantix_core::identity::{ProjectId, RuleId};
use limiquantix_core::resource::{
    EventKind, Meta, Node, NodeSelector, Object, PlacementRule, Resource as _, RuleSpec, RuleTarget, Vm,
    VmSelector,
};
use limiquantix_core::{Error, Result, validate};
use serde::Serialize;

use super::{CreateRule, RuleService, UpdateRule};
use crate::call::Call;
use crate::mutation::{Draft, mutate};
use crate::service::project::usage;

impl RuleService {
    /// Creates a rule. Placements in its project that were decided before it are decided anew.
    ///
    /// Errors: `INVALID_FIELD`, `NOT_FOUND` (field `project_id`, `spec.vm_ids` or `spec.node_ids`), `NAME_TAKEN`,
    /// `REQUEST_ID_REUSED`.
    pub async fn create(&self, call: &Call, request: CreateRule) -> Result<Arc<PlacementRule>> {
        validate::rule_spec("spec", &request.spec)?;
        validate::labels("labels", &request.labels)?;
        mutate(&self.parts, call, "CreateRule", &request, async |now| {
            if let Some(other) = self.find_by_name(&request.project, request.name.as_str()).await? {
                return Err(Object::PlacementRule(other).name_taken());
            }
            let rule = PlacementRule {
                id: self.parts.ids.rule(),
                meta: Meta::created(now, request.labels.clone()),
                name: request.name.clone(),
                project: request.project.clone(),
                spec: request.spec.clone(),
            };
            let mut draft = Draft::create(rule).event(&self.parts, EventKind::RuleCreated, "created", now);
            usage::belong(&self.parts, &request.project, now, &mut draft.changes).await?;
            self.refuse_unknown(&request.project, &request.spec).await?;
            Ok(draft)
        })
        .await
    }

    /// Changes a rule. Errors: `INVALID_FIELD`, `NOT_FOUND`, `VERSION_MISMATCH`.
    pub async fn update(&self, call: &Call, id: RuleId, request: UpdateRule) -> Result<Arc<PlacementRule>> {
        #[derive(Serialize)]
        struct Request<'a> {
            id: RuleId,
            request: &'a UpdateRule,
        }
        if request == UpdateRule::default() {
            return Err(Error::invalid(
                "update_mask",
                "nothing to change: name at least one field",
            ));
        }
        if let Some(spec) = &request.spec {
            validate::rule_spec("spec", spec)?;
        }
        if let Some(labels) = &request.labels {
            validate::labels("labels", labels)?;
        }
        let sent = Request {
            id,
            request: &request,
        };
        mutate(&self.parts, call, "UpdateRule", &sent, async |now| {
            let rule = self.get(id).await?;
            call.check_version(&rule.key(), rule.meta.revision)?;
            let mut changed = PlacementRule::clone(&rule);
            if let Some(labels) = &request.labels {
                changed.meta.labels.clone_from(labels);
            }
            if let Some(spec) = &request.spec {
                self.refuse_unknown(&rule.project, spec).await?;
                changed.spec.clone_from(spec);
            }
            let draft = Draft::update(changed, now);
            let mut draft = draft.event(&self.parts, EventKind::RuleUpdated, "changed on request", now);
            usage::belong(&self.parts, &rule.project, now, &mut draft.changes).await?;
            Ok(draft)
        })
        .await
    }

    /// Removes a rule. Errors: `NOT_FOUND`, `VERSION_MISMATCH`.
    pub async fn delete(&self, call: &Call, id: RuleId) -> Result<Arc<PlacementRule>> {
        mutate(&self.parts, call, "DeleteRule", &id, async |now| {
            let rule = self.get(id).await?;
            call.check_version(&rule.key(), rule.meta.revision)?;
            let draft = Draft::delete(&*rule);
            let mut draft = draft.event(&self.parts, EventKind::RuleDeleted, "deleted on request", now);
            usage::belong(&self.parts, &rule.project, now, &mut draft.changes).await?;
            Ok(draft)
        })
        .await
    }

    /// What a rule names one by one is there: a mistyped id would be a rule that says nothing. It may go later.
    async fn refuse_unknown(&self, project: &ProjectId, spec: &RuleSpec) -> Result<()> {
        if let VmSelector::Ids(ids) = &spec.vms {
            let vms = Repository::<Vm>::new(Arc::clone(&self.parts.store));
            for id in ids {
                let found = vms.find(id).await?.filter(|vm| vm.project == *project);
                found.ok_or_else(|| Error::not_found("vm", id).with("field", "spec.vm_ids"))?;
            }
        }
        if let RuleTarget::Nodes(NodeSelector::Ids(ids)) = &spec.towards {
            let nodes = Repository::<Node>::new(Arc::clone(&self.parts.store));
            for id in ids {
                let found = nodes.find(id).await?;
                found.ok_or_else(|| Error::not_found("node", id).with("field", "spec.node_ids"))?;
            }
        }
        Ok(())
    }
}
