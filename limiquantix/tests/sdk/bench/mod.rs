//! A control plane in memory, nodes that are only words, and short ways to say what a test is about.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use limiquantix::core::contract::{
    Clock, Commit, IdSource, InstanceState, NodeRegistration, RunMark, Store as _, Uplink as _, WatchFilter,
};
use limiquantix::core::identity::{NodeId, ProjectId, TaskId, VmId, VolumeId};
use limiquantix::core::resource::{
    Accel, Labels, NodeAllocation, Object, OperationKind, PowerState, Revision, StopCause, Task, TaskError,
    Vm, VmSpec, Volume,
};
use limiquantix::core::settle::{Outcome, Seen, TaskReport, VmReport};
use limiquantix::core::time::{Monotonic, Timestamp};
use limiquantix::core::{Error, Result};
use limiquantix::{Call, ControlPlane, CreateProject, CreateVm, Settings};
use limiquantix_memory::MemoryStore;
use limiquantix_testkit::{ManualClock, SequentialIds, fixtures};

/// The boot of every node, unless a test says otherwise.
pub(crate) const BOOT: &str = "boot-1";

#[derive(Debug, Clone)]
pub(crate) struct Bench {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) cp: ControlPlane,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::default());
        let ids: Arc<dyn IdSource> = Arc::new(SequentialIds::default());
        let cp = control_plane(&store, clock.clone(), Arc::clone(&ids), Settings::default()).await;
        Self {
            store,
            clock,
            ids,
            cp,
        }
    }

    /// With nodes `n1`, `n2` … of this many cores and MiB for guests.
    pub(crate) async fn with_nodes(count: usize, cores: u32, guest_memory: u32) -> Self {
        let bench = Self::new().await;
        for i in 1..=count {
            bench.node(&format!("n{i}"), cores, guest_memory).await;
        }
        bench
    }

    /// The control plane dies and another one takes its place, on the same store.
    pub(crate) async fn restarted(self) -> Self {
        self.cp.shutdown();
        let cp = control_plane(
            &self.store,
            self.clock.clone(),
            Arc::clone(&self.ids),
            Settings::default(),
        )
        .await;
        Self { cp, ..self }
    }

    pub(crate) async fn node(&self, name: &str, cores: u32, guest_memory: u32) -> NodeId {
        let node = registration(name, cores, guest_memory);
        self.cp.agents().register(&node).await.unwrap()
    }

    /// A new project without limits.
    pub(crate) async fn project(&self, id: &str) -> ProjectId {
        let request = CreateProject {
            id: fixtures::project_id(id),
            labels: Labels::new(),
            spec: Default::default(),
        };
        let project = self.cp.projects().create(&call(), request).await.unwrap();
        project.id.clone()
    }

    pub(crate) async fn create(&self, name: &str) -> Arc<Vm> {
        self.cp.vms().create(&call(), request(name)).await.unwrap()
    }

    /// A VM whose creation is done and that runs.
    pub(crate) async fn running(&self, name: &str) -> Arc<Vm> {
        let vm = self.create(name).await;
        self.finish(vm.id).await;
        self.vm(vm.id).await
    }

    pub(crate) async fn stopped(&self, name: &str) -> Arc<Vm> {
        let vm = self.running(name).await;
        self.cp.vms().stop(&call(), vm.id, true, None).await.unwrap();
        self.finish(vm.id).await;
        self.vm(vm.id).await
    }

    pub(crate) async fn vm(&self, id: VmId) -> Arc<Vm> {
        self.cp.vms().get(id).await.unwrap()
    }

    pub(crate) async fn task_of(&self, vm: &Vm) -> Arc<Task> {
        self.task(vm.operation.as_ref().unwrap().task).await
    }

    pub(crate) async fn task(&self, id: TaskId) -> Arc<Task> {
        self.cp.tasks().get(id).await.unwrap()
    }

    /// The agent reports that the operation under way is done.
    pub(crate) async fn finish(&self, id: VmId) {
        let vm = self.vm(id).await;
        let op = vm.operation.clone().unwrap();
        let seen = match op.kind {
            OperationKind::Delete => Seen::Absent,
            OperationKind::Suspend => paused(&vm),
            _ if vm.power.state == PowerState::On => running(&vm),
            _ => off(StopCause::Requested),
        };
        self.told(&vm, seen, Some(Outcome::Done)).await.unwrap();
    }

    /// The agent reports `seen`, and what became of the operation that `vm` shows.
    pub(crate) async fn told(&self, vm: &Vm, seen: Seen, outcome: Option<Outcome>) -> Result<()> {
        let placement = vm.placement.unwrap();
        let report = VmReport {
            vm: vm.id,
            epoch: placement.epoch,
            seen,
            task: outcome.clone().map(|outcome| TaskReport {
                task: vm.operation.as_ref().unwrap().task,
                outcome,
            }),
            made: made(vm, outcome.as_ref()),
        };
        self.cp.agents().report(placement.node, BOOT, &report).await
    }

    pub(crate) async fn revision(&self) -> Revision {
        self.store.revision().await.unwrap()
    }

    /// Every commit so far.
    pub(crate) async fn log(&self) -> Vec<Commit> {
        let last = self.revision().await;
        let mut log = self
            .store
            .watch(Revision::ZERO, WatchFilter::default())
            .await
            .unwrap();
        let mut commits = Vec::new();
        while commits.last().is_none_or(|c: &Commit| c.revision < last) {
            commits.push(next(&mut log).await.unwrap());
        }
        commits
    }

    /// At every commit: what is promised on each node is what its VMs need, and no more than it has.
    pub(crate) async fn assert_never_overcommitted(&self) {
        let mut vms = std::collections::BTreeMap::<VmId, Arc<Vm>>::new();
        let mut promised = std::collections::BTreeMap::<NodeId, Arc<NodeAllocation>>::new();
        let mut limits = std::collections::BTreeMap::<NodeId, (u32, u32)>::new();
        for commit in self.log().await {
            for change in &commit.changes {
                match (&change.before, &change.after) {
                    (_, Some(Object::Vm(vm))) => {
                        vms.insert(vm.id, vm.clone());
                    }
                    (Some(Object::Vm(vm)), None) => {
                        vms.remove(&vm.id);
                    }
                    (_, Some(Object::NodeAllocation(a))) => {
                        promised.insert(a.id, a.clone());
                    }
                    (_, Some(Object::Node(n))) => {
                        let memory = n.spec.memory.get() - n.spec.reserved_memory.get();
                        limits.insert(n.id, (n.spec.cores.get() * 4, memory));
                    }
                    _ => {}
                }
            }
            for (node, promised) in &promised {
                let here: Vec<_> = vms
                    .values()
                    .filter(|vm| vm.placement.is_some_and(|p| p.node == *node))
                    .collect();
                let cores: u32 = here.iter().map(|vm| vm.spec.cpu.cores.get()).sum();
                let memory: u32 = here.iter().map(|vm| vm.spec.memory.get()).sum();
                let sums = (cores, memory, here.len());
                let noted = (promised.cores.get(), promised.memory.get(), promised.vms as usize);
                assert_eq!(noted, sums, "at commit {}", commit.revision);
                let (most_cores, most_memory) = limits[node];
                assert!(
                    cores <= most_cores && memory <= most_memory,
                    "{node} is overcommitted at {}: {cores} cores of {most_cores}, {memory} MiB of {most_memory}",
                    commit.revision
                );
            }
        }
    }

    pub(crate) async fn volumes(&self) -> Vec<Arc<Volume>> {
        let volumes = limiquantix::core::contract::Repository::<Volume>::new(self.cp.store().clone());
        volumes.all(Default::default()).await.unwrap().0
    }

    pub(crate) async fn allocation(&self, node: NodeId) -> (u32, u32, u32) {
        let all = limiquantix::core::contract::Repository::<NodeAllocation>::new(self.cp.store().clone());
        let a = all.get(&node).await.unwrap();
        (a.cores.get(), a.memory.get(), a.vms)
    }
}

