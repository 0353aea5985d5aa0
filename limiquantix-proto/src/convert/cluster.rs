//! [`Cluster`]: nodes that share policy, as the API shows them.

use limiquantix_core::contract::Selector;
use limiquantix_core::identity::NodeId;
use limiquantix_core::planning::{Policy, Strategy};
use limiquantix_core::resource::{Cluster, ClusterSpec, DrsMode, DrsPolicy, HaPolicy, Labels};
use limiquantix_core::unit::Percent;
use limiquantix_core::{Error, Result};

use super::etag;
use super::field::{known, path, signed, unsigned};
use super::page::Listing;
use super::time::{duration_from_wire, duration_to_wire, timestamp_to_wire};
use crate::cluster::v1 as wire;
use crate::compute::v1::PlacementStrategy;

/// The cluster and its nodes as the API shows them.
pub fn to_wire(cluster: &Cluster, nodes: &[NodeId]) -> wire::Cluster {
    wire::Cluster {
        id: cluster.id.to_string(),
        name: cluster.name.to_string(),
        labels: cluster.meta.labels.clone(),
        spec: spec_to_wire(&cluster.spec).into(),
        node_ids: nodes.iter().map(ToString::to_string).collect(),
        etag: etag::to_wire(cluster.meta.revision),
        revision: cluster.meta.revision.0,
        created_at: timestamp_to_wire(cluster.meta.created_at).into(),
        updated_at: timestamp_to_wire(cluster.meta.updated_at).into(),
        ..Default::default()
    }
}

