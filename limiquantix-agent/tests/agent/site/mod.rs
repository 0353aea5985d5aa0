//! One node with its agent, and a control plane: each can be killed and replaced by itself.

mod uplink;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use limiquantix::core::Result;
use limiquantix::core::contract::{Clock, Hypervisor, InstanceState, Repository, Selector, StorageBackend};
use limiquantix::core::identity::{ProjectId, TaskId, VmId};
use limiquantix::core::resource::{
    Labels, NodeAllocation, Operation, OperationKind, PowerState, Resource, Snapshot, SnapshotPhase, Task,
    TaskState, Vm, VmPhase, Volume,
};
use limiquantix::core::time::{Monotonic, Timestamp};
use limiquantix::core::unit::Mebibytes;
use limiquantix::{Call, ControlPlane, CreateSnapshot, CreateVm, Settings, SystemIds};
use limiquantix_agent::{Agent, AgentConfig, NodeIdentity};
use limiquantix_memory::MemoryStore;
use limiquantix_mock::{MockConfig, MockHypervisor, MockNode};
use limiquantix_testkit::fixtures;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use uplink::{Line, Weather};

/// How long anything may take, faults and retries included.
pub(crate) const PATIENCE: Duration = Duration::from_secs(900);

pub(crate) struct Site {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) node: MockNode,
    pub(crate) line: Arc<Line>,
    clock: Arc<dyn Clock>,
    cp: Option<ControlPlane>,
    agent: Option<Running>,
}

/// An agent, and what tells whether it is really gone.
struct Running {
    task: JoinHandle<Result<()>>,
    stop: CancellationToken,
    hypervisor: Arc<dyn Hypervisor>,
}

/// Follows tokio's time, paused or not.
#[derive(Debug)]
pub(crate) struct TokioClock(tokio::time::Instant);

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp(fixtures::T0.micros() + i64::try_from(self.0.elapsed().as_micros()).unwrap())
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(self.0.elapsed() + Duration::from_secs(3600))
    }
}

impl Site {
    /// A node of 64 cores and 64 GiB with an agent that is connected.
    pub(crate) async fn new() -> Self {
        let mut config = MockConfig::new("n1");
        config.cores = limiquantix::core::unit::Cores(64);
        config.memory = Mebibytes(64 << 10);
        Self::of(config).await
    }

    pub(crate) async fn of(config: MockConfig) -> Self {
        let mut site = Self {
            store: Arc::new(MemoryStore::new()),
            node: MockNode::new(config),
            line: Arc::default(),
            clock: Arc::new(TokioClock(tokio::time::Instant::now())),
            cp: None,
            agent: None,
        };
        site.start_control_plane().await;
        site.start_agent();
        site.until("the node is registered", async |site: &Site| {
            site.cp().nodes().get_by_name("n1").await.is_ok()
        })
        .await;
        site
    }

    pub(crate) fn cp(&self) -> &ControlPlane {
        self.cp.as_ref().expect("the control plane is down")
    }

    pub(crate) async fn start_control_plane(&mut self) {
        let store: Arc<MemoryStore> = Arc::clone(&self.store);
        let cp = ControlPlane::builder()
            .store(store)
            .clock(Arc::clone(&self.clock))
            .ids(Arc::new(SystemIds))
            .settings(Settings::default())
            .build()
            .await
            .unwrap();
        self.line.connect(cp.agents());
        self.cp = Some(cp);
    }

    /// The control plane dies: nobody answers, and every stream breaks.
    pub(crate) fn kill_control_plane(&mut self) {
        self.line.disconnect();
        self.cp = None;
    }

    pub(crate) async fn restart_control_plane(&mut self) {
        self.kill_control_plane();
        self.start_control_plane().await;
    }

    pub(crate) fn start_agent(&mut self) {
        self.start_agent_on(Arc::new(self.node.hypervisor()));
    }

