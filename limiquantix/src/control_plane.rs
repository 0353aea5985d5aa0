use std::sync::Arc;

use limiquantix_core::Result;
use limiquantix_core::contract::{Clock, IdSource, Repository, Scheduler, Store};
use limiquantix_core::identity::ProjectId;
use limiquantix_core::resource::{Labels, Meta, Project, ProjectSpec};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::agent_link::AgentLink;
use crate::builder::{ControlPlaneBuilder, Settings};
use crate::console::ConsoleBroker;
use crate::controller;
use crate::placement::Placer;
use crate::service::project::usage;
use crate::service::{
    AlertService, ClusterService, EventService, Liveness, NetworkService, NodeService, PoolService,
    ProjectService, RecommendationService, RuleService, TaskService, VmService, VolumeService,
    ensure_default_network,
};

/// What every part of the control plane is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) settings: Settings,
    pub(crate) placer: Placer,
    pub(crate) liveness: Liveness,
    pub(crate) consoles: ConsoleBroker,
    /// One VM at a time gives back within this process what it shares with others: they would only overtake
    /// each other. The versions in the commit are what makes it safe.
    pub(crate) releases: tokio::sync::Mutex<()>,
}

/// A running control plane. Cheap to clone; its controllers stop when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct ControlPlane {
    parts: Arc<Parts>,
    _controllers: Arc<DropGuard>,
    stop: CancellationToken,
}

impl ControlPlane {
    /// Starts putting one together.
    pub fn builder() -> ControlPlaneBuilder {
        ControlPlaneBuilder::default()
    }

    /// A control plane that forgets everything when it is dropped.
    #[cfg(feature = "memory")]
    pub async fn in_memory() -> Result<Self> {
        Self::builder()
            .store(Arc::new(limiquantix_memory::MemoryStore::new()))
            .build()
            .await
    }

    pub(crate) async fn start(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        scheduler: Arc<dyn Scheduler>,
        settings: Settings,
    ) -> Result<Self> {
        ensure_default_project(&store, &*clock).await?;
        usage::ensure_all(&store, clock.now()).await?;
        ensure_default_network(&store, &*clock, &*ids).await?;
        let placer = Placer::load(Arc::clone(&store), scheduler, settings.placement).await?;
        let liveness = Liveness::new(clock.monotonic());
        let parts = Arc::new(Parts {
            store,
            clock,
            ids,
            settings,
            placer,
            liveness,
            consoles: ConsoleBroker::default(),
            releases: tokio::sync::Mutex::default(),
        });
        let stop = CancellationToken::new();
        controller::spawn(&parts, &stop);
        let guard = stop.clone().drop_guard();
        Ok(Self {
            parts,
            _controllers: Arc::new(guard),
            stop,
        })
    }

    /// VMs.
    pub fn vms(&self) -> VmService {
        VmService::new(Arc::clone(&self.parts))
    }

    /// Nodes.
    pub fn nodes(&self) -> NodeService {
        NodeService::new(Arc::clone(&self.parts))
    }

    /// Clusters.
    pub fn clusters(&self) -> ClusterService {
        ClusterService::new(Arc::clone(&self.parts))
    }

    /// Placement rules.
    pub fn rules(&self) -> RuleService {
        RuleService::new(Arc::clone(&self.parts))
    }

    /// Projects.
    pub fn projects(&self) -> ProjectService {
        ProjectService::new(Arc::clone(&self.parts))
    }

    /// Networks and their ports.
    pub fn networks(&self) -> NetworkService {
        NetworkService::new(Arc::clone(&self.parts))
    }

    /// Events.
    pub fn events(&self) -> EventService {
        EventService::new(Arc::clone(&self.parts))
    }

    /// Storage pools.
    pub fn pools(&self) -> PoolService {
        PoolService::new(Arc::clone(&self.parts))
    }

    /// Volumes.
    pub fn volumes(&self) -> VolumeService {
        VolumeService::new(Arc::clone(&self.parts))
    }

    /// Tasks.
    pub fn tasks(&self) -> TaskService {
        TaskService::new(Arc::clone(&self.parts))
    }

    /// Alerts.
    pub fn alerts(&self) -> AlertService {
        AlertService::new(Arc::clone(&self.parts))
    }

    /// Recommendations of a DRS engine.
    pub fn recommendations(&self) -> RecommendationService {
        RecommendationService::new(Arc::clone(&self.parts))
    }

    /// What agents talk to.
    pub fn agents(&self) -> AgentLink {
        AgentLink::new(Arc::clone(&self.parts))
    }

    /// The store, for what no service offers.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.parts.store
    }

    /// Stops the controllers. Nothing is lost: they only act on what is stored.
    pub fn shutdown(&self) {
        self.stop.cancel();
    }

    /// Resolves when [`shutdown`](Self::shutdown) was called, so that open streams can end.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        self.stop.clone().cancelled_owned()
    }
}

async fn ensure_default_project(store: &Arc<dyn Store>, clock: &dyn Clock) -> Result<()> {
    let projects = Repository::<Project>::new(Arc::clone(store));
    let id = ProjectId::default();
    if projects.find(&id).await?.is_some() {
        return Ok(());
    }
    let spec = ProjectSpec {
        description: "what belongs to no other project".to_owned(),
        ..ProjectSpec::default()
    };
    let meta = Meta::created(clock.now(), Labels::new());
    match projects.create(Project { id, meta, spec }).await {
        // Another replica was faster.
        Err(e) if e.reason() == limiquantix_core::Reason::IdTaken => Ok(()),
        outcome => outcome.map(drop),
    }
}
