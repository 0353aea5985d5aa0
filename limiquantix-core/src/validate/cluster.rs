use std::time::Duration;

use super::{at_most, count, description, labels};
use crate::error::{Error, Result};
use crate::resource::ClusterSpec;

/// The most of a node's cores or memory that may be promised, in percent: more is a typing error.
const MAX_OVERCOMMIT_PERCENT: u32 = 10_000;
/// How often DRS may look at a cluster: not before the last look has had an effect, and at least once a day.
const DRS_INTERVAL: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(10)..=Duration::from_secs(24 * 3600);
/// The most steps of a restart order.
const MAX_RESTART_STEPS: usize = 16;
/// The most failures of nodes that a cluster can be asked to tolerate.
const MAX_TOLERATED_FAILURES: u32 = 64;

/// Checks the policy of a cluster.
pub fn cluster_spec(at: &str, spec: &ClusterSpec) -> Result<()> {
    description(&format!("{at}.description"), &spec.description)?;
    let shares = [
        (
            "placement.overcommit_cpu_percent",
            spec.placement.overcommit_cpu,
            MAX_OVERCOMMIT_PERCENT,
        ),
        (
            "placement.overcommit_memory_percent",
            spec.placement.overcommit_memory,
            MAX_OVERCOMMIT_PERCENT,
        ),
        ("drs.cpu_threshold_percent", spec.drs.cpu_threshold, 100),
        ("drs.memory_threshold_percent", spec.drs.memory_threshold, 100),
    ];
    for (name, share, most) in shares {
        let field = format!("{at}.{name}");
        if share.0 < 1 {
            return Err(Error::invalid(field, "at least 1 %"));
        }
        at_most(&field, share.0, most, "%")?;
    }
    if !DRS_INTERVAL.contains(&spec.drs.interval) {
        let (least, most) = (DRS_INTERVAL.start().as_secs(), DRS_INTERVAL.end().as_secs());
        return Err(Error::invalid(
            format!("{at}.drs.interval"),
            format!("must be {least} s to {most} s"),
        ));
    }
    let order = format!("{at}.ha.restart_order");
    count(&order, spec.ha.restart_order.len(), MAX_RESTART_STEPS)?;
    for (i, step) in spec.ha.restart_order.iter().enumerate() {
        let field = format!("{order}[{i}].labels");
        if step.is_empty() {
            return Err(Error::invalid(
                field,
                "a step without labels would be every VM: leave it out",
            ));
        }
        labels(&field, step)?;
    }
    at_most(
        &format!("{at}.ha.tolerated_failures"),
        spec.ha.tolerated_failures,
        MAX_TOLERATED_FAILURES,
        "nodes",
    )
}
