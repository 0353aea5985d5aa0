//! What can be named on the command line: one row per kind.

use limiquantix_proto::alert::v1::Alert;
use limiquantix_proto::cluster::v1::{Cluster, PlacementRule};
use limiquantix_proto::compute::v1::{Node, Snapshot, VirtualMachine};
use limiquantix_proto::drs::v1::Recommendation;
use limiquantix_proto::network::v1::{Network, Port};
use limiquantix_proto::project::v1::Project;
use limiquantix_proto::storage::v1::{Pool, Volume};
use limiquantix_proto::task::v1::Task;

/// Something that has an id and, mostly, a name.
pub(crate) trait Named {
    /// What it is, as in `vm/NAME`.
    const KIND: &'static str;
    fn id(&self) -> &str;
    fn name(&self) -> &str;
}

macro_rules! named {
    ($($message:ty: $kind:literal, $name:ident;)*) => {$(
        impl Named for $message {
            const KIND: &'static str = $kind;

            fn id(&self) -> &str {
                &self.id
            }

            fn name(&self) -> &str {
                &self.$name
            }
        }
    )*};
}

// What has no name that is its own is known by its id alone: many tasks have the same target, many alerts the same
// title, a VM has many recommendations; and a project's id is what people chose.
named! {
    VirtualMachine: "vm", name;
    Node: "node", hostname;
    Cluster: "cluster", name;
    PlacementRule: "rule", name;
    Project: "project", id;
    Network: "network", name;
    Port: "port", id;
    Snapshot: "snapshot", name;
    Task: "task", id;
    Alert: "alert", id;
    Recommendation: "drs", id;
    Pool: "pool", name;
    Volume: "volume", name;
}
