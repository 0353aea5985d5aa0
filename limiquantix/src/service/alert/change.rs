use std::sync::Arc;

use limiquantix_core::alert::{self, Trouble};
use limiquantix_core::contract::{Changeset, Repository};
use limiquantix_core::identity::AlertId;
use limiquantix_core::resource::{Alert, AlertSource, AlertSourceKind, EventKind, Node, Resource as _, Vm};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Reason, Result, validate};

use super::{AlertService, ledger};
use crate::call::Call;
use crate::mutation::{Draft, event, mutate};

impl AlertService {
    /// Raises an alert, or counts one more occurrence where one with the same dedup key is not over: then that one
    /// is the answer.
    ///
    /// Errors: `INVALID_FIELD`, also for `source_id` if it is to be about a VM or a node that does not exist;
    /// `REQUEST_ID_REUSED`.
    pub async fn create(&self, call: &Call, trouble: Trouble) -> Result<Arc<Alert>> {
        validate::alert(&trouble)?;
        let request = (
            trouble.severity,
            &trouble.title,
            &trouble.message,
            &trouble.source,
            &trouble.dedup_key,
        );
        mutate(&self.parts, call, "CreateAlert", &request, async |now| {
            let mut trouble = trouble.clone();
            trouble.source = self.known_source(trouble.source).await?;
            let mut changes = Changeset::new();
            let alert = ledger::raise(&self.parts, trouble, now, &mut changes).await?;
            let message = format!(
                "{} raised {} ({})",
                call.principal,
                alert.title,
                alert.severity.as_str()
            );
            Ok(self.told(alert, EventKind::AlertRaised, message, now, changes))
        })
        .await
    }

    /// The caller takes care of an alert from now on.
    ///
    /// Errors: `NOT_FOUND`, `ALREADY_IN_STATE` if somebody does already, `WRONG_STATE` if it is over,
    /// `VERSION_MISMATCH`, `INVALID_FIELD` for `comment`, `REQUEST_ID_REUSED`.
    pub async fn acknowledge(&self, call: &Call, id: AlertId, comment: &str) -> Result<Arc<Alert>> {
        validate::comment(comment)?;
        mutate(
            &self.parts,
            call,
            "AcknowledgeAlert",
            &(id, comment),
            async |now| {
                let before = self.seen(call, id).await?;
                let after = alert::acknowledge(&before, &call.principal, comment, now)?;
                let message = said(&call.principal, "takes care", comment);
                self.changed(&before, after, EventKind::AlertAcknowledged, message, now)
                    .await
            },
        )
        .await
    }

    /// The caller says that an alert is over. If it is not, it will be raised again.
    ///
    /// Errors: `NOT_FOUND`, `ALREADY_IN_STATE` if it is over already, `VERSION_MISMATCH`, `INVALID_FIELD` for
    /// `comment`, `REQUEST_ID_REUSED`.
    pub async fn resolve(&self, call: &Call, id: AlertId, comment: &str) -> Result<Arc<Alert>> {
        validate::comment(comment)?;
        mutate(&self.parts, call, "ResolveAlert", &(id, comment), async |now| {
            let before = self.seen(call, id).await?;
            let after = alert::resolve(&before, &call.principal, comment, now)?;
            let message = said(&call.principal, "says that it is over", comment);
            self.changed(&before, after, EventKind::AlertResolved, message, now)
                .await
        })
        .await
    }

    /// The alert, if it is at the version that the caller has seen.
    async fn seen(&self, call: &Call, id: AlertId) -> Result<Arc<Alert>> {
        let alert = self.get(id).await?;
        call.check_version(&alert.key(), alert.meta.revision)?;
        Ok(alert)
    }

    async fn changed(
        &self,
        before: &Alert,
        after: Alert,
        kind: EventKind,
        message: String,
        now: Timestamp,
    ) -> Result<Draft<Alert>> {
        let mut changes = Changeset::new();
        ledger::replace(&self.parts, before, after.clone(), now, &mut changes).await?;
        Ok(self.told(after, kind, message, now, changes))
    }

    fn told(
        &self,
        alert: Alert,
        kind: EventKind,
        message: String,
        now: Timestamp,
        mut changes: Changeset,
    ) -> Draft<Alert> {
        changes.create(event(&self.parts, &alert, kind, message, now));
        Draft {
            answer: alert,
            changes,
        }
    }

    /// The source with what is known of it. What else a caller says of a VM or a node counts for nothing: an alert
    /// must not show up in another tenant's list.
    async fn known_source(&self, source: AlertSource) -> Result<AlertSource> {
        let store = &self.parts.store;
        let absent = |e: Error| match e.reason() {
            Reason::NotFound => Error::invalid("source_id", e.message().to_owned()),
            _ => e,
        };
        match source.kind {
            AlertSourceKind::Vm => {
                let id = source
                    .id
                    .parse()
                    .map_err(|e: Error| Error::invalid("source_id", e.message()))?;
                let vm = Repository::<Vm>::new(Arc::clone(store))
                    .get(&id)
                    .await
                    .map_err(absent)?;
                Ok(AlertSource {
                    name: vm.name.to_string(),
                    project: Some(vm.project.clone()),
                    node: vm.placement.map(|p| p.node),
                    ..source
                })
            }
            AlertSourceKind::Node => {
                let id = source
                    .id
                    .parse()
                    .map_err(|e: Error| Error::invalid("source_id", e.message()))?;
                let node = Repository::<Node>::new(Arc::clone(store))
                    .get(&id)
                    .await
                    .map_err(absent)?;
                Ok(AlertSource {
                    name: node.name.to_string(),
                    project: None,
                    node: Some(node.id),
                    ..source
                })
            }
            _ => Ok(source),
        }
    }
}

fn said(who: &str, what: &str, comment: &str) -> String {
    match comment {
        "" => format!("{who} {what}"),
        comment => format!("{who} {what}: {comment}"),
    }
}
