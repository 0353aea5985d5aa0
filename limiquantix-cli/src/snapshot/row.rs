use std::time::SystemTime;

use limiquantix_proto::compute::v1::{Snapshot, SnapshotState};

use crate::output::{Cell, Column, Row, Tone};
use crate::quantity::{show_age, show_mib, show_moment, show_time};
use crate::vm::{show_labels, word};

impl Row for Snapshot {
    const KIND: &'static str = "snapshot";

    fn name(&self) -> &str {
        &self.name
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("NAME", |snapshot, _| Cell::new(&snapshot.name)),
                Column::new("STATE", |snapshot, _| {
                    Cell::new(word(&snapshot.state, "SNAPSHOT_STATE_")).tone(tone(snapshot))
                }),
                Column::new("MEMORY", |snapshot, _| Cell::new(memory(snapshot))),
                Column::new("AGE", |snapshot, now| {
                    let at = snapshot.created_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
                Column::new("DESCRIPTION", |snapshot, _| Cell::new(&snapshot.description)),
                Column::wide("ID", |snapshot, _| Cell::new(&snapshot.id)),
                Column::wide("PARENT", |snapshot, _| Cell::new(&snapshot.parent_id)),
                Column::wide("LABELS", |snapshot, _| {
                    Cell::new(show_labels(&snapshot.labels, ","))
                }),
                Column::wide("TASK", |snapshot, _| Cell::new(&snapshot.current_task_id)),
                Column::wide("MESSAGE", |snapshot, _| Cell::new(&snapshot.message)),
            ]
        }
    }

    fn details(&self, _: SystemTime) -> Vec<(&'static str, String)> {
        let (cpu, size) = (&self.spec.cpu, &self.spec.memory);
        vec![
            ("Name", self.name.clone()),
            ("Id", self.id.clone()),
            ("VM", self.vm_id.clone()),
            ("State", word(&self.state, "SNAPSHOT_STATE_")),
            ("Message", self.message.clone()),
            ("Memory", memory(self).to_owned()),
            ("Parent", self.parent_id.clone()),
            (
                "Hardware",
                format!(
                    "{} cores, {}, {} disks",
                    cpu.cores,
                    show_mib(size.size_mib),
                    self.spec.disks.len()
                ),
            ),
            ("Description", self.description.clone()),
            ("Labels", show_labels(&self.labels, "\n")),
            ("Node", self.node_id.clone()),
            ("Task", self.current_task_id.clone()),
            ("Created", show_moment(self.created_at.as_option())),
        ]
    }
}

fn memory(snapshot: &Snapshot) -> &'static str {
    if snapshot.with_memory { "kept" } else { "off" }
}

fn tone(snapshot: &Snapshot) -> Tone {
    match snapshot.state.as_known() {
        Some(SnapshotState::Ready) => Tone::Good,
        Some(SnapshotState::Creating | SnapshotState::Deleting) => Tone::Changing,
        Some(SnapshotState::Error) => Tone::Bad,
        _ => Tone::Neutral,
    }
}
