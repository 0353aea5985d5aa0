use std::time::SystemTime;

use limiquantix_proto::network::v1::{Network, Subnet};

use crate::output::{Cell, Column, Row};
use crate::quantity::{show_age, show_moment, show_time};
use crate::vm::show_labels;

impl Row for Network {
    const KIND: &'static str = "network";

    fn name(&self) -> &str {
        &self.name
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("NAME", |network, _| Cell::new(&network.name)),
                Column::new("BACKING", |network, _| Cell::new(&network.spec.backing)),
                Column::new("SUBNETS", |network, _| Cell::new(cidrs(network))),
                Column::new("SHARED", |network, _| {
                    let shared = network.spec.shared;
                    Cell::both(if shared { "yes" } else { "no" }, shared.to_string())
                }),
                Column::new("AGE", |network, now| {
                    let at = network.created_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
                Column::wide("ID", |network, _| Cell::new(&network.id)),
                Column::wide("PROJECT", |network, _| Cell::new(&network.project_id)),
                Column::wide("LABELS", |network, _| {
                    Cell::new(show_labels(&network.labels, ","))
                }),
            ]
        }
    }

    fn details(&self, _: SystemTime) -> Vec<(&'static str, String)> {
        let subnets: Vec<String> = self.spec.subnets.iter().map(subnet).collect();
        vec![
            ("Name", self.name.clone()),
            ("Id", self.id.clone()),
            ("Project", self.project_id.clone()),
            ("Description", self.description.clone()),
            ("Backing", self.spec.backing.clone()),
            (
                "Shared",
                if self.spec.shared { "with all projects" } else { "" }.to_owned(),
            ),
            ("Subnets", subnets.join("\n")),
            ("Labels", show_labels(&self.labels, "\n")),
            ("Created", show_moment(self.created_at.as_option())),
        ]
    }
}

fn cidrs(network: &Network) -> String {
    let cidrs: Vec<&str> = network.spec.subnets.iter().map(|s| s.cidr.as_str()).collect();
    cidrs.join(",")
}

fn subnet(subnet: &Subnet) -> String {
    let mut text = subnet.cidr.clone();
    if !subnet.gateway.is_empty() {
        text.push_str(&format!(", gateway {}", subnet.gateway));
    }
    for range in &subnet.allocation_ranges {
        text.push_str(&format!(", from {} to {}", range.first, range.last));
    }
    if !subnet.dns_servers.is_empty() {
        text.push_str(&format!(", DNS {}", subnet.dns_servers.join(" ")));
    }
    text
}
