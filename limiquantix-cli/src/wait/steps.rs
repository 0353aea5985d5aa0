//! What a task's log says about its course.
//!
//! The log holds two sorts of lines: facts (`placed on node-1`), and the names of phases (`disk`,
//! `removing volumes`), written when they begin. A phase is over when the next line comes.

use std::time::Duration;

use limiquantix_proto::task::v1::{Task, TaskState};

use crate::quantity::between;

/// Something that has happened, or is happening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// The first word.
    pub(super) label: String,
    /// The rest of the line.
    pub(super) detail: String,
    /// How long it took; none for facts and for what goes on.
    pub(super) took: Option<Duration>,
    /// It is over.
    pub(super) done: bool,
}

/// The steps of a task, oldest first.
pub(super) fn steps(task: &Task) -> Vec<Step> {
    let mut steps = Vec::new();
    for (position, line) in task.log.iter().enumerate() {
        let next = task.log.get(position + 1);
        let succeeded = task.state == TaskState::Succeeded;
        let (label, detail, is_phase) = split(&line.text);
        let end = match next {
            Some(next) => next.at.as_option(),
            None => task.finished_at.as_option().filter(|_| succeeded),
        };
        let done = !is_phase || next.is_some() || succeeded;
        let took = between(line.at.as_option(), end).filter(|_| is_phase && done);
        steps.push(Step {
            label,
            detail,
            took,
            done,
        });
    }
    steps
}

/// The first word, the rest, and whether the line names a phase. A fact is told in the past: `placed on
/// node-1`; a phase is a noun or goes on: `disk`, `waiting for the guest to shut down`.
fn split(line: &str) -> (String, String, bool) {
    let (label, detail) = line
        .split_once(": ")
        .or_else(|| line.split_once(' '))
        .unwrap_or((line, ""));
    let is_fact = !detail.is_empty() && label.ends_with("ed");
    (label.to_owned(), detail.to_owned(), !is_fact)
}
