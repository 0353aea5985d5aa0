//! Who is in the cluster: everything follows from the seed.

use limiquantix_core::Result;
use limiquantix_core::identity::Name;
use limiquantix_core::unit::{Bytes, Cores, Gibibytes, Mebibytes};
use limiquantix_mock::MockConfig;
use limiquantix_proto::compute::v1::{
    BootConfig, CpuConfig, CreateVMRequest, DirectKernel, DiskConfig, MemoryConfig, VmSpec,
};

/// What the VMs are for, how large they are (cores, GiB of memory), and how many of ten they are.
const ROLES: [(&str, i32, i32, u64); 5] = [
    ("web", 2, 2, 4),
    ("api", 2, 4, 2),
    ("db", 4, 8, 1),
    ("cache", 1, 4, 1),
    ("batch", 4, 4, 2),
];

/// Of how many VMs one is switched off.
const ONE_OFF_IN: u64 = 10;

/// Chooses nodes and VMs.
pub(super) struct Cast {
    state: u64,
    counts: [u32; ROLES.len()],
}

impl Cast {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            state: seed,
            counts: [0; ROLES.len()],
        }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): small, seedable, and good enough to look random.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// What a node has: one of three sizes, the smallest of which holds its share of the VMs with room.
    pub(super) fn node(&mut self, number: u32, nodes: u32, vms: u32) -> MockConfig {
        let share = vms.div_ceil(nodes.max(1));
        // Six GiB and four cores each: above the average of ROLES by half.
        let memory = (share * 6).next_power_of_two().max(32);
        let cores = (share * 4).next_power_of_two().max(8);
        let factor = [2, 3, 4][usize::try_from(self.below(3)).unwrap_or_default()];
        let mut config = MockConfig::new(format!("node-{number}"));
        config.memory = Mebibytes(memory / 2 * factor * 1024);
        config.cores = Cores(cores / 2 * factor);
        let room = Gibibytes(share * 80 + 1000).bytes();
        for pool in &mut config.pools {
            (pool.capacity, pool.available) = (room, Bytes(room.0));
        }
        config
    }

    pub(super) fn node_name(&self, number: u32) -> Result<Name> {
        Name::parse("name", &format!("node-{number}"))
    }

    /// Three zones, by turns.
    pub(super) fn zone(&self, number: u32) -> String {
        ["a", "b", "c"][usize::try_from(number % 3).unwrap_or_default()].to_owned()
    }

    /// The next VM.
    pub(super) fn vm(&mut self, number: u32) -> CreateVMRequest {
        let mut at = self.below(ROLES.iter().map(|role| role.3).sum());
        let mut role = 0;
        while at >= ROLES[role].3 {
            at -= ROLES[role].3;
            role += 1;
        }
        self.counts[role] += 1;
        let (name, cores, memory_gib, _) = ROLES[role];
        let stage = if self.below(4) == 0 { "test" } else { "prod" };
        let start = self.below(ONE_OFF_IN) != 0;
        let size_gib = 10 * i32::try_from(1 + self.below(4)).unwrap_or(1);
        CreateVMRequest {
            name: format!("{name}-{:02}", self.counts[role]),
            description: format!("VM {} of the demo", number + 1),
            labels: [("app", name), ("stage", stage)]
                .map(|(key, value)| (key.into(), value.into()))
                .into(),
            spec: VmSpec {
                cpu: CpuConfig {
                    cores,
                    ..Default::default()
                }
                .into(),
                memory: MemoryConfig {
                    size_mib: memory_gib * 1024,
                    ..Default::default()
                }
                .into(),
                disks: vec![DiskConfig {
                    size_gib,
                    ..Default::default()
                }],
                boot: BootConfig {
                    source: DirectKernel {
                        kernel: "probe-vmlinux".into(),
                        initrd: "probe-initrd".into(),
                        ..Default::default()
                    }
                    .into(),
                    ..Default::default()
                }
                .into(),
                ..Default::default()
            }
            .into(),
            start,
            ..Default::default()
        }
    }
}
