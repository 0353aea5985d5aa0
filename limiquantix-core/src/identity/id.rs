use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::Error;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($label:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that an [`IdSource`](crate::contract::IdSource) made.
            pub const fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }
            /// The UUID itself.
            pub const fn uuid(self) -> Uuid { self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.hyphenated().fmt(f) }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}:{}", $label, self.0) }
        }

        impl FromStr for $name {
            type Err = Error;

            /// Accepts the hyphenated form only, so that one object has one spelling.
            fn from_str(s: &str) -> Result<Self, Error> {
                let bad = || Error::invalid("id", format!(concat!("{:?} is not a ", $label, " id: expected a UUID such as 0190c2a4-6f1e-7c3a-9d2b-1f0e5a7b3c4d"), clip(s)));
                if s.len() != 36 { return Err(bad()); }
                Uuid::try_parse(s).map(Self).map_err(|_| bad())
            }
        }
    )*};
}

/// Error messages quote what a stranger sent: no more than this many characters of it.
fn clip(s: &str) -> String {
    s.chars().take(64).collect()
}

ids! {
    /// Identifies a VM for its whole life, whatever node it runs on.
    VmId("vm");
    /// Identifies a node across reboots and changes of its hostname.
    NodeId("node");
    /// Identifies a cluster.
    ClusterId("cluster");
    /// Identifies a placement rule.
    RuleId("rule");
    /// Identifies a storage pool.
    PoolId("pool");
    /// Identifies a volume; also its file name, so that no user string becomes a path.
    VolumeId("volume");
    /// Identifies a snapshot; also its name on the node.
    SnapshotId("snapshot");
    /// Identifies a network.
    NetworkId("network");
    /// Identifies a port: the attachment of one network interface of a VM.
    PortId("port");
    /// Identifies a security group.
    SecurityGroupId("security group");
    /// Identifies a task.
    TaskId("task");
    /// Identifies an event.
    EventId("event");
    /// Identifies an alert.
    AlertId("alert");
    /// Identifies a recommendation.
    RecommendationId("recommendation");
}
