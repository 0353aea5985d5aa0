use std::time::SystemTime;

use limiquantix_proto::compute::v1::{Node, NodePhase};

use crate::output::{Cell, Column, Row, Tone};
use crate::quantity::{show_age, show_bytes, show_mib, show_moment, show_time};
use crate::vm::{show_labels, word};

impl Row for Node {
    const KIND: &'static str = "node";

    fn name(&self) -> &str {
        &self.hostname
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("NAME", |node, _| Cell::new(&node.hostname)),
                Column::new("STATE", |node, _| Cell::new(state(node)).tone(tone(node))),
                Column::new("VMS", |node, _| Cell::new(node.status.allocated.vms.to_string())),
                Column::new("CPUS", |node, _| {
                    let allocated = node.status.allocated.cpu_cores;
                    Cell::new(format!("{allocated}/{}", node.spec.cpu_cores))
                }),
                Column::new("MEMORY", |node, _| {
                    let (used, all) = (node.status.allocated.memory_mib, node.spec.memory_mib);
                    Cell::both(
                        format!("{}/{}", show_mib(used), show_mib(all)),
                        format!("{used}/{all}"),
                    )
                }),
                Column::new("HYPERVISOR", |node, _| Cell::new(&node.status.hypervisor.driver)),
                Column::new("HEARTBEAT", |node, now| {
                    let at = node.status.last_heartbeat_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
                Column::wide("ID", |node, _| Cell::new(&node.id)),
                Column::wide("ADDRESS", |node, _| Cell::new(&node.management_ip)),
                Column::wide("ACCEL", |node, _| Cell::new(accel(node))),
                Column::wide("AGENT", |node, _| Cell::new(&node.status.agent_version)),
                Column::wide("LABELS", |node, _| Cell::new(show_labels(&node.labels, ","))),
                Column::wide("TAINTS", |node, _| Cell::new(taints(node, ","))),
            ]
        }
    }

    fn details(&self, now: SystemTime) -> Vec<(&'static str, String)> {
        let (spec, status) = (&self.spec, &self.status);
        let allocated = &status.allocated;
        let conditions = status.conditions.iter().map(|condition| {
            let mark = if condition.holds { "yes" } else { "NO" };
            format!("{} {mark} {}", condition.name, condition.message)
                .trim_end()
                .to_owned()
        });
        let usage = status.usage.as_option().map(|usage| {
            format!(
                "{:.1} cores, {} memory, {} disk",
                f64::from(usage.cpu_used_millicores) / 1000.0,
                show_bytes(usage.memory_used_bytes),
                show_bytes(usage.disk_used_bytes)
            )
        });
        let pools = spec.pools.iter().map(|pool| {
            let (free, all) = (show_bytes(pool.available_bytes), show_bytes(pool.capacity_bytes));
            format!("{} {free} free of {all}", pool.name)
        });
        let heartbeat = status.last_heartbeat_at.as_option();
        vec![
            ("Name", self.hostname.clone()),
            ("Id", self.id.clone()),
            ("State", state(self)),
            ("Reason", self.admin.reason.clone()),
            ("Description", self.admin.description.clone()),
            ("Address", self.management_ip.clone()),
            (
                "Capacity",
                format!("{} cores, {}", spec.cpu_cores, show_mib(spec.memory_mib)),
            ),
            ("Reserved", show_mib(spec.reserved_memory_mib)),
            (
                "Allocated",
                format!(
                    "{} cores, {}, {} VMs",
                    allocated.cpu_cores,
                    show_mib(allocated.memory_mib),
                    allocated.vms
                ),
            ),
            ("In use", usage.unwrap_or_default()),
            (
                "Hypervisor",
                format!("{} {}", status.hypervisor.driver, status.hypervisor.version),
            ),
            ("Accel", accel(self)),
            ("Pools", pools.collect::<Vec<_>>().join("\n")),
            ("Conditions", conditions.collect::<Vec<_>>().join("\n")),
            ("Taints", taints(self, "\n")),
            ("Labels", show_labels(&self.labels, "\n")),
            ("Agent", status.agent_version.clone()),
            (
                "Heartbeat",
                heartbeat
                    .map(|at| format!("{} ago", show_age(Some(at), now)))
                    .unwrap_or_default(),
            ),
            ("Boot id", status.boot_id.clone()),
            ("Created", show_moment(self.created_at.as_option())),
        ]
    }
}

/// What is observed, and what operators intend, where that differs from the usual.
fn state(node: &Node) -> String {
    let mut state = word(&node.status.phase, "NODE_PHASE_");
    if let Some(admin) = node.admin.as_option() {
        if admin.maintenance {
            state.push_str(",maintenance");
        } else if admin.cordoned {
            state.push_str(",cordoned");
        }
    }
    state
}

fn tone(node: &Node) -> Tone {
    match node.status.phase.as_known() {
        Some(NodePhase::Ready) => Tone::Good,
        Some(NodePhase::NotReady | NodePhase::Unknown) => Tone::Bad,
        _ => Tone::Neutral,
    }
}

fn accel(node: &Node) -> String {
    word(&node.status.hypervisor.accel, "ACCEL_")
}

fn taints(node: &Node, between: &str) -> String {
    let mine = &node.spec.taints;
    let more = node.admin.taints.iter().filter(|taint| !mine.contains(taint));
    let taints = mine.iter().chain(more).map(|taint| {
        // As it is typed.
        let effect = word(&taint.effect, "TAINT_EFFECT_").replace(' ', "-");
        let value = if taint.value.is_empty() {
            String::new()
        } else {
            format!("={}", taint.value)
        };
        format!("{}{value}:{effect}", taint.key)
    });
    taints.collect::<Vec<_>>().join(between)
}
