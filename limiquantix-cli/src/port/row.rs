use std::time::SystemTime;

use limiquantix_proto::network::v1::Port;

use crate::output::{Cell, Column, Row};
use crate::quantity::{show_age, show_moment, show_time};

impl Row for Port {
    const KIND: &'static str = "port";

    /// A port is known by its id alone; a VM has many.
    fn name(&self) -> &str {
        &self.id
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("ID", |port, _| Cell::new(&port.id)),
                Column::new("VM", |port, _| Cell::new(&port.vm_name)),
                Column::new("NIC", |port, _| Cell::new(port.device_index.to_string())),
                Column::new("NETWORK", |port, _| Cell::new(&port.network_name)),
                Column::new("MAC", |port, _| Cell::new(&port.mac)),
                Column::new("ADDRESSES", |port, _| Cell::new(port.ip_addresses.join(","))),
                Column::new("AGE", |port, now| {
                    let at = port.created_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
                Column::wide("PROJECT", |port, _| Cell::new(&port.project_id)),
                Column::wide("VM_ID", |port, _| Cell::new(&port.vm_id)),
                Column::wide("NETWORK_ID", |port, _| Cell::new(&port.network_id)),
            ]
        }
    }

    fn details(&self, _: SystemTime) -> Vec<(&'static str, String)> {
        vec![
            ("Id", self.id.clone()),
            ("Project", self.project_id.clone()),
            ("VM", format!("{} ({})", self.vm_name, self.vm_id)),
            ("NIC", self.device_index.to_string()),
            ("Network", format!("{} ({})", self.network_name, self.network_id)),
            ("MAC", self.mac.clone()),
            ("Addresses", self.ip_addresses.join("\n")),
            ("Created", show_moment(self.created_at.as_option())),
        ]
    }
}
