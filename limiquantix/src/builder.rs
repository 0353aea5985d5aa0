use std::sync::Arc;
use std::time::Duration;

use limiquantix_core::contract::{Clock, IdSource, Scheduler, Store};
use limiquantix_core::planning::{FilterScore, Policy};
use limiquantix_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::control_plane::ControlPlane;
use crate::system::{SystemClock, SystemIds};

/// Settings of a control plane: plain data, checked when the control plane is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How VMs are placed.
    pub placement: Policy,
    /// How often agents report.
    pub heartbeat_interval: Duration,
    /// How long a node may be silent before it is shown as not ready.
    pub heartbeat_timeout: Duration,
    /// How long a console waits for the agent to answer.
    pub console_timeout: Duration,
    /// How long what is over is kept.
    pub retention: Retention,
}

/// How long what is over is kept, by the wall clock. It is removed within minutes after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Answers to request ids: a call that is repeated later is taken for a new one.
    pub request_ids: Duration,
    /// Tasks, after their end.
    pub tasks: Duration,
    /// Events.
    pub events: Duration,
}

impl Default for Retention {
    /// A day is longer than anybody retries; a month is how far back people look for what went wrong.
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        Self {
            request_ids: DAY,
            tasks: DAY * 30,
            events: DAY * 30,
        }
    }
}

impl Retention {
    /// Clients retry for minutes. What is forgotten sooner than that is done twice.
    const LEAST: Duration = Duration::from_secs(10 * 60);

    fn check(&self) -> Result<()> {
        for (field, length) in [
            ("retention.request_ids", self.request_ids),
            ("retention.tasks", self.tasks),
            ("retention.events", self.events),
        ] {
            if length < Self::LEAST {
                let message = format!("{field} ({length:?}) must be at least {:?}", Self::LEAST);
                return Err(Error::invalid(field, message));
            }
        }
        Ok(())
    }
}

impl Default for Settings {
    /// Five seconds and twenty: three heartbeats may be lost and the fourth late before a node is shown as
    /// not ready. Nothing is restarted on that ground, so being slow costs little and being wrong is cheap.
    fn default() -> Self {
        Self {
            placement: Policy::default(),
            heartbeat_interval: Duration::from_secs(5),
            heartbeat_timeout: Duration::from_secs(20),
            console_timeout: Duration::from_secs(10),
            retention: Retention::default(),
        }
    }
}

impl Settings {
    /// Refuses settings that contradict each other.
    pub fn check(&self) -> Result<()> {
        if self.heartbeat_interval < Duration::from_millis(10) {
            return Err(Error::invalid(
                "heartbeat_interval",
                "heartbeat_interval must be at least 10 ms",
            ));
        }
        // One heartbeat lost and the next delayed by as much again must not count as silence.
        if self.heartbeat_timeout < self.heartbeat_interval * 3 {
            let message = format!(
                "heartbeat_timeout ({:?}) must be at least three times heartbeat_interval ({:?})",
                self.heartbeat_timeout, self.heartbeat_interval
            );
            return Err(Error::invalid("heartbeat_timeout", message));
        }
        self.retention.check()
    }
}

/// Puts a [`ControlPlane`] together.
#[derive(Debug)]
#[must_use]
pub struct ControlPlaneBuilder {
    store: Option<Arc<dyn Store>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    scheduler: Arc<dyn Scheduler>,
    settings: Settings,
}

impl Default for ControlPlaneBuilder {
    fn default() -> Self {
        Self {
            store: None,
            clock: Arc::new(SystemClock::new()),
            ids: Arc::new(SystemIds),
            scheduler: Arc::new(FilterScore),
            settings: Settings::default(),
        }
    }
}

impl ControlPlaneBuilder {
    /// Where state is kept. Required, unless the `memory` feature provides it.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// What time it is; the machine's clocks if not given.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where ids come from; random if not given.
    pub fn ids(mut self, ids: Arc<dyn IdSource>) -> Self {
        self.ids = ids;
        self
    }

    /// What chooses nodes; the filter-and-score pipeline of core if not given.
    pub fn scheduler(mut self, scheduler: Arc<dyn Scheduler>) -> Self {
        self.scheduler = scheduler;
        self
    }

    /// Settings.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Checks the settings, reads what is stored, and starts the controllers, which run until the control
    /// plane is dropped or shut down. Must be called inside a tokio runtime.
    pub async fn build(self) -> Result<ControlPlane> {
        self.settings.check()?;
        let store = self
            .store
            .ok_or_else(|| Error::invalid("store", "a control plane needs a store"))?;
        ControlPlane::start(store, self.clock, self.ids, self.scheduler, self.settings).await
    }
}
