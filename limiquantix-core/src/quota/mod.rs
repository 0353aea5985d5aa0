//! What a project may use: pure arithmetic on its quota and what is counted against it.
//!
//! Only what grows is checked. A project that has more than its quota, because that was lowered, may go on
//! shrinking and may change what it does not have too much of; it gets nothing more of the rest.

#[cfg(test)]
mod tests;

use crate::error::{Error, Reason, Result};
use crate::identity::ProjectId;
use crate::resource::{Amounts, ProjectUsage, Quota};

/// Counts that what was `before` is `after` from now on; zero before is a creation, zero after a removal.
///
/// # Errors
///
/// `QUOTA_EXCEEDED` if more would be used than `quota` allows of something that grows. The context has
/// `project`, and for every limit in its way `resource`, `limit`, `used` and `requested` (how much more was
/// asked for). `INTERNAL` if more is given back than is counted, which is a bug.
pub fn change(usage: &mut ProjectUsage, quota: &Quota, before: Amounts, after: Amounts) -> Result<()> {
    let mut lines = [
        Line::new("vms", usage.used.vms, before.vms, after.vms, quota.vms),
        Line::new("vcpus", usage.used.vcpus, before.vcpus, after.vcpus, quota.vcpus),
        Line::new(
            "memory_mib",
            usage.used.memory_mib,
            before.memory_mib,
            after.memory_mib,
            quota.memory_mib,
        ),
        Line::new(
            "storage_gib",
            usage.used.storage_gib,
            before.storage_gib,
            after.storage_gib,
            quota.storage_gib,
        ),
    ];
    if lines.iter().any(Line::is_exceeded) {
        return Err(exceeded(&usage.id, &lines));
    }
    for line in &mut lines {
        line.total = line.sum().ok_or_else(|| miscounted(&usage.id, line))?;
    }
    let [vms, vcpus, memory_mib, storage_gib] = lines.map(|line| line.total);
    usage.used = Amounts {
        vms,
        vcpus,
        memory_mib,
        storage_gib,
    };
    Ok(())
}

/// One thing that is counted.
#[derive(Debug, Clone, Copy)]
struct Line {
    resource: &'static str,
    total: u64,
    before: u64,
    after: u64,
    limit: Option<u64>,
}

impl Line {
    const fn new(resource: &'static str, total: u64, before: u64, after: u64, limit: Option<u64>) -> Self {
        Self {
            resource,
            total,
            before,
            after,
            limit,
        }
    }

    /// How much more is asked for.
    const fn growth(&self) -> u64 {
        self.after.saturating_sub(self.before)
    }

    fn is_exceeded(&self) -> bool {
        let growth = self.growth();
        growth > 0
            && self
                .limit
                .is_some_and(|limit| self.total.checked_add(growth).is_none_or(|sum| sum > limit))
    }

    /// What is used afterwards.
    fn sum(&self) -> Option<u64> {
        self.total.checked_sub(self.before)?.checked_add(self.after)
    }
}

fn exceeded(project: &ProjectId, lines: &[Line]) -> Error {
    let in_the_way = || lines.iter().filter(|line| line.is_exceeded());
    let words: Vec<String> = in_the_way()
        .map(|line| {
            let limit = line.limit.unwrap_or_default();
            format!(
                "{} {} of {limit} used, {} more requested",
                line.resource,
                line.total,
                line.growth()
            )
        })
        .collect();
    let message = format!("the quota of project {project} is exceeded: {}", words.join("; "));
    let error = Error::new(Reason::QuotaExceeded, message).with("project", project.as_str());
    in_the_way().fold(error, |error, line| {
        error
            .with("resource", line.resource)
            .with("limit", line.limit.unwrap_or_default().to_string())
            .with("used", line.total.to_string())
            .with("requested", line.growth().to_string())
    })
}

fn miscounted(project: &ProjectId, line: &Line) -> Error {
    Error::internal(format!(
        "more {} would be released than are counted",
        line.resource
    ))
    .with("project", project.as_str())
}
