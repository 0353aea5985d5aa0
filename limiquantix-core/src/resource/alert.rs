use serde::{Deserialize, Serialize};

use super::{IndexEntry, Labels, Meta};
use crate::identity::{AlertId, NodeId, ProjectId};
use crate::time::Timestamp;

/// Something that somebody should know about until it is over. Changed by the pure functions of
/// [`crate::alert`] only; its labels are the control plane's own, see [`Alert::relabel`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// Revision, times, labels.
    pub meta: Meta,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// Whether it is over, and whether somebody takes care.
    pub state: AlertState,
    /// What it is, on one line.
    pub title: String,
    /// What was seen when it was last raised.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What it is about.
    pub source: AlertSource,
    /// Tells one trouble from another: as long as an alert with this key lasts, raising it again counts there.
    /// Empty: every one is an alert of its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub dedup_key: String,
    /// How often it was raised.
    pub count: u32,
    /// When it was last raised; the first time is when it was created.
    pub last_seen: Timestamp,
    /// Who takes care of it.
    pub acknowledged: Option<AlertMark>,
    /// Who says that it is over.
    pub resolved: Option<AlertMark>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertSeverity {
    /// Worth knowing.
    Info,
    /// Worth looking at soon.
    Warning,
    /// Something does not work.
    Critical,
}

impl AlertSeverity {
    /// Every severity, the mildest first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// Its name, in lower-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Whether an alert is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Nobody has looked at it.
    Open,
    /// Somebody takes care of it.
    Acknowledged,
    /// It is over, for good: the same trouble again is another alert.
    Resolved,
}

impl AlertState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Open, Self::Acknowledged, Self::Resolved];

    /// Its name, in lower-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

/// What an alert is about. The name is kept because the object may be gone when somebody reads the alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertSource {
    /// What sort of thing it is.
    pub kind: AlertSourceKind,
    /// Its id; empty where it is the system as a whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// What it is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The tenant whom it belongs to; none for the infrastructure.
    pub project: Option<ProjectId>,
    /// The node that it is, or is on.
    pub node: Option<NodeId>,
}

/// What sort of thing an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertSourceKind {
    /// A VM.
    Vm,
    /// A node.
    Node,
    /// A pool or a volume.
    Storage,
    /// A network.
    Network,
    /// A cluster.
    Cluster,
    /// The control plane itself.
    System,
}

impl AlertSourceKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Vm,
        Self::Node,
        Self::Storage,
        Self::Network,
        Self::Cluster,
        Self::System,
    ];

    /// Its name, in lower-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vm => "vm",
            Self::Node => "node",
            Self::Storage => "storage",
            Self::Network => "network",
            Self::Cluster => "cluster",
            Self::System => "system",
        }
    }
}

/// Who acknowledged or resolved an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertMark {
    /// The caller; `system` for the control plane itself.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What they said about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

impl Alert {
    /// The label with the dedup key, which only an alert that is not over has.
    pub const LABEL_DEDUP_KEY: &'static str = "dedup_key";
    /// The label with the severity.
    pub const LABEL_SEVERITY: &'static str = "severity";
    /// The label with the id of the source. Before the others in order, because it narrows a list down most.
    pub const LABEL_SOURCE_ID: &'static str = "about";
    /// The label with the kind of the source.
    pub const LABEL_SOURCE_KIND: &'static str = "about_type";

    /// Brings the labels in line with the alert. Stores find objects by their labels: that is how lists are
    /// narrowed down and how the alert that lasts is found by its key, without reading any other.
    pub fn relabel(&mut self) {
        let key = match self.state {
            AlertState::Resolved => "",
            _ => self.dedup_key.as_str(),
        };
        let labels = [
            (Self::LABEL_DEDUP_KEY, key),
            (Self::LABEL_SEVERITY, self.severity.as_str()),
            (Self::LABEL_SOURCE_ID, self.source.id.as_str()),
            (Self::LABEL_SOURCE_KIND, self.source.kind.as_str()),
        ];
        let given = labels.into_iter().filter(|(_, value)| !value.is_empty());
        self.meta.labels = given
            .map(|(label, value)| (label.to_owned(), value.to_owned()))
            .collect::<Labels>();
    }

    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        let lasting = self.state != AlertState::Resolved && !self.dedup_key.is_empty();
        IndexEntry {
            project: self.source.project.as_ref(),
            name: Some(&self.source.name)
                .filter(|n| !n.is_empty())
                .map(String::as_str),
            unique: lasting.then(|| self.dedup_key.clone()),
            node: self.source.node,
            phase: Some(self.state.as_str()),
        }
    }
}
