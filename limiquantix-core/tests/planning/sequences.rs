//! A cluster over time: VMs come, grow, move and go, and no node ever promises more than it may.

use limiquantix_core::contract::Scheduler;
use limiquantix_core::identity::NodeId;
use limiquantix_core::planning::{ClusterSnapshot, FilterScore, PlacementRequest, Policy, Reservation};
use limiquantix_core::unit::{Cores, Mebibytes};
use proptest::collection::vec;
use proptest::prelude::{Strategy as Generator, any};
use proptest::sample::Index;
use proptest::{prop_oneof, proptest};

use crate::fixture;
use crate::properties::{config, policy};

/// What happens to the cluster.
#[derive(Debug, Clone)]
enum Step {
    Create(u32, u32),
    Resize(Index, u32, u32),
    Delete(Index),
}

fn step() -> impl Generator<Value = Step> {
    prop_oneof![
        4 => (1..=6_u32, 1..=3000_u32).prop_map(|(cores, memory)| Step::Create(cores, memory)),
        2 => (any::<Index>(), 1..=6_u32, 1..=3000_u32).prop_map(|(vm, cores, memory)| Step::Resize(vm, cores, memory)),
        1 => any::<Index>().prop_map(Step::Delete),
    ]
}

/// The cluster and what each VM holds in it.
struct World {
    snapshot: ClusterSnapshot,
    vms: Vec<Reservation>,
    policy: Policy,
}

impl World {
    fn apply(&mut self, step: &Step) {
        match step {
            Step::Create(cores, memory) => {
                let request = fixture::request(*cores, *memory);
                if let Some(node) = self.place(&request) {
                    self.take(node, &request);
                }
            }
            Step::Resize(vm, cores, memory) if !self.vms.is_empty() => {
                let vm = vm.index(self.vms.len());
                let mut request = fixture::request(*cores, *memory);
                request.current = Some(self.vms[vm]);
                if let Some(node) = self.place(&request) {
                    self.give_back(vm);
                    self.take(node, &request);
                }
            }
            Step::Delete(vm) if !self.vms.is_empty() => self.give_back(vm.index(self.vms.len())),
            Step::Resize(..) | Step::Delete(_) => {}
        }
    }

    fn place(&self, request: &PlacementRequest) -> Option<NodeId> {
        FilterScore
            .place(&self.snapshot, request, &self.policy)
            .map(|placed| placed.node)
    }

    fn take(&mut self, node: NodeId, request: &PlacementRequest) {
        let mut view = self.snapshot.node(node).unwrap().clone();
        view.allocated_cores = view.allocated_cores.checked_add(request.cores).unwrap();
        view.allocated_memory = view.allocated_memory.checked_add(request.memory).unwrap();
        view.vms += 1;
        self.snapshot.upsert(view);
        self.vms.push(Reservation {
            node,
            cores: request.cores,
            memory: request.memory,
        });
    }

    fn give_back(&mut self, vm: usize) {
        let held = self.vms.swap_remove(vm);
        let mut view = self.snapshot.node(held.node).unwrap().clone();
        view.allocated_cores = Cores(view.allocated_cores.0.checked_sub(held.cores.0).unwrap());
        view.allocated_memory = Mebibytes(view.allocated_memory.0.checked_sub(held.memory.0).unwrap());
        view.vms = view.vms.checked_sub(1).unwrap();
        self.snapshot.upsert(view);
    }

    /// Counted anew from the VMs, not from what the nodes say.
    fn check(&self) {
        for node in self.snapshot.nodes() {
            let here = || self.vms.iter().filter(|vm| vm.node == node.id);
            let cores: u64 = here().map(|vm| u64::from(vm.cores.0)).sum();
            let memory: u64 = here().map(|vm| u64::from(vm.memory.0)).sum();
            let may = |total: u32, percent: u32| u64::from(total) * u64::from(percent) / 100;
            assert!(
                cores <= may(node.cores.0, self.policy.overcommit_cpu.0),
                "{node:?}"
            );
            assert!(
                memory <= may(node.memory.0, self.policy.overcommit_memory.0),
                "{node:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn no_sequence_of_placements_overcommits(
        count in 1..=5_u128,
        policy in policy(),
        steps in vec(step(), 1..=80),
    ) {
        let snapshot = ClusterSnapshot::new((0..count).map(fixture::node).collect());
        let mut world = World { snapshot, vms: Vec::new(), policy };
        for step in &steps {
            world.apply(step);
            world.check();
        }
    }
}

/// Until the cluster is full: the property above is worth little if it never gets there.
#[test]
fn equal_vms_fill_every_node_to_the_brim_and_not_beyond() {
    use limiquantix_core::planning::Strategy::{Pack, Spread};
    for strategy in [Spread, Pack] {
        let mut world = World {
            snapshot: ClusterSnapshot::new((0..3).map(fixture::node).collect()),
            vms: Vec::new(),
            policy: fixture::policy(strategy, 150, 100),
        };
        for _ in 0..100 {
            world.apply(&Step::Create(1, 512));
            world.check();
        }
        // 8 × 1.5 = 12 cores, 7168 / 512 = 14: cores end first.
        assert_eq!(world.vms.len(), 3 * 12, "{strategy}");
        assert!(world.snapshot.nodes().iter().all(|node| node.vms == 12));
    }
}

/// What the two strategies are for: after six VMs on three empty nodes, two each or six on one.
#[test]
fn spread_evens_out_and_pack_fills_up() {
    use limiquantix_core::planning::Strategy::{Pack, Spread};
    for (strategy, counts) in [(Spread, [2, 2, 2]), (Pack, [6, 0, 0])] {
        let mut world = World {
            snapshot: ClusterSnapshot::new((0..3).map(fixture::node).collect()),
            vms: Vec::new(),
            policy: fixture::policy(strategy, 100, 100),
        };
        for _ in 0..6 {
            world.apply(&Step::Create(1, 1024));
        }
        let got: Vec<u32> = world.snapshot.nodes().iter().map(|node| node.vms).collect();
        assert_eq!(got, counts, "{strategy}");
    }
}
