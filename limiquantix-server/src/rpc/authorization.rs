//! Who may call what: one table, and a server that does not start when a method has no row in it.

use std::collections::BTreeMap;

use limiquantix_core::{Error, Reason, Result};

/// Who may call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody, also with credentials that are not valid (to get new ones).
    Public,
    /// Whoever is identified.
    User,
    /// Node agents.
    Agent,
}

/// Every method of every service of ours.
const TABLE: &[(&str, Access)] = &[
    ("limiquantix.agent.v1.AgentService/ReportVM", Access::Agent),
    ("limiquantix.agent.v1.AgentService/ServeConsole", Access::Agent),
    (
        "limiquantix.agent.v1.AgentService/WatchAssignments",
        Access::Agent,
    ),
    ("limiquantix.alert.v1.AlertService/AcknowledgeAlert", Access::User),
    ("limiquantix.alert.v1.AlertService/CreateAlert", Access::User),
    ("limiquantix.alert.v1.AlertService/GetAlert", Access::User),
    ("limiquantix.alert.v1.AlertService/GetAlertSummary", Access::User),
    ("limiquantix.alert.v1.AlertService/ListAlerts", Access::User),
    ("limiquantix.alert.v1.AlertService/ResolveAlert", Access::User),
    ("limiquantix.alert.v1.AlertService/WatchAlerts", Access::User),
    ("limiquantix.auth.v1.AuthService/Login", Access::Public),
    ("limiquantix.auth.v1.AuthService/Logout", Access::Public),
    ("limiquantix.auth.v1.AuthService/RefreshToken", Access::Public),
    ("limiquantix.cluster.v1.RuleService/CreateRule", Access::User),
    ("limiquantix.cluster.v1.RuleService/DeleteRule", Access::User),
    ("limiquantix.cluster.v1.RuleService/GetRule", Access::User),
    ("limiquantix.cluster.v1.RuleService/ListRules", Access::User),
    ("limiquantix.cluster.v1.RuleService/UpdateRule", Access::User),
    ("limiquantix.compute.v1.NodeService/AddTaint", Access::User),
    ("limiquantix.compute.v1.NodeService/CordonNode", Access::User),
    ("limiquantix.compute.v1.NodeService/DeleteNode", Access::User),
    ("limiquantix.cluster.v1.ClusterService/AddNode", Access::User),
    (
        "limiquantix.cluster.v1.ClusterService/CreateCluster",
        Access::User,
    ),
    (
        "limiquantix.cluster.v1.ClusterService/DeleteCluster",
        Access::User,
    ),
    ("limiquantix.cluster.v1.ClusterService/GetCluster", Access::User),
    ("limiquantix.cluster.v1.ClusterService/ListClusters", Access::User),
    ("limiquantix.cluster.v1.ClusterService/RemoveNode", Access::User),
    (
        "limiquantix.cluster.v1.ClusterService/UpdateCluster",
        Access::User,
    ),
    ("limiquantix.compute.v1.NodeService/GetNode", Access::User),
    ("limiquantix.compute.v1.NodeService/GetNodeMetrics", Access::User),
    ("limiquantix.compute.v1.NodeService/Heartbeat", Access::Agent),
    ("limiquantix.compute.v1.NodeService/ListNodes", Access::User),
    ("limiquantix.compute.v1.NodeService/RegisterNode", Access::Agent),
    ("limiquantix.compute.v1.NodeService/RemoveTaint", Access::User),
    ("limiquantix.compute.v1.NodeService/UncordonNode", Access::User),
    ("limiquantix.compute.v1.NodeService/UpdateNode", Access::User),
    ("limiquantix.compute.v1.NodeService/WatchNode", Access::User),
    ("limiquantix.compute.v1.NodeService/WatchNodes", Access::User),
    ("limiquantix.compute.v1.VMService/Console", Access::User),
    ("limiquantix.compute.v1.VMService/CreateSnapshot", Access::User),
    ("limiquantix.compute.v1.VMService/CreateVM", Access::User),
    ("limiquantix.compute.v1.VMService/DeleteSnapshot", Access::User),
    ("limiquantix.compute.v1.VMService/DeleteVM", Access::User),
    ("limiquantix.compute.v1.VMService/ExplainPlacement", Access::User),
    ("limiquantix.compute.v1.VMService/GetConsoleLog", Access::User),
    ("limiquantix.compute.v1.VMService/GetSnapshot", Access::User),
    ("limiquantix.compute.v1.VMService/GetVM", Access::User),
    ("limiquantix.compute.v1.VMService/ListSnapshots", Access::User),
    ("limiquantix.compute.v1.VMService/ListVMs", Access::User),
    ("limiquantix.compute.v1.VMService/RebootVM", Access::User),
    ("limiquantix.compute.v1.VMService/ResumeVM", Access::User),
    ("limiquantix.compute.v1.VMService/RevertSnapshot", Access::User),
    ("limiquantix.compute.v1.VMService/StartVM", Access::User),
    ("limiquantix.compute.v1.VMService/StopVM", Access::User),
    ("limiquantix.compute.v1.VMService/SuspendVM", Access::User),
    ("limiquantix.compute.v1.VMService/UpdateVM", Access::User),
    ("limiquantix.compute.v1.VMService/WatchVM", Access::User),
    (
        "limiquantix.project.v1.ProjectService/CreateProject",
        Access::User,
    ),
    (
        "limiquantix.project.v1.ProjectService/DeleteProject",
        Access::User,
    ),
    ("limiquantix.project.v1.ProjectService/GetProject", Access::User),
    (
        "limiquantix.project.v1.ProjectService/GetProjectUsage",
        Access::User,
    ),
    ("limiquantix.project.v1.ProjectService/ListProjects", Access::User),
    (
        "limiquantix.project.v1.ProjectService/UpdateProject",
        Access::User,
    ),
    (
        "limiquantix.network.v1.NetworkService/CreateNetwork",
        Access::User,
    ),
    (
        "limiquantix.network.v1.NetworkService/DeleteNetwork",
        Access::User,
    ),
    ("limiquantix.network.v1.NetworkService/GetNetwork", Access::User),
    ("limiquantix.network.v1.NetworkService/ListNetworks", Access::User),
    (
        "limiquantix.network.v1.NetworkService/UpdateNetwork",
        Access::User,
    ),
    (
        "limiquantix.network.v1.NetworkService/WatchNetworks",
        Access::User,
    ),
    ("limiquantix.network.v1.PortService/GetPort", Access::User),
    ("limiquantix.network.v1.PortService/ListPorts", Access::User),
    (
        "limiquantix.drs.v1.DRSService/ApproveRecommendation",
        Access::User,
    ),
    ("limiquantix.drs.v1.DRSService/GetRecommendation", Access::User),
    ("limiquantix.drs.v1.DRSService/ListRecommendations", Access::User),
    ("limiquantix.drs.v1.DRSService/RejectRecommendation", Access::User),
    ("limiquantix.drs.v1.DRSService/WatchRecommendations", Access::User),
    ("limiquantix.storage.v1.PoolService/GetPool", Access::User),
    ("limiquantix.storage.v1.PoolService/GetPoolMetrics", Access::User),
    ("limiquantix.storage.v1.PoolService/ListPools", Access::User),
    ("limiquantix.storage.v1.VolumeService/GetVolume", Access::User),
    ("limiquantix.storage.v1.VolumeService/ListVolumes", Access::User),
    ("limiquantix.storage.v1.VolumeService/WatchVolumes", Access::User),
    ("limiquantix.task.v1.TaskService/CancelTask", Access::User),
    ("limiquantix.task.v1.TaskService/GetTask", Access::User),
    ("limiquantix.task.v1.TaskService/ListTasks", Access::User),
    ("limiquantix.task.v1.TaskService/WaitTask", Access::User),
    ("limiquantix.task.v1.TaskService/WatchTask", Access::User),
    ("limiquantix.task.v1.TaskService/WatchTasks", Access::User),
    ("limiquantix.event.v1.EventService/GetEvent", Access::User),
    ("limiquantix.event.v1.EventService/ListEvents", Access::User),
    ("limiquantix.event.v1.EventService/Subscribe", Access::User),
    ("grpc.health.v1.Health/Check", Access::Public),
    ("grpc.health.v1.Health/List", Access::Public),
    ("grpc.health.v1.Health/Watch", Access::Public),
    (
        "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        Access::Public,
    ),
    (
        "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        Access::Public,
    ),
];

/// The table, ready to be asked.
#[derive(Debug, Clone)]
pub(crate) struct Authorization {
    rows: BTreeMap<&'static str, Access>,
}

impl Authorization {
    /// Checks that every one of `methods` has a row.
    pub(crate) fn covering<'a>(methods: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let rows: BTreeMap<_, _> = TABLE.iter().copied().collect();
        for method in methods {
            if !rows.contains_key(method.trim_start_matches('/')) {
                return Err(Error::internal(format!(
                    "{method} has no row in the authorization table"
                )));
            }
        }
        Ok(Self { rows })
    }

    /// Who may call the method of this path. A path without a row is nobody's.
    pub(crate) fn access(&self, path: &str) -> Result<Access> {
        let row = self.rows.get(path.trim_start_matches('/')).copied();
        row.ok_or_else(|| Error::new(Reason::PermissionDenied, format!("nobody may call {path}")))
    }
}