pub(crate) async fn control_plane(
    store: &Arc<MemoryStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    settings: Settings,
) -> ControlPlane {
    let store: Arc<MemoryStore> = Arc::clone(store);
    ControlPlane::builder()
        .store(store)
        .clock(clock)
        .ids(ids)
        .settings(settings)
        .build()
        .await
        .unwrap()
}

/// A clock that follows tokio's, so that a test with paused time decides when a node has been silent long
/// enough.
#[derive(Debug)]
pub(crate) struct TokioClock(tokio::time::Instant);

impl TokioClock {
    pub(crate) fn new() -> Self {
        Self(tokio::time::Instant::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.0.elapsed().as_micros()).unwrap();
        Timestamp(fixtures::T0.micros() + passed)
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(self.0.elapsed() + Duration::from_secs(3600))
    }
}

/// Somebody calls, without any conditions.
pub(crate) fn call() -> Call {
    Call {
        principal: "alice".to_owned(),
        ..Call::default()
    }
}

/// The same call under a request id.
pub(crate) fn repeated(request_id: &str) -> Call {
    Call {
        request_id: Some(request_id.to_owned()),
        ..call()
    }
}

pub(crate) fn dry() -> Call {
    Call {
        validate_only: true,
        ..call()
    }
}

/// A VM of one core, 1 GiB and one disk, to be started.
pub(crate) fn request(name: &str) -> CreateVm {
    CreateVm {
        name: fixtures::name(name),
        project: ProjectId::default(),
        description: String::new(),
        labels: Labels::new(),
        spec: spec(1, 1024),
        start: true,
    }
}

