//! Phases: what a long command is doing, how long each part took, and a table of it at the end.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// The phases of one command, in the order they ran.
pub(crate) struct Phases {
    began: Instant,
    done: Vec<(String, Duration)>,
}

impl Phases {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            done: Vec::new(),
        }
    }

    /// Runs one phase between two lines; a failure names the phase.
    pub(crate) fn run<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("▸ {name}");
        let began = Instant::now();
        let result = work();
        let took = began.elapsed();
        match result {
            Ok(value) => {
                println!("✔ {name}  {}", seconds(took));
                self.done.push((name.to_owned(), took));
                Ok(value)
            }
            Err(error) => {
                println!("✘ {name}  {}", seconds(took));
                self.done.push((format!("{name} (failed)"), took));
                Err(error).with_context(|| format!("phase “{name}” failed"))
            }
        }
    }

    /// The summary: one line per phase and the whole.
    pub(crate) fn table(&self) -> String {
        let width = self
            .done
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or(0)
            .max(5);
        let mut text = format!("{:<width$}  seconds\n", "phase");
        for (name, took) in &self.done {
            text.push_str(&format!("{name:<width$}  {:>7.1}\n", took.as_secs_f64()));
        }
        text.push_str(&format!(
            "{:<width$}  {:>7.1}\n",
            "total",
            self.began.elapsed().as_secs_f64()
        ));
        text
    }
}

/// `3.4 s`
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
