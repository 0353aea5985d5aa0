//! How waiting looks.
//!
//! ```text
//!   ✔ placed    on node-1
//!   ✔ disk                                              0.1 s
//!   ⠹ starting  ████████░░░░░░░░  50 %                  0.9 s     replaced ten times a second
//! ```
//!
//! Without a terminal the finished lines come alone.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use limiquantix_proto::task::v1::Task;

use super::has_ended;
use super::steps::{Step, steps};
use crate::output::Output;
use crate::quantity::show_elapsed;

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const BAR: usize = 16;

/// The view of one task. Used for several tasks of one wish in turn.
pub(crate) struct Progress<'a> {
    out: &'a Output,
    prefix: String,
    began: Instant,
    shown: BTreeSet<(String, String)>,
    phase: String,
    percent: i32,
    frame: usize,
}

impl<'a> Progress<'a> {
    /// `prefix` tells the lines of several tasks apart; empty where there is one.
    pub(crate) fn new(out: &'a Output, prefix: &str) -> Self {
        Self {
            out,
            prefix: if prefix.is_empty() {
                String::new()
            } else {
                format!("{prefix}  ")
            },
            began: Instant::now(),
            shown: BTreeSet::new(),
            phase: String::new(),
            percent: 0,
            frame: 0,
        }
    }

    /// What is being done now. Empty: not known.
    pub(crate) fn phase(&self) -> &str {
        &self.phase
    }

    /// Something is being done that no task tells of.
    pub(crate) fn enter(&mut self, phase: &str) {
        phase.clone_into(&mut self.phase);
        self.percent = 0;
    }

    /// Prints what has been done since the last time.
    pub(crate) fn update(&mut self, task: &Task) {
        for step in steps(task).into_iter().filter(|step| step.done) {
            if self.shown.insert((step.label.clone(), step.detail.clone())) {
                self.print(&step, true);
            }
        }
        self.percent = task.progress_percent.clamp(0, 100);
        if !has_ended(task) {
            task.phase.clone_into(&mut self.phase);
        }
    }

    /// Draws the line of what is being done.
    pub(crate) fn draw(&mut self) {
        self.frame = (self.frame + 1) % SPINNER.len();
        let phase = if self.phase.is_empty() {
            "waiting"
        } else {
            &self.phase
        };
        let bar = if self.percent > 0 {
            bar(self.percent)
        } else {
            String::new()
        };
        let line = line(&self.prefix, phase, &bar, Some(self.began.elapsed()));
        self.out.live(&format!("  {} {line}", SPINNER[self.frame]));
    }

    /// The wish has come true, or will not.
    pub(crate) fn end(&mut self, label: &str, good: bool) {
        let took = Some(self.began.elapsed());
        self.print(
            &Step {
                label: label.to_owned(),
                detail: String::new(),
                took,
                done: true,
            },
            good,
        );
    }

    fn print(&self, step: &Step, good: bool) {
        let line = line(&self.prefix, &step.label, &step.detail, step.took);
        self.out.talk(&format!("  {} {line}", self.out.mark(good)));
    }
}

fn line(prefix: &str, label: &str, detail: &str, took: Option<Duration>) -> String {
    let took = took.map(show_elapsed).unwrap_or_default();
    format!("{prefix}{label:<9} {detail:<36} {took:>7}")
        .trim_end()
        .to_owned()
}

fn bar(percent: i32) -> String {
    let full = usize::try_from(percent).unwrap_or(0) * BAR / 100;
    format!("{}{} {percent:>3} %", "█".repeat(full), "░".repeat(BAR - full))
}
