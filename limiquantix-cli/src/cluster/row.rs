use std::time::SystemTime;

use limiquantix_proto::cluster::v1::Cluster;

use crate::output::{Cell, Column, Row};
use crate::quantity::{show_age, show_moment, show_time};
use crate::vm::{show_labels, word};

impl Row for Cluster {
    const KIND: &'static str = "cluster";

    fn name(&self) -> &str {
        &self.name
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("NAME", |cluster, _| Cell::new(&cluster.name)),
                Column::new("NODES", |cluster, _| {
                    Cell::new(cluster.node_ids.len().to_string())
                }),
                Column::new("STRATEGY", |cluster, _| Cell::new(strategy(cluster))),
                Column::new("DRS", |cluster, _| Cell::new(drs(cluster))),
                Column::new("HA", |cluster, _| Cell::new(ha(cluster))),
                Column::new("AGE", |cluster, now| {
                    let at = cluster.created_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
                Column::wide("ID", |cluster, _| Cell::new(&cluster.id)),
                Column::wide("LABELS", |cluster, _| {
                    Cell::new(show_labels(&cluster.labels, ","))
                }),
            ]
        }
    }

    fn details(&self, _: SystemTime) -> Vec<(&'static str, String)> {
        let spec = &self.spec;
        let steps = spec.ha.restart_order.iter();
        let steps: Vec<String> = steps.map(|step| show_labels(&step.labels, ",")).collect();
        vec![
            ("Name", self.name.clone()),
            ("Id", self.id.clone()),
            ("Description", spec.description.clone()),
            ("Strategy", strategy(self)),
            (
                "Overcommit",
                format!(
                    "{} % of the cores, {} % of the memory",
                    spec.placement.overcommit_cpu_percent, spec.placement.overcommit_memory_percent
                ),
            ),
            (
                "DRS",
                format!(
                    "{}, above {} % of the cores or {} % of the memory, every {} s",
                    drs(self),
                    spec.drs.cpu_threshold_percent,
                    spec.drs.memory_threshold_percent,
                    spec.drs.interval.seconds
                ),
            ),
            ("HA", ha(self)),
            ("Restart order", steps.join("\n")),
            ("Nodes", self.node_ids.join("\n")),
            ("Labels", show_labels(&self.labels, "\n")),
            ("Created", show_moment(self.created_at.as_option())),
        ]
    }
}

fn strategy(cluster: &Cluster) -> String {
    word(&cluster.spec.placement.strategy, "PLACEMENT_STRATEGY_")
}

fn drs(cluster: &Cluster) -> String {
    word(&cluster.spec.drs.mode, "DRS_MODE_")
}

fn ha(cluster: &Cluster) -> String {
    let ha = &cluster.spec.ha;
    match (ha.enabled, ha.tolerated_failures) {
        (false, _) => "off".to_owned(),
        (true, 0) => "on".to_owned(),
        (true, failures) => format!("on, {failures} failures tolerated"),
    }
}
