//! [`Recommendation`]: a move that the cluster would gain from, as the API shows it.

use buffa::EnumValue;
use limiquantix_core::contract::Selector;
use limiquantix_core::resource::{
    Decision, Labels, Recommendation, RecommendationPriority, RecommendationState,
};
use limiquantix_core::{Error, Result};

use super::field::known;
use super::page::Listing;
use super::time::{duration_to_wire, timestamp_to_wire};
use super::vm::project_filter;
use super::{etag, id};
use crate::drs::v1 as wire;

/// The recommendation as the API shows it.
pub fn to_wire(it: &Recommendation) -> wire::Recommendation {
    wire::Recommendation {
        id: it.id.to_string(),
        priority: match it.priority {
            RecommendationPriority::Critical => wire::RecommendationPriority::Critical,
            RecommendationPriority::High => wire::RecommendationPriority::High,
            RecommendationPriority::Medium => wire::RecommendationPriority::Medium,
            RecommendationPriority::Low => wire::RecommendationPriority::Low,
        }
        .into(),
        recommendation_type: wire::RecommendationType::Migrate.into(),
        reason: it.reason.clone(),
        vm_id: it.vm.to_string(),
        vm_name: it.vm_name.clone(),
        source_node_id: it.source.id.to_string(),
        source_node_name: it.source.name.clone(),
        target_node_id: it.target.id.to_string(),
        target_node_name: it.target.name.clone(),
        impact_cpu: it.impact.cpu,
        impact_memory: it.impact.memory,
        estimated_duration: duration_to_wire(it.estimated_duration).into(),
        status: status_to_wire(it.state).into(),
        expires_at: timestamp_to_wire(it.expires_at).into(),
        approved: it.approved.as_ref().map(decision_to_wire).into(),
        rejected: it.rejected.as_ref().map(decision_to_wire).into(),
        message: it.message.clone(),
        project_id: it.project.to_string(),
        planned_on_etag: etag::to_wire(it.planned_on),
        created_at: timestamp_to_wire(it.meta.created_at).into(),
        updated_at: timestamp_to_wire(it.meta.updated_at).into(),
        revision: it.meta.revision.0,
        etag: etag::to_wire(it.meta.revision),
        ..Default::default()
    }
}

/// Which recommendations, and which page of them, a list is to show.
///
/// # Errors
///
/// `INVALID_FIELD`, `INVALID_PAGE_TOKEN`.
pub fn listing_from_wire(request: &wire::ListRecommendationsRequest) -> Result<Listing> {
    let vm = id::optional("vm_id", &request.vm_id, id::parse_vm_id)?;
    let priority = priority_from_wire("priority", request.priority)?;
    let labels = [
        (Recommendation::LABEL_VM, vm.map(|id| id.to_string())),
        (
            Recommendation::LABEL_PRIORITY,
            priority.map(|p| p.as_str().to_owned()),
        ),
    ];
    let given = labels
        .into_iter()
        .filter_map(|(label, value)| Some((label.to_owned(), value?)));
    let selector = Selector {
        project: project_filter("project_id", &request.project_id)?,
        node: id::optional("source_node_id", &request.source_node_id, id::parse_node_id)?,
        phases: statuses_from_wire("statuses", &request.statuses)?,
        labels: given.collect::<Labels>(),
        ..Selector::default()
    };
    Listing::read::<Recommendation>(selector, request)
}

fn decision_to_wire(decision: &Decision) -> wire::Decision {
    wire::Decision {
        by: decision.by.clone(),
        at: timestamp_to_wire(decision.at).into(),
        comment: decision.comment.clone(),
        ..Default::default()
    }
}

fn status_to_wire(state: RecommendationState) -> wire::RecommendationStatus {
    match state {
        RecommendationState::Pending => wire::RecommendationStatus::Pending,
        RecommendationState::Approved => wire::RecommendationStatus::Approved,
        RecommendationState::Applying => wire::RecommendationStatus::Applying,
        RecommendationState::Applied => wire::RecommendationStatus::Applied,
        RecommendationState::Rejected => wire::RecommendationStatus::Rejected,
        RecommendationState::Expired => wire::RecommendationStatus::Expired,
        RecommendationState::Failed => wire::RecommendationStatus::Failed,
    }
}

fn statuses_from_wire(
    field: &str,
    statuses: &[EnumValue<wire::RecommendationStatus>],
) -> Result<Vec<&'static str>> {
    let state = |(n, status): (usize, &EnumValue<wire::RecommendationStatus>)| {
        let at = format!("{field}[{n}]");
        let known = known(&at, *status)?;
        let state = RecommendationState::ALL
            .into_iter()
            .find(|state| status_to_wire(*state) == known);
        let named = state.ok_or_else(|| Error::invalid(at, format!("{field} must be named, or be empty")))?;
        Ok(named.as_str())
    };
    statuses.iter().enumerate().map(state).collect()
}

fn priority_from_wire(
    field: &str,
    priority: EnumValue<wire::RecommendationPriority>,
) -> Result<Option<RecommendationPriority>> {
    Ok(match known(field, priority)? {
        wire::RecommendationPriority::Unspecified => None,
        wire::RecommendationPriority::Critical => Some(RecommendationPriority::Critical),
        wire::RecommendationPriority::High => Some(RecommendationPriority::High),
        wire::RecommendationPriority::Medium => Some(RecommendationPriority::Medium),
        wire::RecommendationPriority::Low => Some(RecommendationPriority::Low),
    })
}
