//! `lqx node metrics`.

use std::time::SystemTime;

use limiquantix_proto::compute::v1::{GetNodeMetricsRequest, NodeCapacity, NodeMetrics};

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Column, Row};
use crate::quantity::{show_age, show_bytes, show_mib, show_time};
use crate::resolve;
use crate::vm::word;

/// Which nodes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names, ids, unique prefixes or globs. None: all nodes
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let nodes = match args.names.as_slice() {
        [] => super::list_all(&client).await?,
        names => resolve::nodes(&client, names).await?,
    };
    let mut all = Vec::with_capacity(nodes.len());
    for node in &nodes {
        let request = GetNodeMetricsRequest {
            node_id: node.id.clone(),
            ..Default::default()
        };
        all.push(client.nodes().get_node_metrics(request).await?.into_owned());
    }
    app.out.list(&all, &all)?;
    Ok(Exit::Ok)
}

impl Row for NodeMetrics {
    const KIND: &'static str = "node";

    fn name(&self) -> &str {
        &self.hostname
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("NAME", |node, _| Cell::new(&node.hostname)),
                Column::new("STATE", |node, _| Cell::new(word(&node.phase, "NODE_PHASE_"))),
                Column::new("VMS", |node, _| Cell::new(node.allocated.vms.to_string())),
                Column::new("CPUS", |node, _| {
                    Cell::new(format!(
                        "{}/{}",
                        node.allocated.cpu_cores, node.allocatable.cpu_cores
                    ))
                }),
                Column::new("CPUS USED", |node, _| {
                    let used = node.usage.as_option().map(|usage| usage.cpu_used_millicores);
                    Cell::both(used.map(cores).unwrap_or_default(), plain(used))
                }),
                Column::new("MEMORY", |node, _| {
                    let (promised, all) = (node.allocated.memory_mib, node.allocatable.memory_mib);
                    Cell::both(
                        format!("{}/{}", show_mib(promised), show_mib(all)),
                        format!("{promised}/{all}"),
                    )
                }),
                Column::new("MEMORY USED", |node, _| {
                    let used = node.usage.as_option().map(|usage| usage.memory_used_bytes);
                    Cell::both(used.map(show_bytes).unwrap_or_default(), plain(used))
                }),
                Column::new("HEARTBEAT", |node, now| {
                    let at = node.last_heartbeat_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
                Column::wide("ID", |node, _| Cell::new(&node.node_id)),
                Column::wide("CPU OVERCOMMIT", |node, _| {
                    Cell::new(node.cpu_overcommit_percent.to_string())
                }),
                Column::wide("MEMORY OVERCOMMIT", |node, _| {
                    Cell::new(node.memory_overcommit_percent.to_string())
                }),
            ]
        }
    }

    fn details(&self, _: SystemTime) -> Vec<(&'static str, String)> {
        let room = |room: &NodeCapacity| format!("{} cores, {}", room.cpu_cores, show_mib(room.memory_mib));
        vec![
            ("Name", self.hostname.clone()),
            ("Capacity", room(&self.capacity)),
            ("Allocatable", room(&self.allocatable)),
        ]
    }
}

fn cores(milli: i32) -> String {
    format!("{:.1}", f64::from(milli) / 1000.0)
}

fn plain(number: Option<impl std::fmt::Display>) -> String {
    number.map(|n| n.to_string()).unwrap_or_default()
}
