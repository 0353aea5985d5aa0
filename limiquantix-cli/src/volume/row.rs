use std::time::SystemTime;

use limiquantix_proto::storage::v1::{Volume, VolumePhase};

use crate::output::{Cell, Column, Row, Tone};
use crate::quantity::{show_age, show_moment, show_time};
use crate::vm::{show_labels, word};

impl Row for Volume {
    const KIND: &'static str = "volume";

    fn name(&self) -> &str {
        &self.name
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("NAME", |volume, _| Cell::new(&volume.name)),
                Column::new("PHASE", |volume, _| Cell::new(phase(volume)).tone(tone(volume))),
                Column::new("SIZE", |volume, _| {
                    let size = volume.spec.size_gib;
                    Cell::both(format!("{size} GiB"), size.to_string())
                }),
                Column::new("POOL", |volume, _| Cell::new(&volume.spec.pool)),
                Column::new("VM", |volume, _| Cell::new(&volume.spec.vm_id)),
                Column::new("AGE", |volume, now| {
                    let at = volume.created_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
                Column::wide("ID", |volume, _| Cell::new(&volume.id)),
                Column::wide("NODE", |volume, _| Cell::new(&volume.spec.node_id)),
                Column::wide("IMAGE", |volume, _| Cell::new(&volume.spec.image)),
                Column::wide("LABELS", |volume, _| Cell::new(show_labels(&volume.labels, ","))),
            ]
        }
    }

    fn details(&self, _: SystemTime) -> Vec<(&'static str, String)> {
        vec![
            ("Name", self.name.clone()),
            ("Id", self.id.clone()),
            ("Project", self.project_id.clone()),
            ("Phase", phase(self)),
            ("Size", format!("{} GiB", self.spec.size_gib)),
            ("Image", self.spec.image.clone()),
            ("Pool", self.spec.pool.clone()),
            ("Node", self.spec.node_id.clone()),
            ("VM", self.spec.vm_id.clone()),
            ("Labels", show_labels(&self.labels, "\n")),
            ("Created", show_moment(self.created_at.as_option())),
        ]
    }
}

fn phase(volume: &Volume) -> String {
    word(&volume.phase, "VOLUME_PHASE_")
}

fn tone(volume: &Volume) -> Tone {
    match volume.phase.as_known() {
        Some(VolumePhase::Available | VolumePhase::InUse) => Tone::Good,
        Some(VolumePhase::Error) => Tone::Bad,
        _ => Tone::Neutral,
    }
}
