use std::collections::BTreeMap;
use std::time::SystemTime;

use limiquantix_proto::cluster::v1::PlacementRule;

use crate::output::{Cell, Column, Row};
use crate::quantity::{show_age, show_moment, show_time};
use crate::vm::{show_labels, word};

impl Row for PlacementRule {
    const KIND: &'static str = "rule";

    fn name(&self) -> &str {
        &self.name
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("NAME", |rule, _| Cell::new(&rule.name)),
                Column::new("KIND", |rule, _| Cell::new(kind(rule))),
                Column::new("STRENGTH", |rule, _| Cell::new(strength(rule))),
                Column::new("VMS", |rule, _| Cell::new(vms(rule, ","))),
                Column::new("NODES", |rule, _| Cell::new(nodes(rule, ","))),
                Column::new("AGE", |rule, now| {
                    let at = rule.created_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
                Column::wide("ID", |rule, _| Cell::new(&rule.id)),
                Column::wide("PROJECT", |rule, _| Cell::new(&rule.project_id)),
                Column::wide("LABELS", |rule, _| Cell::new(show_labels(&rule.labels, ","))),
            ]
        }
    }

    fn details(&self, _: SystemTime) -> Vec<(&'static str, String)> {
        vec![
            ("Name", self.name.clone()),
            ("Id", self.id.clone()),
            ("Project", self.project_id.clone()),
            ("Description", self.spec.description.clone()),
            ("Kind", kind(self)),
            ("Strength", strength(self)),
            ("VMs", vms(self, "\n")),
            ("Nodes", nodes(self, "\n")),
            ("Labels", show_labels(&self.labels, "\n")),
            ("Created", show_moment(self.created_at.as_option())),
        ]
    }
}

fn kind(rule: &PlacementRule) -> String {
    word(&rule.spec.kind, "RULE_KIND_")
}

fn strength(rule: &PlacementRule) -> String {
    match rule.spec.required {
        true => "required".to_owned(),
        false => format!("preferred {}", rule.spec.weight),
    }
}

fn vms(rule: &PlacementRule, between: &str) -> String {
    either(&rule.spec.vm_ids, &rule.spec.vm_labels, between)
}

fn nodes(rule: &PlacementRule, between: &str) -> String {
    either(&rule.spec.node_ids, &rule.spec.node_labels, between)
}

fn either(ids: &[String], labels: &BTreeMap<String, String>, between: &str) -> String {
    match ids {
        [] => show_labels(labels, between),
        ids => ids.join(between),
    }
}