pub(crate) fn spec(cores: u32, memory: u32) -> VmSpec {
    VmSpec {
        disks: vec![fixtures::disk("root", 10, None)],
        ..fixtures::vm_spec(cores, memory)
    }
}

pub(crate) fn registration(name: &str, cores: u32, guest_memory: u32) -> NodeRegistration {
    let mut node = fixtures::node(name, cores, guest_memory + 512);
    node.spec.reserved_memory = limiquantix::core::unit::Mebibytes(512);
    // Room for the disks of thousands of VMs: a test about pools says how large its own is.
    node.spec.pools[0].capacity = limiquantix::core::unit::Bytes(1 << 50);
    NodeRegistration {
        id: None,
        name: node.name,
        management_ip: node.management_ip,
        labels: Labels::new(),
        spec: node.spec,
        boot_id: BOOT.to_owned(),
        agent_version: "0.1.0".to_owned(),
        hypervisor: node.status.hypervisor,
    }
}

pub(crate) fn running(vm: &Vm) -> Seen {
    Seen::Defined {
        state: InstanceState::Running,
        last_run: Some(RunMark {
            epoch: vm.placement.unwrap().epoch,
            generation: vm.power.generation,
        }),
        accel: Some(Accel::Mock),
    }
}

/// As [`running`], and paused.
pub(crate) fn paused(vm: &Vm) -> Seen {
    let Seen::Defined { last_run, accel, .. } = running(vm) else {
        panic!("what runs is defined")
    };
    Seen::Defined {
        state: InstanceState::Paused,
        last_run,
        accel,
    }
}

pub(crate) fn off(cause: StopCause) -> Seen {
    Seen::Defined {
        state: InstanceState::Off(cause),
        last_run: None,
        accel: None,
    }
}

pub(crate) fn failed(message: &str) -> Outcome {
    Outcome::Failed(TaskError {
        reason: "HYPERVISOR_FAILED".to_owned(),
        message: message.to_owned(),
    })
}

/// The next item, which must come.
pub(crate) async fn next<T>(stream: &mut (impl Stream<Item = T> + Unpin)) -> T {
    let item = tokio::time::timeout(fixtures::PATIENCE, stream.next());
    item.await.expect("nothing came").expect("the stream ended")
}

/// The code of the reason of an error, for comparing.
pub(crate) fn code<T: std::fmt::Debug>(outcome: Result<T>) -> &'static str {
    outcome.unwrap_err().reason().code()
}

/// The field that an error names.
pub(crate) fn field<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    let e: Error = outcome.unwrap_err();
    assert_eq!(e.reason().code(), "INVALID_FIELD", "{e}");
    e.get("field").unwrap().to_owned()
}

/// An agent that has done what begins with making the volumes has made them.
fn made(vm: &Vm, outcome: Option<&Outcome>) -> Vec<VolumeId> {
    let makes = |kind| {
        matches!(
            kind,
            OperationKind::Create | OperationKind::Start | OperationKind::Update
        )
    };
    let op = vm.operation.as_ref().filter(|op| makes(op.kind));
    match (op, outcome) {
        (Some(_), Some(Outcome::Done)) => vm.volumes.clone(),
        _ => Vec::new(),
    }
}
