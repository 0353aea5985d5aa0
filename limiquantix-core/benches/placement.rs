//! How long one placement takes at 1,000 and 10,000 nodes with 20 VMs each, beside the loop of the backend
//! guide (its §2.5) in the same run.
//!
//! ```text
//! cargo bench -p limiquantix-core --bench placement
//! ```
//!
//! `place` is the decision, `explain` the same with the full report. `guide_recounting` is the guide's loop
//! as written: floating point, two sums and a count over a node's VMs for every node (three queries there;
//! the VMs are in memory here, which flatters it). `guide_summed` is the same loop with the sums at hand.
//! Before anything is timed, thousands of decisions are compared with the tests' oracle, so that speed
//! cannot be bought with quality, and allocations are counted.

#![allow(missing_docs, reason = "criterion's macros make public items")]
#![allow(clippy::print_stderr, reason = "a benchmark talks to its terminal")]
#![allow(clippy::unwrap_used, reason = "a benchmark may fail loudly")]

#[path = "../tests/planning/allocations.rs"]
mod allocations;
#[path = "../tests/planning/fixture.rs"]
mod fixture;
#[path = "../tests/planning/oracle.rs"]
mod oracle;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use limiquantix_core::contract::Scheduler;
use limiquantix_core::planning::{
    ClusterSnapshot, FilterScore, NodeView, PlacementRequest, Policy, Strategy,
};
use limiquantix_core::resource::NodePhase;
use limiquantix_core::unit::{Cores, Mebibytes};

const SIZES: [u32; 2] = [1_000, 10_000];
const VMS_PER_NODE: u32 = 20;

/// Numbers that look random and are the same in every run (the generator is splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % u64::from(below)) as u32
    }
}

/// A node as the guide's code has it, with its VMs as (cores, MiB).
struct GuideNode {
    view: NodeView,
    vms: Vec<(u32, u32)>,
}

fn cluster(count: u32) -> Vec<GuideNode> {
    let mut dice = Dice(u64::from(count));
    let nodes = (0..count).map(|number| {
        let cores = [32, 48, 64][dice.roll(3) as usize];
        let vms: Vec<(u32, u32)> = (0..dice.roll(2 * VMS_PER_NODE) + 1)
            .map(|_| (1 + dice.roll(8), 1024 * (1 + dice.roll(16))))
            .collect();
        let promised = (vms.iter().map(|vm| vm.0).sum(), vms.iter().map(|vm| vm.1).sum());
        let mut view = fixture::taken(u128::from(number), promised.0, promised.1, vms.len() as u32);
        view.cores = Cores(cores);
        view.memory = Mebibytes(cores * 6 * 1024);
        view.labels = [("zone".to_owned(), ["a", "b"][dice.roll(2) as usize].to_owned())].into();
        GuideNode { view, vms }
    });
    nodes.collect()
}

/// The guide's loop. With `recount`, usage is added up anew from the VMs of each node, as it is there.
fn guide(nodes: &[GuideNode], request: &PlacementRequest, policy: &Policy, recount: bool) -> Option<usize> {
    let cpu_used = |n: &GuideNode| match recount {
        true => n.vms.iter().map(|vm| f64::from(vm.0)).sum(),
        false => f64::from(n.view.allocated_cores.0),
    };
    let memory_used = |n: &GuideNode| match recount {
        true => n.vms.iter().map(|vm| f64::from(vm.1)).sum(),
        false => f64::from(n.view.allocated_memory.0),
    };
    let (over_cpu, over_memory) = (
        f64::from(policy.overcommit_cpu.0) / 100.0,
        f64::from(policy.overcommit_memory.0) / 100.0,
    );
    let mut feasible = Vec::new();
    for (i, node) in nodes.iter().enumerate() {
        if node.view.phase != NodePhase::Ready {
            continue;
        }
        let cpu = f64::from(node.view.cores.0) * over_cpu;
        if f64::from(request.cores.0) > cpu - cpu_used(node) {
            continue;
        }
        let memory = f64::from(node.view.memory.0) * over_memory;
        if f64::from(request.memory.0) > memory - memory_used(node) {
            continue;
        }
        let mut wanted = request.placement.node_selector.iter();
        if wanted.all(|(k, v)| node.view.labels.get(k) == Some(v)) {
            feasible.push(i);
        }
    }
    let mut best = None;
    for i in feasible {
        let vms = match recount {
            true => nodes[i].vms.iter().map(black_box).count() as f64,
            false => f64::from(nodes[i].view.vms),
        };
        let score = match policy.strategy {
            Strategy::Spread => 100.0 - vms,
            Strategy::Pack => vms,
        };
        if best.is_none_or(|(_, top)| score > top) {
            best = Some((i, score));
        }
    }
    best.map(|(i, _)| i)
}

fn snapshot(nodes: &[GuideNode]) -> ClusterSnapshot {
    ClusterSnapshot::new(nodes.iter().map(|n| n.view.clone()).collect())
}

/// Compares decisions with the oracle and counts allocations.
fn verify(size: u32, snapshot: &ClusterSnapshot) {
    let mut dice = Dice(7);
    let rounds = 2_000_000 / size;
    for round in 0..rounds {
        let strategy = [Strategy::Spread, Strategy::Pack][(round % 2) as usize];
        let policy = fixture::policy(strategy, 200, 100 + dice.roll(50));
        let request = fixture::request(1 + dice.roll(64), 512 * (1 + dice.roll(400)));
        let placed = FilterScore.place(snapshot, &request, &policy);
        let expected = oracle::place(snapshot, &request, &policy);
        assert_eq!(placed.map(|p| p.node), expected, "{request:?} {policy:?}");
    }
    let (policy, request) = (
        fixture::policy(Strategy::Spread, 200, 100),
        fixture::request(2, 4096),
    );
    let place = allocations::count(|| FilterScore.place(snapshot, &request, &policy));
    let explain = allocations::count(|| FilterScore.explain(snapshot, &request, &policy));
    eprintln!(
        "{size} nodes: {rounds} decisions as the oracle's; allocations: place {place}, explain {explain}"
    );
    assert_eq!(place, 0);
}

fn placement(criterion: &mut Criterion) {
    for size in SIZES {
        let nodes = cluster(size);
        let snapshot = snapshot(&nodes);
        verify(size, &snapshot);
        let request = fixture::request(2, 4096);
        for strategy in [Strategy::Spread, Strategy::Pack] {
            let policy = fixture::policy(strategy, 200, 100);
            let mut group = criterion.benchmark_group(format!("{strategy}/{size}"));
            let id = |name| BenchmarkId::from_parameter(name);
            group.bench_function(id("place"), |b| {
                b.iter(|| FilterScore.place(black_box(&snapshot), black_box(&request), black_box(&policy)));
            });
            group.bench_function(id("guide_summed"), |b| {
                b.iter(|| guide(black_box(&nodes), black_box(&request), black_box(&policy), false));
            });
            group.bench_function(id("guide_recounting"), |b| {
                b.iter(|| guide(black_box(&nodes), black_box(&request), black_box(&policy), true));
            });
            if strategy == Strategy::Spread {
                group.bench_function(id("explain"), |b| {
                    b.iter(|| FilterScore.explain(black_box(&snapshot), &request, &policy));
                });
            }
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .without_plots();
    targets = placement
}
criterion_main!(benches);