    /// The same on another view of the hypervisor.
    pub(crate) fn start_agent_on(&mut self, hypervisor: Arc<dyn Hypervisor>) {
        let config = AgentConfig {
            name: fixtures::name("n1"),
            management_ip: "127.0.0.1".to_owned(),
            labels: Labels::new(),
            taints: Vec::new(),
            reserved_memory: Mebibytes(0),
        };
        let storage: Arc<dyn StorageBackend> = Arc::new(self.node.storage());
        let line: Arc<Line> = Arc::clone(&self.line);
        let agent = Agent::new(
            config,
            NodeIdentity::ephemeral("boot-1"),
            line,
            Arc::clone(&hypervisor),
            storage,
            Arc::clone(&self.clock),
        );
        let stop = CancellationToken::new();
        let task = tokio::spawn(agent.run(stop.clone()));
        self.agent = Some(Running {
            task,
            stop,
            hypervisor,
        });
    }

    /// `kill -9`: whatever the agent was doing ends where it waits.
    pub(crate) async fn kill_agent(&mut self) {
        let Some(agent) = self.agent.take() else { return };
        agent.task.abort();
        let _ = agent.task.await;
        // Its workers are gone when nobody but us holds the hypervisor.
        let hypervisor = agent.hypervisor;
        poll_until("the agent is gone", async || Arc::strong_count(&hypervisor) == 1).await;
    }

    /// The agent is asked to end, and does.
    pub(crate) async fn stop_agent(&mut self) -> Result<()> {
        let agent = self.agent.take().expect("an agent runs");
        agent.stop.cancel();
        tokio::time::timeout(PATIENCE, agent.task)
            .await
            .expect("it ends")
            .unwrap()
    }

    /// Waits for `holds`, looking again after every commit, and now and then for what is not in the store.
    pub(crate) async fn until(&self, what: &str, holds: impl AsyncFn(&Site) -> bool) {
        poll_until(what, async || holds(self).await).await;
    }

    pub(crate) async fn create(&self, name: &str) -> Arc<Vm> {
        self.cp().vms().create(&call(), request(name)).await.unwrap()
    }

    /// A VM that runs.
    pub(crate) async fn running(&self, name: &str) -> Arc<Vm> {
        let vm = self.create(name).await;
        assert_eq!(
            self.end_of(&vm).await.state,
            TaskState::Succeeded,
            "{name} is created"
        );
        self.vm(vm.id).await.unwrap()
    }

    pub(crate) async fn stopped(&self, name: &str) -> Arc<Vm> {
        let vm = self.running(name).await;
        let stop = self.cp().vms().stop(&call(), vm.id, true, None).await.unwrap();
        assert_eq!(
            self.end_of(&stop).await.state,
            TaskState::Succeeded,
            "{name} is stopped"
        );
        self.vm(vm.id).await.unwrap()
    }

    pub(crate) async fn vm(&self, id: VmId) -> Option<Arc<Vm>> {
        self.all::<Vm>().find(&id).await.unwrap()
    }

    pub(crate) fn all<R: Resource>(&self) -> Repository<R> {
        let store: Arc<MemoryStore> = Arc::clone(&self.store);
        Repository::new(store)
    }

    pub(crate) async fn list<R: Resource>(&self) -> Vec<Arc<R>> {
        self.all::<R>().all(Selector::default()).await.unwrap().0
    }

    /// The task of the operation that `vm` shows, once it has ended.
    pub(crate) async fn end_of(&self, vm: &Vm) -> Arc<Task> {
        self.end_of_task(vm.operation.as_ref().expect("an operation").task)
            .await
    }

    pub(crate) async fn end_of_task(&self, id: TaskId) -> Arc<Task> {
        let tasks = self.all::<Task>();
        self.until("the task ends", async |_: &Site| {
            tasks.get(&id).await.unwrap().state.is_terminal()
        })
        .await;
        tasks.get(&id).await.unwrap()
    }

