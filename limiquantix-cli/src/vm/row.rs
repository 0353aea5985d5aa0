use std::time::SystemTime;

use limiquantix_proto::compute::v1::boot_config::Source;
use limiquantix_proto::compute::v1::{VirtualMachine, VmState};

use super::{show_labels, stop_cause, word};
use crate::output::{Cell, Column, Row, Tone};
use crate::quantity::{show_age, show_mib, show_moment, show_time};

impl Row for VirtualMachine {
    const KIND: &'static str = "vm";

    fn name(&self) -> &str {
        &self.name
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("NAME", |vm, _| Cell::new(&vm.name)),
                Column::new("STATE", |vm, _| Cell::new(state(vm)).tone(tone(vm))),
                Column::new("NODE", |vm, _| Cell::new(node(vm))),
                Column::new("CPUS", |vm, _| Cell::new(vm.spec.cpu.cores.to_string())),
                Column::new("MEMORY", |vm, _| {
                    let mib = vm.spec.memory.size_mib;
                    Cell::both(show_mib(mib), mib.to_string())
                }),
                Column::new("AGE", |vm, now| {
                    let at = vm.created_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
                Column::wide("ID", |vm, _| Cell::new(&vm.id)),
                Column::wide("PROJECT", |vm, _| Cell::new(&vm.project_id)),
                Column::wide("ACCEL", |vm, _| Cell::new(word(&vm.status.accel, "ACCEL_"))),
                Column::wide("ADDRESSES", |vm, _| Cell::new(vm.status.ip_addresses.join(","))),
                Column::wide("DISK", |vm, _| {
                    let gib: i32 = vm
                        .spec
                        .disks
                        .iter()
                        .fold(0, |sum, disk| sum.saturating_add(disk.size_gib));
                    Cell::both(format!("{gib} GiB"), gib.to_string())
                }),
                Column::wide("LABELS", |vm, _| Cell::new(show_labels(&vm.labels, ","))),
                Column::wide("TASK", |vm, _| Cell::new(&vm.current_task_id)),
                Column::wide("MESSAGE", |vm, _| Cell::new(&vm.status.message)),
            ]
        }
    }

    fn details(&self, now: SystemTime) -> Vec<(&'static str, String)> {
        let (spec, status) = (&self.spec, &self.status);
        let disks = spec.disks.iter().map(|disk| {
            let image = if disk.image.is_empty() {
                "blank"
            } else {
                &disk.image
            };
            let pool = if disk.pool.is_empty() {
                "default"
            } else {
                &disk.pool
            };
            format!("{} {} GiB, {image}, pool {pool}", disk.name, disk.size_gib)
                .trim_start()
                .to_owned()
        });
        let nics = spec.nics.iter().map(|nic| {
            let network = if nic.network.is_empty() {
                "default"
            } else {
                &nic.network
            };
            format!("{network} {} {}", nic.mac, word(&nic.model, "NIC_MODEL_"))
                .trim_end()
                .to_owned()
        });
        let boot = match spec.boot.source.as_ref() {
            Some(Source::Kernel(kernel)) => {
                format!("kernel {} {} {}", kernel.kernel, kernel.initrd, kernel.cmdline)
                    .trim_end()
                    .to_owned()
            }
            _ => "disk".to_owned(),
        };
        let created = self.created_at.as_option();
        let started = status.started_at.as_option();
        vec![
            ("Name", self.name.clone()),
            ("Id", self.id.clone()),
            ("Project", self.project_id.clone()),
            ("Description", self.description.clone()),
            ("State", state(self)),
            ("Message", status.message.clone()),
            ("Stopped by", stop_cause(self)),
            ("Wanted", word(&self.desired_power, "POWER_STATE_")),
            ("Task", self.current_task_id.clone()),
            ("Node", node(self)),
            ("Run epoch", status.run_epoch.to_string()),
            ("Accel", word(&status.accel, "ACCEL_")),
            ("Addresses", status.ip_addresses.join("\n")),
            ("CPUs", spec.cpu.cores.to_string()),
            ("Memory", show_mib(spec.memory.size_mib)),
            ("Disks", disks.collect::<Vec<_>>().join("\n")),
            ("Networks", nics.collect::<Vec<_>>().join("\n")),
            ("Boot", boot),
            (
                "Cloud-init",
                if spec.cloud_init.is_set() {
                    "yes".to_owned()
                } else {
                    String::new()
                },
            ),
            ("Selector", show_labels(&spec.node_selector, "\n")),
            ("Labels", show_labels(&self.labels, "\n")),
            (
                "Created",
                format!("{} ({} ago)", show_moment(created), show_age(created, now)),
            ),
            (
                "Started",
                started
                    .map(|_| format!("{} ({} ago)", show_moment(started), show_age(started, now)))
                    .unwrap_or_default(),
            ),
        ]
    }
}

/// The state; that a VM is being deleted is more telling than what it does meanwhile.
fn state(vm: &VirtualMachine) -> String {
    if vm.deleting {
        "deleting".to_owned()
    } else {
        word(&vm.status.state, "VM_STATE_")
    }
}

fn tone(vm: &VirtualMachine) -> Tone {
    match vm.status.state.as_known() {
        _ if vm.deleting => Tone::Changing,
        Some(VmState::Running) => Tone::Good,
        Some(VmState::Error | VmState::Unknown) => Tone::Bad,
        Some(VmState::Stopped | VmState::Suspended) => Tone::Idle,
        Some(VmState::Unspecified) | None => Tone::Neutral,
        Some(_) => Tone::Changing,
    }
}

fn node(vm: &VirtualMachine) -> String {
    let status = &vm.status;
    if status.node_name.is_empty() {
        status.node_id.clone()
    } else {
        status.node_name.clone()
    }
}
