use std::collections::BTreeMap;
use std::time::Duration;

use limiquantix_core::identity::{ImageName, Name};
use limiquantix_core::resource::PoolFacts;
use limiquantix_core::unit::{Bytes, Cores, Gibibytes, Mebibytes};

use crate::fault::Verb;

/// What a simulated node has and how it behaves.
#[derive(Debug, Clone)]
pub struct MockConfig {
    /// Its name, as the journal shows it.
    pub name: String,
    /// Cores that guests may use.
    pub cores: Cores,
    /// Physical memory.
    pub memory: Mebibytes,
    /// Its pools.
    pub pools: Vec<PoolFacts>,
    /// The images in every pool, with their virtual sizes.
    pub images: BTreeMap<ImageName, Bytes>,
    /// How its guests behave, unless [`MockNode::set_behaviour`](crate::MockNode::set_behaviour) says
    /// otherwise for one of them.
    pub guests: GuestBehaviour,
    /// How long each verb takes; nothing where not named.
    pub delays: BTreeMap<Verb, Duration>,
}

/// How a simulated guest behaves.
#[derive(Debug, Clone, Copy)]
pub struct GuestBehaviour {
    /// From power-on to the greeting on the console.
    pub boot: Duration,
    /// What it does when it is asked to shut down.
    pub on_shutdown: OnShutdown,
    /// It powers itself off this long after the greeting.
    pub powers_off_after: Option<Duration>,
}

/// What a guest does when it is asked to shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnShutdown {
    /// It is off after this long.
    Obey(Duration),
    /// Nothing.
    Ignore,
}

impl Default for GuestBehaviour {
    fn default() -> Self {
        Self {
            boot: Duration::from_millis(20),
            on_shutdown: OnShutdown::Obey(Duration::from_millis(10)),
            powers_off_after: None,
        }
    }
}

impl MockConfig {
    /// A node of 8 cores and 16 GiB with a 100 GiB pool `default`, that has the images `probe-vmlinux`,
    /// `probe-initrd` and `probe.qcow2` (1 GiB).
    pub fn new(name: impl Into<String>) -> Self {
        let pool = Name::parse("pool", "default").ok();
        let image = |name| ImageName::parse("image", name).ok();
        let images = [
            (image("probe-vmlinux"), Bytes(64 << 20)),
            (image("probe-initrd"), Bytes(16 << 20)),
            (image("probe.qcow2"), Gibibytes(1).bytes()),
        ];
        Self {
            name: name.into(),
            cores: Cores(8),
            memory: Mebibytes(16 << 10),
            pools: pool
                .map(|name| PoolFacts {
                    name,
                    capacity: Gibibytes(100).bytes(),
                    available: Gibibytes(100).bytes(),
                })
                .into_iter()
                .collect(),
            images: images
                .into_iter()
                .filter_map(|(n, size)| Some((n?, size)))
                .collect(),
            guests: GuestBehaviour::default(),
            delays: BTreeMap::new(),
        }
    }
}
