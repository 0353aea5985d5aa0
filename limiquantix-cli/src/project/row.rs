use std::time::SystemTime;

use limiquantix_proto::project::v1::Project;

use crate::output::{Cell, Column, Row};
use crate::quantity::{show_age, show_bytes, show_moment, show_time};
use crate::vm::show_labels;

impl Row for Project {
    const KIND: &'static str = "project";

    fn name(&self) -> &str {
        &self.id
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("ID", |project, _| Cell::new(&project.id)),
                Column::new("NAME", |project, _| Cell::new(&project.spec.display_name)),
                Column::new("VMS", |project, _| {
                    limit(project.spec.quota.vms, |n| n.to_string())
                }),
                Column::new("VCPUS", |project, _| {
                    limit(project.spec.quota.vcpus, |n| n.to_string())
                }),
                Column::new("MEMORY", |project, _| {
                    limit(project.spec.quota.memory_mib, show_mib)
                }),
                Column::new("STORAGE", |project, _| {
                    limit(project.spec.quota.storage_gib, show_gib)
                }),
                Column::new("AGE", |project, now| {
                    let at = project.created_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
                Column::wide("LABELS", |project, _| {
                    Cell::new(show_labels(&project.labels, ","))
                }),
            ]
        }
    }

    fn details(&self, _: SystemTime) -> Vec<(&'static str, String)> {
        let (spec, quota) = (&self.spec, &self.spec.quota);
        let shown = |limit: Cell| limit.text;
        vec![
            ("Id", self.id.clone()),
            ("Name", spec.display_name.clone()),
            ("Description", spec.description.clone()),
            ("VMs", shown(limit(quota.vms, |n| n.to_string()))),
            ("vCPUs", shown(limit(quota.vcpus, |n| n.to_string()))),
            ("Memory", shown(limit(quota.memory_mib, show_mib))),
            ("Storage", shown(limit(quota.storage_gib, show_gib))),
            ("Labels", show_labels(&self.labels, "\n")),
            ("Created", show_moment(self.created_at.as_option())),
        ]
    }
}

/// A limit, or that there is none.
fn limit<T: ToString + Copy>(limit: Option<T>, show: fn(T) -> String) -> Cell {
    match limit {
        Some(limit) => Cell::both(show(limit), limit.to_string()),
        None => Cell::both("no limit", ""),
    }
}

/// MiB for people.
pub(super) fn show_mib(mib: i64) -> String {
    show_bytes(mib.saturating_mul(1 << 20))
}

/// GiB for people.
pub(super) fn show_gib(gib: i64) -> String {
    show_bytes(gib.saturating_mul(1 << 30))
}
