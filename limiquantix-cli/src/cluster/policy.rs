use buffa_types::google::protobuf;
use limiquantix_proto::cluster::v1::{
    ClusterSpec, DrsMode, DrsPolicy, HaPolicy, PlacementPolicy, RestartStep,
};
use limiquantix_proto::compute::v1::PlacementStrategy;
use std::time::Duration;

use crate::quantity::duration;
use crate::vm::label;

/// Strategies as people type them.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Strategy {
    Spread,
    Pack,
}

/// Modes as people type them.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Drs {
    Manual,
    Partial,
    Full,
}

/// The policy of a cluster; what is not given stays as it was.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct PolicyArgs {
    /// Free text for people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// What makes one node better than another
    #[arg(long, value_name = "STRATEGY")]
    strategy: Option<Strategy>,
    /// How much of a node's cores may be promised, in percent
    #[arg(long, value_name = "PERCENT")]
    overcommit_cpu: Option<i32>,
    /// How much of a node's memory may be promised, in percent
    #[arg(long, value_name = "PERCENT")]
    overcommit_memory: Option<i32>,
    /// Who decides on moves of VMs
    #[arg(long, value_name = "MODE")]
    drs: Option<Drs>,
    /// Use of a node's cores that is too much, in percent
    #[arg(long, value_name = "PERCENT")]
    drs_cpu: Option<i32>,
    /// Use of a node's memory that is too much, in percent
    #[arg(long, value_name = "PERCENT")]
    drs_memory: Option<i32>,
    /// How often the balance is looked at
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    drs_interval: Option<Duration>,
    /// Restart the VMs of a failed node elsewhere
    #[arg(long, value_name = "BOOL")]
    ha: Option<bool>,
    /// Restart VMs with this label first; again: those with that label next
    #[arg(long, value_name = "KEY=VALUE", value_parser = label)]
    restart_first: Vec<(String, String)>,
    /// How many nodes may fail at once with room left for their VMs
    #[arg(long, value_name = "COUNT")]
    tolerate: Option<i32>,
}

impl PolicyArgs {
    /// `spec` with what was given in it.
    pub(super) fn applied(&self, mut spec: ClusterSpec) -> ClusterSpec {
        if let Some(text) = &self.description {
            spec.description.clone_from(text);
        }
        self.place(spec.placement.get_or_insert_default());
        self.balance(spec.drs.get_or_insert_default());
        self.restart(spec.ha.get_or_insert_default());
        spec
    }

    /// Which parts were given, as an update names them.
    pub(super) fn named(&self) -> Vec<String> {
        let placement =
            self.strategy.is_some() || self.overcommit_cpu.is_some() || self.overcommit_memory.is_some();
        let drs = self.drs.is_some()
            || self.drs_cpu.is_some()
            || self.drs_memory.is_some()
            || self.drs_interval.is_some();
        let ha = self.ha.is_some() || !self.restart_first.is_empty() || self.tolerate.is_some();
        let given = [
            ("spec.description", self.description.is_some()),
            ("spec.placement", placement),
            ("spec.drs", drs),
            ("spec.ha", ha),
        ];
        let named = given.into_iter().filter(|(_, given)| *given);
        named.map(|(path, _)| path.to_owned()).collect()
    }

    fn place(&self, policy: &mut PlacementPolicy) {
        match self.strategy {
            Some(Strategy::Spread) => policy.strategy = PlacementStrategy::Spread.into(),
            Some(Strategy::Pack) => policy.strategy = PlacementStrategy::Pack.into(),
            None => {}
        }
        set(&mut policy.overcommit_cpu_percent, self.overcommit_cpu);
        set(&mut policy.overcommit_memory_percent, self.overcommit_memory);
    }

    fn balance(&self, policy: &mut DrsPolicy) {
        match self.drs {
            Some(Drs::Manual) => policy.mode = DrsMode::Manual.into(),
            Some(Drs::Partial) => policy.mode = DrsMode::Partial.into(),
            Some(Drs::Full) => policy.mode = DrsMode::Full.into(),
            None => {}
        }
        set(&mut policy.cpu_threshold_percent, self.drs_cpu);
        set(&mut policy.memory_threshold_percent, self.drs_memory);
        if let Some(interval) = self.drs_interval {
            policy.interval = protobuf::Duration::from(interval).into();
        }
    }

    fn restart(&self, policy: &mut HaPolicy) {
        set(&mut policy.enabled, self.ha);
        set(&mut policy.tolerated_failures, self.tolerate);
        if !self.restart_first.is_empty() {
            let steps = self.restart_first.iter().map(|(key, value)| RestartStep {
                labels: [(key.clone(), value.clone())].into(),
                ..Default::default()
            });
            policy.restart_order = steps.collect();
        }
    }
}

fn set<T: Copy>(field: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *field = value;
    }
}
