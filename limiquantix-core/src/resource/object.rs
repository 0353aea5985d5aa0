use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{
    Alert, AlertCounts, Cluster, Event, IdempotencyRecord, Labels, Meta, Network, NetworkAllocation, Node,
    NodeAllocation, PlacementRule, Pool, PoolAllocation, Port, Project, ProjectUsage, Recommendation,
    Revision, Snapshot, Task, Vm, Volume,
};
use crate::error::{Error, Reason, Result};
use crate::identity::{NodeId, ProjectId};

/// By what a store finds an object besides its id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexEntry<'a> {
    /// The tenant it belongs to.
    pub project: Option<&'a ProjectId>,
    /// What people call it.
    pub name: Option<&'a str>,
    /// No two objects of a kind have the same of these at the same time.
    pub unique: Option<String>,
    /// The node it is on or about.
    pub node: Option<NodeId>,
    /// Its phase or state, in lower-case.
    pub phase: Option<&'static str>,
}

/// What every kind tells about itself.
pub trait Resource:
    Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The type of its id.
    type Id: fmt::Display + Clone + Send + Sync;
    /// Its kind.
    const KIND: Kind;

    /// Its id.
    fn id(&self) -> Self::Id;
    /// Revision, times and labels.
    fn meta(&self) -> &Meta;
    /// The same, to change.
    fn meta_mut(&mut self) -> &mut Meta;
    /// By what it is found.
    fn index(&self) -> IndexEntry<'_>;
    /// The object around this.
    fn into_object(self) -> Object;
    /// This kind out of an object, or `None` if it is of another.
    fn from_object(object: Object) -> Option<Arc<Self>>;

    /// Where it is stored.
    fn key(&self) -> ObjectKey {
        ObjectKey::of::<Self>(&self.id())
    }
}

/// Kind and id: the address of an object in the store.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectKey {
    /// The kind.
    pub kind: Kind,
    /// The id, as text.
    pub id: Arc<str>,
}

impl ObjectKey {
    /// The key of the `R` with this id.
    pub fn of<R: Resource>(id: &R::Id) -> Self {
        Self {
            kind: R::KIND,
            id: id.to_string().into(),
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident($ty:ty, $id:ty, $name:literal);)*) => {
        /// The kinds of objects.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant,)*];

            /// The name, in lower-case with underscores; stored, so it never changes.
            pub const fn as_str(self) -> &'static str { match self { $(Kind::$variant => $name,)* } }

            /// The kind with this name.
            pub fn parse(name: &str) -> Option<Self> { Self::ALL.iter().copied().find(|k| k.as_str() == name) }
        }

        /// Any object. Cheap to clone: the content is shared.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Object { $($(#[$doc])* $variant(Arc<$ty>),)* }

        impl Object {
            /// Its kind.
            pub fn kind(&self) -> Kind { match self { $(Object::$variant(_) => Kind::$variant,)* } }
            /// Its address.
            pub fn key(&self) -> ObjectKey { match self { $(Object::$variant(o) => o.key(),)* } }
            /// Revision, times and labels.
            pub fn meta(&self) -> &Meta { match self { $(Object::$variant(o) => o.meta(),)* } }
            /// By what it is found.
            pub fn index(&self) -> IndexEntry<'_> { match self { $(Object::$variant(o) => o.index(),)* } }

            /// The same object, changed by commit `revision`. For stores.
            #[must_use]
            pub fn at_revision(mut self, revision: Revision) -> Self {
                match &mut self { $(Object::$variant(o) => Arc::make_mut(o).meta_mut().revision = revision,)* }
                self
            }

            /// The stored form. Field order is fixed, so equal objects have equal bytes.
            pub fn encode(&self) -> Result<Vec<u8>> {
                let encoded = match self { $(Object::$variant(o) => serde_json::to_vec(o.as_ref()),)* };
                encoded.map_err(|e| Error::internal("cannot encode an object").caused_by(e))
            }

            /// Reads the stored form of a `kind`.
            pub fn decode(kind: Kind, bytes: &[u8]) -> Result<Self> {
                let decoded = match kind { $(Kind::$variant => serde_json::from_slice(bytes).map(Object::$variant),)* };
                decoded.map_err(|e| Error::new(Reason::Corrupt, format!("a stored {kind} cannot be read")).caused_by(e))
            }
        }

        $(impl Resource for $ty {
            type Id = $id;
            const KIND: Kind = Kind::$variant;
            fn id(&self) -> $id { self.id.clone() }
            fn meta(&self) -> &Meta { &self.meta }
            fn meta_mut(&mut self) -> &mut Meta { &mut self.meta }
            fn index(&self) -> IndexEntry<'_> { self.index_entry() }
            fn into_object(self) -> Object { Object::$variant(Arc::new(self)) }
            fn from_object(object: Object) -> Option<Arc<Self>> {
                match object { Object::$variant(o) => Some(o), _ => None }
            }
        })*
    };
}

kinds! {
    /// A virtual machine.
    Vm(Vm, crate::identity::VmId, "vm");
    /// A host that runs VMs.
    Node(Node, crate::identity::NodeId, "node");
    /// What is promised to VMs on one node.
    NodeAllocation(NodeAllocation, crate::identity::NodeId, "node_allocation");
    /// Nodes that share policy.
    Cluster(Cluster, crate::identity::ClusterId, "cluster");
    /// Which VMs belong together, apart, on some nodes, or off them.
    PlacementRule(PlacementRule, crate::identity::RuleId, "rule");
    /// A tenant.
    Project(Project, crate::identity::ProjectId, "project");
    /// What a project uses.
    ProjectUsage(ProjectUsage, crate::identity::ProjectId, "project_usage");
    /// A place where volumes live.
    Pool(Pool, crate::identity::PoolId, "pool");
    /// What is promised to volumes in one pool.
    PoolAllocation(PoolAllocation, crate::identity::PoolId, "pool_allocation");
    /// A virtual disk.
    Volume(Volume, crate::identity::VolumeId, "volume");
    /// A VM as it was at one moment.
    Snapshot(Snapshot, crate::identity::SnapshotId, "snapshot");
    /// A virtual network.
    Network(Network, crate::identity::NetworkId, "network");
    /// What is taken of one network: ports and addresses.
    NetworkAllocation(NetworkAllocation, crate::identity::NetworkId, "network_allocation");
    /// The attachment of one network interface of a VM.
    Port(Port, crate::identity::PortId, "port");
    /// A long-running operation.
    Task(Task, crate::identity::TaskId, "task");
    /// Something that happened, in words for people.
    Event(Event, crate::identity::EventId, "event");
    /// Something that somebody should know about until it is over.
    Alert(Alert, crate::identity::AlertId, "alert");
    /// A move that the cluster would gain from.
    Recommendation(Recommendation, crate::identity::RecommendationId, "recommendation");
    /// How many alerts there are.
    AlertCounts(AlertCounts, super::AlertShard, "alert_counts");
    /// The answer that a request id got.
    Idempotency(IdempotencyRecord, Arc<str>, "idempotency");
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Object {
    /// What users attached.
    pub fn labels(&self) -> &Labels {
        &self.meta().labels
    }
}