    pub(crate) async fn phase(&self, vm: &Vm, phase: VmPhase) {
        self.until(phase.as_str(), async |site: &Site| {
            site.vm(vm.id).await.is_some_and(|vm| vm.status.phase == phase)
        })
        .await;
    }

    /// Waits until every operation has ended and the control plane shows what the node has, then checks the
    /// node, the records and the journal against each other.
    pub(crate) async fn assert_sound(&self) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut why = self.unsound().await;
        while let Some(reason) = why {
            assert!(tokio::time::Instant::now() < deadline, "never sound: {reason}");
            tokio::time::sleep(Duration::from_millis(20)).await;
            why = self.unsound().await;
        }
        let violations = self.node.journal().violations();
        assert!(violations.is_empty(), "a VM ran twice: {violations:?}");
    }

    async fn unsound(&self) -> Option<String> {
        if let Some(task) = self.list::<Task>().await.iter().find(|t| !t.state.is_terminal()) {
            return Some(format!("a task is open: {task:?}"));
        }
        let vms = self.list::<Vm>().await;
        let instances = self.node.instances();
        for vm in &vms {
            let state = instances.iter().find(|i| i.vm == vm.id).map(|i| i.state);
            let right = match state {
                Some(InstanceState::Running) => vm.status.phase == VmPhase::Running,
                Some(InstanceState::Paused) => vm.status.phase == VmPhase::Suspended,
                Some(InstanceState::Off(_)) => {
                    matches!(vm.status.phase, VmPhase::Stopped | VmPhase::Error)
                }
                None => vm.status.phase == VmPhase::Error,
            };
            let on = matches!(state, Some(InstanceState::Running | InstanceState::Paused));
            let meant = vm.power.state == PowerState::On;
            if !right || on != meant || vm.operation.is_some() {
                return Some(format!("{} is {state:?}, and shown as {vm:?}", vm.name));
            }
        }
        let known: BTreeSet<VmId> = vms.iter().map(|vm| vm.id).collect();
        if let Some(orphan) = instances.iter().find(|i| !known.contains(&i.vm)) {
            return Some(format!("a machine without a record: {orphan:?}"));
        }
        let volumes: BTreeSet<_> = vms.iter().flat_map(|vm| vm.volumes.clone()).collect();
        let records: BTreeSet<_> = self.list::<Volume>().await.iter().map(|v| v.id).collect();
        if volumes != records {
            return Some("volume records do not belong to VMs".to_owned());
        }
        let kept = self.node.volumes();
        if let Some((_, leaked)) = kept.iter().find(|(_, id)| !volumes.contains(id)) {
            return Some(format!("a volume that belongs to nothing: {leaked}"));
        }
        let promised = &self.list::<NodeAllocation>().await[0];
        let memory: u32 = vms.iter().map(|vm| vm.spec.memory.get()).sum();
        if (promised.vms as usize, promised.memory.get()) != (vms.len(), memory) {
            return Some(format!("{promised:?} is promised, for {} VMs", vms.len()));
        }
        None
    }

    /// Everything is deleted; the node must be as empty as it was.
    pub(crate) async fn delete_all(&self) {
        for vm in self.list::<Vm>().await {
            self.cp().vms().delete(&call(), vm.id, true).await.unwrap();
        }
        self.assert_sound().await;
        assert_eq!(self.list::<Vm>().await, vec![]);
        assert_eq!(self.node.instances(), vec![]);
        assert_eq!(self.node.volumes(), vec![]);
        assert_eq!(self.list::<NodeAllocation>().await[0].vms, 0);
    }
}

/// The VM as it was when the operation on its snapshot was accepted: it may be over by now.
fn working(vm: &Vm, snapshot: &Snapshot, kind: OperationKind) -> Arc<Vm> {
    let task = snapshot.task.unwrap();
    Arc::new(Vm {
        operation: Some(Operation { task, kind }),
        ..vm.clone()
    })
}

