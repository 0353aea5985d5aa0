use std::time::SystemTime;

use limiquantix_proto::event::v1::Event;

use crate::output::{Cell, Column, Row};
use crate::quantity::{show_age, show_moment, show_time};

impl Row for Event {
    const KIND: &'static str = "event";

    /// Its id, which is in the order of time.
    fn name(&self) -> &str {
        &self.id
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("AGE", |event, now| {
                    let at = event.created_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
                Column::new("EVENT", |event, _| Cell::new(&event.kind)),
                Column::new("OBJECT", |event, _| Cell::new(object(event))),
                Column::new("MESSAGE", |event, _| Cell::new(&event.message)),
                Column::wide("PROJECT", |event, _| Cell::new(&event.project_id)),
                Column::wide("NODE ID", |event, _| Cell::new(&event.node_id)),
                Column::wide("OBJECT ID", |event, _| Cell::new(&event.subject.id)),
                Column::wide("ID", |event, _| Cell::new(&event.id)),
            ]
        }
    }

    fn details(&self, _: SystemTime) -> Vec<(&'static str, String)> {
        vec![
            ("Id", self.id.clone()),
            ("Event", self.kind.clone()),
            ("Object", format!("{} {}", object(self), self.subject.id)),
            ("Message", self.message.clone()),
            ("Project", self.project_id.clone()),
            ("Node", self.node_id.clone()),
            ("At", show_moment(self.created_at.as_option())),
        ]
    }
}

/// As it is typed: `vm/web`.
fn object(event: &Event) -> String {
    format!("{}/{}", event.subject.kind, event.subject.name)
}
