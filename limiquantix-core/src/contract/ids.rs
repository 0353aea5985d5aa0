use uuid::Uuid;

use crate::identity::{
    AlertId, ClusterId, EventId, NetworkId, NodeId, PoolId, PortId, RecommendationId, RuleId,
    SecurityGroupId, SnapshotId, TaskId, VmId, VolumeId,
};

/// Makes ids. Injected, so that tests and simulations repeat.
pub trait IdSource: Send + Sync + std::fmt::Debug {
    /// A UUID that was never returned before. Time-ordered (version 7), so that pages by id are pages by
    /// age and index pages stay dense.
    fn next(&self) -> Uuid;
}

macro_rules! typed {
    ($($(#[$doc:meta])* $method:ident -> $id:ident;)*) => {
        /// Typed forms of [`IdSource::next`].
        pub trait IdSourceExt: IdSource {
            $($(#[$doc])* fn $method(&self) -> $id { $id::from_uuid(self.next()) })*
        }
    };
}

typed! {
    /// An id for a new VM.
    vm -> VmId;
    /// An id for a new node.
    node -> NodeId;
    /// An id for a new cluster.
    cluster -> ClusterId;
    /// An id for a new placement rule.
    rule -> RuleId;
    /// An id for a new pool.
    pool -> PoolId;
    /// An id for a new volume.
    volume -> VolumeId;
    /// An id for a new snapshot.
    snapshot -> SnapshotId;
    /// An id for a new network.
    network -> NetworkId;
    /// An id for a new port.
    port -> PortId;
    /// An id for a new security group.
    security_group -> SecurityGroupId;
    /// An id for a new task.
    task -> TaskId;
    /// An id for a new event.
    event -> EventId;
    /// An id for a new alert.
    alert -> AlertId;
    /// An id for a new recommendation.
    recommendation -> RecommendationId;
}

impl<T: IdSource + ?Sized> IdSourceExt for T {}
