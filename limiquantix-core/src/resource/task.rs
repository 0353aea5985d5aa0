use serde::{Deserialize, Serialize};

use super::{IndexEntry, Kind, Meta};
use crate::error::{Error, Reason};
use crate::identity::{NodeId, ProjectId, TaskId};
use crate::time::Timestamp;

/// A long-running operation: what callers wait for. Written in the commit that starts the work, ended in
/// the commit that records its outcome, so it is never lost and never claims what did not happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Revision, times, labels.
    pub meta: Meta,
    /// The tenant.
    pub project: ProjectId,
    /// What is being done.
    pub kind: TaskKind,
    /// To what.
    pub target: TaskTarget,
    /// How far it is.
    pub state: TaskState,
    /// What is being done right now, in one or two words: `placing`, `disk`, `starting`.
    #[serde(default)]
    pub phase: String,
    /// 0 to 100.
    #[serde(default)]
    pub percent: u32,
    /// What happened so far; at most [`Task::LOG_MAX`] lines, the oldest dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<TaskLogLine>,
    /// Somebody asked to cancel it: when its effect is undone it ends as cancelled.
    #[serde(default)]
    pub cancel_requested: bool,
    /// Why it failed or was cancelled.
    pub error: Option<TaskError>,
    /// When the node began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Create a VM.
    CreateVm,
    /// Power it on.
    StartVm,
    /// Power it off.
    StopVm,
    /// Restart it.
    RebootVm,
    /// Pause it.
    SuspendVm,
    /// Let it go on.
    ResumeVm,
    /// Take a snapshot of it.
    CreateSnapshot,
    /// Put it back to a snapshot.
    RevertSnapshot,
    /// Remove a snapshot of it.
    DeleteSnapshot,
    /// Change it.
    UpdateVm,
    /// Remove it.
    DeleteVm,
}

impl TaskKind {
    /// Its name, in lower-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateVm => "create_vm",
            Self::StartVm => "start_vm",
            Self::StopVm => "stop_vm",
            Self::RebootVm => "reboot_vm",
            Self::SuspendVm => "suspend_vm",
            Self::ResumeVm => "resume_vm",
            Self::CreateSnapshot => "create_snapshot",
            Self::RevertSnapshot => "revert_snapshot",
            Self::DeleteSnapshot => "delete_snapshot",
            Self::UpdateVm => "update_vm",
            Self::DeleteVm => "delete_vm",
        }
    }
}

/// What a task is about. The name is kept because the object may be gone when somebody reads the task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskTarget {
    /// The kind of object.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// What it was called.
    pub name: String,
    /// The node that works on it.
    pub node: Option<NodeId>,
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Accepted; nobody has begun.
    Pending,
    /// Under way.
    Running,
    /// Done.
    Succeeded,
    /// Could not be done; `error` says why.
    Failed,
    /// Stopped on request, or replaced by another.
    Cancelled,
}

impl TaskState {
    /// Every state.
    pub const ALL: &'static [Self] = &[
        Self::Pending,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Its name, in lower-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// It has ended, and will never change again.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// One line of a task's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskLogLine {
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

/// Why a task failed or was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskError {
    /// The code of a [`Reason`].
    pub reason: String,
    /// What was wrong.
    pub message: String,
}

impl From<&Error> for TaskError {
    fn from(e: &Error) -> Self {
        Self {
            reason: e.reason().code().to_owned(),
            message: e.message().to_owned(),
        }
    }
}

impl Task {
    /// The most log lines kept: enough to see what happened, few enough to be read with every watch event.
    pub const LOG_MAX: usize = 32;

    /// A task that was just accepted.
    pub fn accepted(
        id: TaskId,
        project: ProjectId,
        kind: TaskKind,
        target: TaskTarget,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            meta: Meta::created(now, super::Labels::new()),
            project,
            kind,
            target,
            state: TaskState::Pending,
            phase: String::new(),
            percent: 0,
            log: Vec::new(),
            cancel_requested: false,
            error: None,
            started_at: None,
            finished_at: None,
        }
    }

    /// Adds a log line, dropping the oldest where there are too many. A repeat of the last line is dropped.
    pub fn note(&mut self, at: Timestamp, text: impl Into<String>) {
        let text = text.into();
        if self.log.last().is_some_and(|l| l.text == text) {
            return;
        }
        if self.log.len() >= Self::LOG_MAX {
            self.log.remove(0);
        }
        self.log.push(TaskLogLine { at, text });
    }

    /// Ends the task. An ended task stays as it is.
    pub fn finish(&mut self, at: Timestamp, state: TaskState, error: Option<TaskError>) {
        if self.state.is_terminal() {
            return;
        }
        self.state = state;
        self.error = error;
        self.finished_at = Some(at);
        self.meta.updated_at = at;
        if state == TaskState::Succeeded {
            self.percent = 100;
            self.phase = "done".to_owned();
        }
    }

    /// Ends the task as failed.
    pub fn fail(&mut self, at: Timestamp, reason: Reason, message: impl Into<String>) {
        let error = TaskError {
            reason: reason.code().to_owned(),
            message: message.into(),
        };
        self.finish(at, TaskState::Failed, Some(error));
    }

    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            project: Some(&self.project),
            name: Some(&self.target.name),
            unique: None,
            node: self.target.node,
            phase: Some(self.state.as_str()),
        }
    }
}