/// Asks for a snapshot.
async fn take(site: &Site, vm: VmId) -> Arc<Snapshot> {
    let wish = CreateSnapshot {
        vm,
        name: fixtures::name("before"),
        description: String::new(),
        labels: Labels::new(),
    };
    site.cp().vms().create_snapshot(&call(), wish).await.unwrap()
}

impl Site {
    /// Takes a snapshot of a VM; the VM as it then is.
    pub(crate) async fn snapshot(&self, vm: VmId) -> Option<Arc<Vm>> {
        let before = self.vm(vm).await.unwrap();
        let taken = take(self, vm).await;
        let kind = OperationKind::CreateSnapshot {
            snapshot: taken.id,
            memory: taken.with_memory,
        };
        let asked = working(&before, &taken, kind);
        assert_eq!(self.end_of(&asked).await.state, TaskState::Succeeded);
        self.vm(vm).await
    }

    /// The records of a VM's snapshots and what its node has of them agree.
    pub(crate) async fn assert_snapshots(&self, vm: &Vm, count: usize, context: &str) {
        let kept = self.node.hypervisor().snapshots(vm.id).await.unwrap();
        let kept: Vec<_> = kept.iter().map(|s| s.id).collect();
        assert_eq!((kept.len(), &kept), (count, &vm.snapshots), "{context}");
        let records = self.list::<Snapshot>().await;
        assert_eq!(records.len(), count, "{context}");
        assert!(
            records
                .iter()
                .all(|s| s.phase == SnapshotPhase::Ready && s.task.is_none()),
            "{context}: {records:?}"
        );
    }
}

/// Waits for `holds`, looking ever less often, but at least every 20 ms.
pub(crate) async fn poll_until(what: &str, holds: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(1);
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// `future`, which must end.
pub(crate) async fn soon<T: Debug>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it does not end")
}

pub(crate) fn call() -> Call {
    Call {
        principal: "alice".to_owned(),
        ..Call::default()
    }
}

/// A VM of one core, 512 MiB and two disks, to be started.
pub(crate) fn request(name: &str) -> CreateVm {
    let mut spec = fixtures::vm_spec(1, 512);
    spec.disks = vec![
        fixtures::disk("root", 10, Some("probe.qcow2")),
        fixtures::disk("data", 1, None),
    ];
    CreateVm {
        name: fixtures::name(name),
        project: ProjectId::default(),
        description: String::new(),
        labels: Labels::new(),
        spec,
        start: true,
    }
}

/// An agent's view of the node, for a test that replaces or watches it.
pub(crate) fn view(site: &Site) -> MockHypervisor {
    site.node.hypervisor()
}

/// The verbs that are carried out on a node, as users call them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Create,
    Start,
    Stop,
    Reboot,
    Suspend,
    Resume,
    Snapshot,
    RevertDisks,
    RevertMemory,
    DropSnapshot,
    Delete,
}

impl Deed {
    pub(crate) const ALL: [Self; 11] = [
        Self::Create,
        Self::Start,
        Self::Stop,
        Self::Reboot,
        Self::Suspend,
        Self::Resume,
        Self::Snapshot,
        Self::RevertDisks,
        Self::RevertMemory,
        Self::DropSnapshot,
        Self::Delete,
    ];

    /// Brings a VM into the state in which this can be asked for.
    pub(crate) async fn prepare(self, site: &Site) -> Option<Arc<Vm>> {
        match self {
            Self::Create => None,
            Self::Start => Some(site.stopped("web").await),
            Self::Resume => {
                let vm = site.running("web").await;
                let asked = site.cp().vms().suspend(&call(), vm.id).await.unwrap();
                assert_eq!(site.end_of(&asked).await.state, TaskState::Succeeded);
                site.vm(vm.id).await
            }
            Self::RevertDisks => {
                let vm = site.stopped("web").await;
                site.snapshot(vm.id).await
            }
            Self::RevertMemory | Self::DropSnapshot => {
                let vm = site.running("web").await;
                site.snapshot(vm.id).await
            }
            Self::Stop | Self::Reboot | Self::Suspend | Self::Snapshot | Self::Delete => {
                Some(site.running("web").await)
            }
        }
    }

