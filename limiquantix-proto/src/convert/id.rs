//! Ids in requests.

use limiquantix_core::contract::SessionId;
use limiquantix_core::identity::{
    AlertId, ClusterId, EventId, NetworkId, NodeId, PoolId, PortId, RecommendationId, RuleId, SnapshotId,
    TaskId, VmId, VolumeId,
};
use limiquantix_core::{Error, Result};
use uuid::Uuid;

use super::field::required;

macro_rules! parsers {
    ($($(#[$doc:meta])* $name:ident -> $id:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// `INVALID_FIELD` naming `field` if it is empty or not the hyphenated form of a UUID.
        pub fn $name(field: &str, text: &str) -> Result<$id> {
            if text.is_empty() {
                return Err(required(field));
            }
            // The id's own error does not know where in the request it was.
            text.parse::<$id>().map_err(|e| Error::invalid(field, format!("{field}: {}", e.message())))
        }
    )*};
}

parsers! {
    /// Reads the id of a VM.
    parse_vm_id -> VmId;
    /// Reads the id of a cluster.
    parse_cluster_id -> ClusterId;
    /// Reads the id of an event.
    parse_event_id -> EventId;
    /// Reads the id of a placement rule.
    parse_rule_id -> RuleId;
    /// Reads the id of a node.
    parse_node_id -> NodeId;
    /// Reads the id of a task.
    parse_task_id -> TaskId;
    /// Reads the id of an alert.
    parse_alert_id -> AlertId;
    /// Reads the id of a network.
    parse_network_id -> NetworkId;
    /// Reads the id of a port.
    parse_port_id -> PortId;
    /// Reads the id of a recommendation.
    parse_recommendation_id -> RecommendationId;
    /// Reads the id of a snapshot.
    parse_snapshot_id -> SnapshotId;
    /// Reads the id of a pool.
    parse_pool_id -> PoolId;
    /// Reads the id of a volume.
    parse_volume_id -> VolumeId;
}

/// Reads the id of a console session.
///
/// # Errors
///
/// `INVALID_FIELD` naming `field` if it is empty or not the hyphenated form of a UUID.
pub fn parse_session_id(field: &str, text: &str) -> Result<SessionId> {
    if text.is_empty() {
        return Err(required(field));
    }
    // The id is a secret until it is used, so the error does not repeat it.
    let bad = || Error::invalid(field, format!("{field} is not a UUID"));
    if text.len() != 36 {
        return Err(bad());
    }
    Uuid::try_parse(text).map(SessionId).map_err(|_| bad())
}

/// The id that a request gave, or nothing where it may be left out.
///
/// # Errors
///
/// As `parse`.
pub fn optional<T>(field: &str, text: &str, parse: fn(&str, &str) -> Result<T>) -> Result<Option<T>> {
    if text.is_empty() {
        return Ok(None);
    }
    parse(field, text).map(Some)
}
