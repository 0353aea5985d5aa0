use std::time::SystemTime;

use limiquantix_proto::storage::v1::{Pool, PoolMetrics};

use crate::output::{Cell, Column, Row};
use crate::quantity::{show_age, show_bytes, show_moment, show_time};
use crate::vm::word;

impl Row for Pool {
    const KIND: &'static str = "pool";

    fn name(&self) -> &str {
        &self.name
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("NAME", |pool, _| Cell::new(&pool.name)),
                Column::new("NODE", |pool, _| Cell::new(&pool.node_id)),
                Column::new("DRIVER", |pool, _| Cell::new(word(&pool.driver, "POOL_DRIVER_"))),
                Column::new("CAPACITY", |pool, _| {
                    Cell::both(show_bytes(pool.capacity_bytes), pool.capacity_bytes.to_string())
                }),
                Column::new("FREE", |pool, _| {
                    Cell::both(show_bytes(pool.available_bytes), pool.available_bytes.to_string())
                }),
                Column::new("OVERCOMMIT", |pool, _| {
                    Cell::new(format!("{} %", pool.thin_overcommit_percent))
                }),
                Column::wide("ID", |pool, _| Cell::new(&pool.id)),
                Column::wide("AGE", |pool, now| {
                    let at = pool.created_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
            ]
        }
    }

    fn details(&self, _: SystemTime) -> Vec<(&'static str, String)> {
        vec![
            ("Name", self.name.clone()),
            ("Id", self.id.clone()),
            ("Node", self.node_id.clone()),
            ("Driver", word(&self.driver, "POOL_DRIVER_")),
            ("Capacity", show_bytes(self.capacity_bytes)),
            ("Free", show_bytes(self.available_bytes)),
            ("Overcommit", format!("{} %", self.thin_overcommit_percent)),
            ("Created", show_moment(self.created_at.as_option())),
        ]
    }
}

impl Row for PoolMetrics {
    const KIND: &'static str = "pool";

    fn name(&self) -> &str {
        &self.pool_id
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("POOL", |m, _| Cell::new(&m.pool_id)),
                Column::new("VOLUMES", |m, _| Cell::new(m.volumes.to_string())),
                Column::new("PROMISED", |m, _| {
                    Cell::both(show_bytes(m.promised_bytes), m.promised_bytes.to_string())
                }),
                Column::new("PROMISABLE", |m, _| {
                    Cell::both(show_bytes(m.promisable_bytes), m.promisable_bytes.to_string())
                }),
                Column::new("FREE", |m, _| {
                    Cell::both(show_bytes(m.available_bytes), m.available_bytes.to_string())
                }),
                Column::new("CAPACITY", |m, _| {
                    Cell::both(show_bytes(m.capacity_bytes), m.capacity_bytes.to_string())
                }),
            ]
        }
    }

    fn details(&self, _: SystemTime) -> Vec<(&'static str, String)> {
        let (promised, most) = (show_bytes(self.promised_bytes), show_bytes(self.promisable_bytes));
        let (free, all) = (show_bytes(self.available_bytes), show_bytes(self.capacity_bytes));
        vec![
            ("Pool", self.pool_id.clone()),
            ("Volumes", self.volumes.to_string()),
            ("Promised", format!("{promised} of {most}")),
            ("Free", format!("{free} of {all}")),
        ]
    }
}