    /// Whether the VM has a snapshot once it is done.
    fn keeps_one(self) -> bool {
        matches!(self, Self::Snapshot | Self::RevertDisks | Self::RevertMemory)
    }

    /// Asks for it.
    pub(crate) async fn ask(self, site: &Site, vm: Option<&Vm>) -> Arc<Vm> {
        let vms = site.cp().vms();
        let id = vm.map(|vm| vm.id);
        match self {
            Self::Create => site.create("web").await,
            Self::Start => vms.start(&call(), id.unwrap()).await.unwrap(),
            Self::Stop => vms.stop(&call(), id.unwrap(), false, None).await.unwrap(),
            Self::Reboot => vms.reboot(&call(), id.unwrap(), true).await.unwrap(),
            Self::Suspend => vms.suspend(&call(), id.unwrap()).await.unwrap(),
            Self::Resume => vms.resume(&call(), id.unwrap()).await.unwrap(),
            Self::Snapshot => {
                let taken = take(site, id.unwrap()).await;
                let kind = OperationKind::CreateSnapshot {
                    snapshot: taken.id,
                    memory: taken.with_memory,
                };
                working(vm.unwrap(), &taken, kind)
            }
            Self::RevertDisks | Self::RevertMemory => {
                let snapshot = vm.unwrap().snapshots[0];
                vms.revert_snapshot(&call(), snapshot).await.unwrap()
            }
            Self::DropSnapshot => {
                let snapshot = vm.unwrap().snapshots[0];
                let going = vms.delete_snapshot(&call(), snapshot).await.unwrap();
                working(vm.unwrap(), &going, OperationKind::DeleteSnapshot { snapshot })
            }
            Self::Delete => vms.delete(&call(), id.unwrap(), true).await.unwrap(),
        }
    }

    /// Checks that it was done, and nothing else.
    pub(crate) async fn assert_done(self, site: &Site, asked: &Vm, starts_before: usize, context: &str) {
        let task = site.end_of(asked).await;
        assert_eq!(task.state, TaskState::Succeeded, "{context}: {:?}", task.error);
        site.assert_sound().await;
        let vm = site.vm(asked.id).await;
        let starts = site.node.journal().starts(asked.id) - starts_before;
        if let Some(vm) = &vm {
            site.assert_snapshots(vm, usize::from(self.keeps_one()), context)
                .await;
        }
        let expected = match self {
            Self::Create | Self::Start => (Some(VmPhase::Running), 1),
            Self::Stop => (Some(VmPhase::Stopped), 0),
            Self::Reboot | Self::Resume => (Some(VmPhase::Running), 0),
            Self::Suspend => (Some(VmPhase::Suspended), 0),
            Self::Snapshot | Self::RevertMemory | Self::DropSnapshot => (Some(VmPhase::Running), 0),
            Self::RevertDisks => (Some(VmPhase::Stopped), 0),
            Self::Delete => (None, 0),
        };
        assert_eq!((vm.map(|vm| vm.status.phase), starts), expected, "{context}");
        assert!(matches!(
            asked.operation.as_ref().map(|op| op.kind),
            Some(
                OperationKind::Create
                    | OperationKind::Start
                    | OperationKind::Stop { .. }
                    | OperationKind::Reboot { .. }
                    | OperationKind::Suspend
                    | OperationKind::Resume
                    | OperationKind::CreateSnapshot { .. }
                    | OperationKind::RevertSnapshot { .. }
                    | OperationKind::DeleteSnapshot { .. }
                    | OperationKind::Delete
            )
        ));
    }
}
