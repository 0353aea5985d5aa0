//! [`Task`]: a long-running operation as the API shows it.

use buffa::EnumValue;
use limiquantix_core::Result;
use limiquantix_core::contract::Selector;
use limiquantix_core::resource::{Task, TaskError, TaskKind, TaskState};

use super::field::{known, signed};
use super::page::Listing;
use super::time::timestamp_to_wire;
use super::vm::project_filter;
use super::{etag, id};
use crate::task::v1 as wire;

/// The task as the API shows it.
pub fn to_wire(task: &Task) -> wire::Task {
    wire::Task {
        id: task.id.to_string(),
        kind: match task.kind {
            TaskKind::CreateVm => wire::TaskKind::CreateVm,
            TaskKind::StartVm => wire::TaskKind::StartVm,
            TaskKind::StopVm => wire::TaskKind::StopVm,
            TaskKind::RebootVm => wire::TaskKind::RebootVm,
            TaskKind::SuspendVm => wire::TaskKind::SuspendVm,
            TaskKind::ResumeVm => wire::TaskKind::ResumeVm,
            TaskKind::CreateSnapshot => wire::TaskKind::CreateSnapshot,
            TaskKind::RevertSnapshot => wire::TaskKind::RevertSnapshot,
            TaskKind::DeleteSnapshot => wire::TaskKind::DeleteSnapshot,
            TaskKind::UpdateVm => wire::TaskKind::UpdateVm,
            TaskKind::DeleteVm => wire::TaskKind::DeleteVm,
        }
        .into(),
        target: wire::TaskTarget {
            kind: task.target.kind.to_string(),
            id: task.target.id.clone(),
            name: task.target.name.clone(),
            node_id: task.target.node.map(|id| id.to_string()).unwrap_or_default(),
            ..Default::default()
        }
        .into(),
        project_id: task.project.to_string(),
        state: match task.state {
            TaskState::Pending => wire::TaskState::Pending,
            TaskState::Running => wire::TaskState::Running,
            TaskState::Succeeded => wire::TaskState::Succeeded,
            TaskState::Failed => wire::TaskState::Failed,
            TaskState::Cancelled => wire::TaskState::Cancelled,
        }
        .into(),
        phase: task.phase.clone(),
        progress_percent: signed(task.percent),
        log: task
            .log
            .iter()
            .map(|line| wire::TaskLogLine {
                at: timestamp_to_wire(line.at).into(),
                text: line.text.clone(),
                ..Default::default()
            })
            .collect(),
        error: task.error.as_ref().map(error_to_wire).into(),
        cancel_requested: task.cancel_requested,
        created_at: timestamp_to_wire(task.meta.created_at).into(),
        updated_at: timestamp_to_wire(task.meta.updated_at).into(),
        started_at: task.started_at.map(timestamp_to_wire).into(),
        finished_at: task.finished_at.map(timestamp_to_wire).into(),
        revision: task.meta.revision.0,
        etag: etag::to_wire(task.meta.revision),
        ..Default::default()
    }
}

pub(super) fn error_to_wire(error: &TaskError) -> wire::TaskError {
    wire::TaskError {
        reason: error.reason.clone(),
        message: error.message.clone(),
        ..Default::default()
    }
}

pub(super) fn error_from_wire(error: &wire::TaskError) -> TaskError {
    TaskError {
        reason: error.reason.clone(),
        message: error.message.clone(),
    }
}

/// Which tasks, and which page of them, a list is to show.
///
/// # Errors
///
/// `INVALID_FIELD`, `INVALID_PAGE_TOKEN`.
pub fn listing_from_wire(request: &wire::ListTasksRequest) -> Result<Listing> {
    let selector = Selector {
        project: project_filter("project_id", &request.project_id)?,
        name: Some(request.target_name.clone()).filter(|name| !name.is_empty()),
        node: id::optional("node_id", &request.node_id, id::parse_node_id)?,
        phases: state_from_wire("state", request.state)?
            .map(TaskState::as_str)
            .into_iter()
            .collect(),
        ..Selector::default()
    };
    Listing::read::<Task>(selector, request)
}

/// Which tasks a watch is to tell of.
///
/// # Errors
///
/// `INVALID_FIELD`.
pub fn watched_from_wire(request: &wire::WatchTasksRequest) -> Result<Selector> {
    Ok(Selector {
        project: project_filter("project_id", &request.project_id)?,
        name: Some(request.target_name.clone()).filter(|name| !name.is_empty()),
        node: id::optional("node_id", &request.node_id, id::parse_node_id)?,
        ..Selector::default()
    })
}

fn state_from_wire(field: &str, state: EnumValue<wire::TaskState>) -> Result<Option<TaskState>> {
    Ok(match known(field, state)? {
        wire::TaskState::Unspecified => None,
        wire::TaskState::Pending => Some(TaskState::Pending),
        wire::TaskState::Running => Some(TaskState::Running),
        wire::TaskState::Succeeded => Some(TaskState::Succeeded),
        wire::TaskState::Failed => Some(TaskState::Failed),
        wire::TaskState::Cancelled => Some(TaskState::Cancelled),
    })
}
