use std::time::SystemTime;

use limiquantix_proto::task::v1::{Task, TaskState};

use crate::output::{Cell, Column, Row, Tone};
use crate::quantity::{between, show_age, show_elapsed, show_moment, show_time};
use crate::vm::word;

impl Row for Task {
    const KIND: &'static str = "task";

    fn name(&self) -> &str {
        &self.id
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("ID", |task, _| Cell::new(&task.id)),
                Column::new("KIND", |task, _| Cell::new(kind(task))),
                Column::new("TARGET", |task, _| Cell::new(&task.target.name)),
                Column::new("STATE", |task, _| Cell::new(state(task)).tone(tone(task))),
                Column::new("PHASE", |task, _| Cell::new(&task.phase)),
                Column::new("PROGRESS", |task, _| {
                    Cell::both(
                        format!("{} %", task.progress_percent),
                        task.progress_percent.to_string(),
                    )
                }),
                Column::new("AGE", |task, now| {
                    let at = task.created_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
                Column::wide("TOOK", |task, _| {
                    let took = between(task.created_at.as_option(), task.finished_at.as_option());
                    let seconds = took.map(|took| took.as_secs_f64().to_string());
                    Cell::both(
                        took.map(show_elapsed).unwrap_or_default(),
                        seconds.unwrap_or_default(),
                    )
                }),
                Column::wide("PROJECT", |task, _| Cell::new(&task.project_id)),
                Column::wide("ERROR", |task, _| Cell::new(error(task))),
            ]
        }
    }

    fn details(&self, now: SystemTime) -> Vec<(&'static str, String)> {
        let log = self
            .log
            .iter()
            .map(|line| format!("{}  {}", show_moment(line.at.as_option()), line.text));
        let took = between(self.created_at.as_option(), self.finished_at.as_option());
        let age = show_age(self.created_at.as_option(), now);
        vec![
            ("Id", self.id.clone()),
            ("Kind", kind(self)),
            ("Target", format!("{} {}", self.target.name, self.target.id)),
            ("Project", self.project_id.clone()),
            ("State", state(self)),
            ("Phase", self.phase.clone()),
            ("Progress", format!("{} %", self.progress_percent)),
            ("Error", error(self)),
            (
                "Created",
                format!("{} ({age} ago)", show_moment(self.created_at.as_option())),
            ),
            ("Started", show_moment(self.started_at.as_option())),
            ("Finished", show_moment(self.finished_at.as_option())),
            ("Took", took.map(show_elapsed).unwrap_or_default()),
            ("Log", log.collect::<Vec<_>>().join("\n")),
        ]
    }
}

fn kind(task: &Task) -> String {
    word(&task.kind, "TASK_KIND_")
}

fn state(task: &Task) -> String {
    word(&task.state, "TASK_STATE_")
}

fn tone(task: &Task) -> Tone {
    match task.state.as_known() {
        Some(TaskState::Succeeded) => Tone::Good,
        Some(TaskState::Failed) => Tone::Bad,
        Some(TaskState::Pending | TaskState::Running) => Tone::Changing,
        Some(TaskState::Cancelled) => Tone::Idle,
        _ => Tone::Neutral,
    }
}

fn error(task: &Task) -> String {
    let error = task
        .error
        .as_option()
        .map(|error| format!("{}: {}", error.reason, error.message));
    error.unwrap_or_default()
}