/// The policy of a cluster as the API shows it.
pub fn spec_to_wire(spec: &ClusterSpec) -> wire::ClusterSpec {
    wire::ClusterSpec {
        description: spec.description.clone(),
        placement: wire::PlacementPolicy {
            strategy: match spec.placement.strategy {
                Strategy::Spread => PlacementStrategy::Spread,
                Strategy::Pack => PlacementStrategy::Pack,
            }
            .into(),
            overcommit_cpu_percent: signed(spec.placement.overcommit_cpu.0),
            overcommit_memory_percent: signed(spec.placement.overcommit_memory.0),
            ..Default::default()
        }
        .into(),
        drs: wire::DrsPolicy {
            mode: match spec.drs.mode {
                DrsMode::Manual => wire::DrsMode::Manual,
                DrsMode::Partial => wire::DrsMode::Partial,
                DrsMode::Full => wire::DrsMode::Full,
            }
            .into(),
            cpu_threshold_percent: signed(spec.drs.cpu_threshold.0),
            memory_threshold_percent: signed(spec.drs.memory_threshold.0),
            interval: duration_to_wire(spec.drs.interval).into(),
            ..Default::default()
        }
        .into(),
        ha: wire::HaPolicy {
            enabled: spec.ha.enabled,
            restart_order: spec.ha.restart_order.iter().map(step_to_wire).collect(),
            tolerated_failures: signed(spec.ha.tolerated_failures),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

fn step_to_wire(labels: &Labels) -> wire::RestartStep {
    wire::RestartStep {
        labels: labels.clone(),
        ..Default::default()
    }
}

/// Reads the policy of a cluster; what is absent, or a 0 where that means the default, is filled in.
///
/// # Errors
///
/// `INVALID_FIELD` with the path of the field.
pub fn spec_from_wire(at: &str, spec: Option<&wire::ClusterSpec>) -> Result<ClusterSpec> {
    let Some(spec) = spec else {
        return Ok(ClusterSpec::default());
    };
    Ok(ClusterSpec {
        description: spec.description.clone(),
        placement: match spec.placement.as_option() {
            Some(placement) => placement_from_wire(&path(at, "placement"), placement)?,
            None => Policy::default(),
        },
        drs: match spec.drs.as_option() {
            Some(drs) => drs_from_wire(&path(at, "drs"), drs)?,
            None => DrsPolicy::default(),
        },
        ha: match spec.ha.as_option() {
            Some(ha) => ha_from_wire(&path(at, "ha"), ha)?,
            None => HaPolicy::default(),
        },
    })
}

fn placement_from_wire(at: &str, policy: &wire::PlacementPolicy) -> Result<Policy> {
    let usual = Policy::default();
    Ok(Policy {
        strategy: match known(&path(at, "strategy"), policy.strategy)? {
            PlacementStrategy::Unspecified | PlacementStrategy::Spread => Strategy::Spread,
            PlacementStrategy::Pack => Strategy::Pack,
        },
        overcommit_cpu: percent(
            &path(at, "overcommit_cpu_percent"),
            policy.overcommit_cpu_percent,
            usual.overcommit_cpu,
        )?,
        overcommit_memory: percent(
            &path(at, "overcommit_memory_percent"),
            policy.overcommit_memory_percent,
            usual.overcommit_memory,
        )?,
    })
}

fn drs_from_wire(at: &str, policy: &wire::DrsPolicy) -> Result<DrsPolicy> {
    let usual = DrsPolicy::default();
    Ok(DrsPolicy {
        mode: match known(&path(at, "mode"), policy.mode)? {
            wire::DrsMode::Unspecified | wire::DrsMode::Manual => DrsMode::Manual,
            wire::DrsMode::Partial => DrsMode::Partial,
            wire::DrsMode::Full => DrsMode::Full,
        },
        cpu_threshold: percent(
            &path(at, "cpu_threshold_percent"),
            policy.cpu_threshold_percent,
            usual.cpu_threshold,
        )?,
        memory_threshold: percent(
            &path(at, "memory_threshold_percent"),
            policy.memory_threshold_percent,
            usual.memory_threshold,
        )?,
        interval: match policy.interval.as_option() {
            Some(interval) => duration_from_wire(&path(at, "interval"), interval)?,
            None => usual.interval,
        },
    })
}

fn ha_from_wire(at: &str, policy: &wire::HaPolicy) -> Result<HaPolicy> {
    Ok(HaPolicy {
        enabled: policy.enabled,
        restart_order: policy
            .restart_order
            .iter()
            .map(|step| step.labels.clone())
            .collect(),
        tolerated_failures: unsigned(&path(at, "tolerated_failures"), policy.tolerated_failures)?,
    })
}

fn percent(field: &str, value: i32, usual: Percent) -> Result<Percent> {
    Ok(match unsigned(field, value)? {
        0 => usual,
        percent => Percent(percent),
    })
}

/// What to change of a cluster; `None` leaves things as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterChanges {
    /// Other labels, replacing all.
    pub labels: Option<Labels>,
    /// The whole new policy: what it was, with the named parts replaced.
    pub spec: Option<ClusterSpec>,
}

/// What `request` changes of a cluster whose policy is `current`. Nothing, if its mask is empty.
///
/// # Errors
///
/// `INVALID_FIELD` for `update_mask` if it names what is not there or may not be changed; otherwise with the
/// path of the field in `spec`.
pub fn changes_from_wire(
    request: &wire::UpdateClusterRequest,
    current: &ClusterSpec,
) -> Result<ClusterChanges> {
    let mut changes = ClusterChanges::default();
    let Some(mask) = request.update_mask.as_option() else {
        return Ok(changes);
    };
    let given = spec_from_wire("spec", request.spec.as_option())?;
    for path in &mask.paths {
        if path == "labels" {
            changes.labels = Some(request.labels.clone());
            continue;
        }
        let spec = changes.spec.get_or_insert_with(|| current.clone());
        match path.as_str() {
            "spec" => spec.clone_from(&given),
            "spec.description" => spec.description.clone_from(&given.description),
            "spec.placement" => spec.placement.clone_from(&given.placement),
            "spec.drs" => spec.drs.clone_from(&given.drs),
            "spec.ha" => spec.ha.clone_from(&given.ha),
            path => {
                let shown: String = path.chars().take(64).collect();
                return Err(Error::invalid(
                    "update_mask",
                    format!("update_mask has {shown:?}, which is not a field that can be changed"),
                ));
            }
        }
    }
    Ok(changes)
}

/// Which clusters, and which page of them, a list is to show.
///
/// # Errors
///
/// `INVALID_FIELD`, `INVALID_PAGE_TOKEN`.
pub fn listing_from_wire(request: &wire::ListClustersRequest) -> Result<Listing> {
    let selector = Selector {
        labels: request.labels.clone(),
        ..Selector::default()
    };
    Listing::read::<Cluster>(selector, request)
}
