use super::*;
use crate::identity::{ImageName, Name};
use crate::lifecycle::fixture::{name, spec};
use crate::resource::{DiskSpec, MacAddress, NicModel, NicSpec, TaintEffect};
use crate::unit::{Bytes, Cores, Gibibytes, Mebibytes};

/// The field that the error names.
fn field(outcome: Result<()>) -> Option<String> {
    outcome.err().map(|e| {
        assert_eq!(e.reason(), crate::Reason::InvalidField);
        e.get("field").unwrap().to_owned()
    })
}

/// The field that is named when `change` is made to a spec that is fine.
fn with(change: impl FnOnce(&mut VmSpec)) -> Option<String> {
    let mut changed = spec();
    change(&mut changed);
    field(vm_spec("spec", &changed))
}

fn disk(disk_name: &str, size: u32) -> DiskSpec {
    DiskSpec {
        name: name(disk_name),
        size: Gibibytes(size),
        image: None,
        pool: name("default"),
    }
}

fn named(field: &str) -> Option<String> {
    Some(field.to_owned())
}

/// For a user: a spec that is fine is refused, or an error that names no field or the wrong one.
#[test]
fn numbers_are_refused_one_beyond_their_limits() {
    assert_eq!(with(|_| {}), None);
    let cores = |n| with(|s| s.cpu.cores = Cores(n));
    assert_eq!(cores(0), named("spec.cpu.cores"));
    assert_eq!(cores(1), None);
    assert_eq!(cores(MAX_CORES), None);
    assert_eq!(cores(MAX_CORES + 1), named("spec.cpu.cores"));
    assert_eq!(cores(u32::MAX), named("spec.cpu.cores"));

    let memory = |n| with(|s| s.memory = Mebibytes(n));
    assert_eq!(memory(0), named("spec.memory.size_mib"));
    assert_eq!(memory(MIN_MEMORY_MIB - 1), named("spec.memory.size_mib"));
    assert_eq!(memory(MIN_MEMORY_MIB), None);
    assert_eq!(memory(MAX_MEMORY_MIB), None);
    assert_eq!(memory(MAX_MEMORY_MIB + 1), named("spec.memory.size_mib"));
    assert_eq!(memory(u32::MAX), named("spec.memory.size_mib"));

    let size = |n| with(|s| s.disks = vec![disk("root", 1), disk("data", n)]);
    assert_eq!(size(0), named("spec.disks[1].size_gib"));
    assert_eq!(size(1), None);
    assert_eq!(size(MAX_DISK_GIB), None);
    assert_eq!(size(MAX_DISK_GIB + 1), named("spec.disks[1].size_gib"));
}

/// For a user: a VM with more devices than its machine has slots for, which fails on the node minutes later.
#[test]
fn lists_are_refused_one_beyond_their_limits() {
    let disks = |n: usize| with(|s| s.disks = (0..n).map(|i| disk(&format!("d{i}"), 1)).collect());
    assert_eq!(disks(MAX_DISKS), None);
    assert_eq!(disks(MAX_DISKS + 1), named("spec.disks"));

    let nic = |mac| NicSpec {
        network: name("default"),
        mac,
        model: NicModel::Virtio,
        addresses: Vec::new(),
    };
    let nics = |n| with(|s| s.nics = vec![nic(None); n]);
    assert_eq!(
        nics(MAX_NICS),
        None,
        "interfaces without an address do not collide"
    );
    assert_eq!(nics(MAX_NICS + 1), named("spec.nics"));

    let selector = |n: usize| {
        with(|s| s.placement.node_selector = (0..n).map(|i| (format!("k{i}"), String::new())).collect())
    };
    assert_eq!(selector(MAX_LABELS), None);
    assert_eq!(selector(MAX_LABELS + 1), named("spec.node_selector"));

    let toleration = |key: &str, value: Option<&str>| Toleration {
        key: key.to_owned(),
        value: value.map(str::to_owned),
    };
    let tolerations = |n| with(|s| s.placement.tolerations = vec![toleration("gpu", None); n]);
    assert_eq!(tolerations(MAX_LABELS), None);
    assert_eq!(tolerations(MAX_LABELS + 1), named("spec.tolerations"));
    let one = |t| with(|s| s.placement.tolerations = vec![toleration("gpu", None), t]);
    assert_eq!(one(toleration("", None)), named("spec.tolerations[1].key"));
    assert_eq!(
        one(toleration(&"k".repeat(64), None)),
        named("spec.tolerations[1].key")
    );
    assert_eq!(
        one(toleration("k", Some("two words"))),
        named("spec.tolerations[1].value")
    );
    assert_eq!(one(toleration("k", Some(""))), None);
}

/// For a user: two disks or interfaces that cannot be told apart.
#[test]
fn what_must_differ_must_differ() {
    let disks = with(|s| s.disks = vec![disk("root", 1), disk("data", 1), disk("root", 2)]);
    assert_eq!(disks, named("spec.disks[2].name"));
    let mac = Some(MacAddress([0x52, 0x54, 0, 1, 2, 3]));
    let nic = NicSpec {
        network: name("default"),
        mac,
        model: NicModel::Virtio,
        addresses: Vec::new(),
    };
    assert_eq!(
        with(|s| s.nics = vec![nic.clone(), nic.clone()]),
        named("spec.nics[1].mac")
    );
}

/// For a user: a VM that has nothing to boot from, or a command line that the kernel cuts off or that ends a
/// line of somebody's configuration file.
#[test]
fn a_vm_needs_something_to_boot_from() {
    assert_eq!(with(|s| s.boot = Boot::Disk), named("spec.disks"));
    assert_eq!(
        with(|s| {
            s.boot = Boot::Disk;
            s.disks = vec![disk("root", 1)];
        }),
        None
    );
    let cmdline = |text: String| {
        with(|s| {
            s.boot = Boot::Kernel {
                pool: name("default"),
                kernel: ImageName::parse("kernel", "vmlinuz").unwrap(),
                initrd: None,
                cmdline: text,
            }
        })
    };
    let at = "spec.boot.kernel.cmdline";
    assert_eq!(cmdline("x".repeat(MAX_CMDLINE)), None);
    assert_eq!(cmdline("x".repeat(MAX_CMDLINE + 1)), named(at));
    for bad in ["a\nb", "a\0b", "a\tb", "a\u{7f}b", "a\u{85}b"] {
        assert_eq!(cmdline(bad.to_owned()), named(at), "{bad:?}");
    }
    assert_eq!(cmdline("quiet \"'<>&;$(rm -rf /)`".to_owned()), None, "only data");
}

/// For a user: a cloud-init document that is cut off somewhere on its way.
#[test]
fn each_cloud_init_document_has_its_limit() {
    let seed = |user: usize, meta: usize, network: usize| {
        with(|s| {
            s.cloud_init = Some(CloudInit {
                user_data: "x".repeat(user),
                meta_data: Some("x".repeat(meta)),
                network_config: Some("x".repeat(network)),
            });
        })
    };
    let (most, more) = (MAX_CLOUD_INIT, MAX_CLOUD_INIT + 1);
    assert_eq!(seed(most, most, most), None);
    assert_eq!(seed(more, 0, 0), named("spec.cloud_init.user_data"));
    assert_eq!(seed(0, more, 0), named("spec.cloud_init.meta_data"));
    assert_eq!(seed(0, 0, more), named("spec.cloud_init.network_config"));
}

/// For a user: a label that no selector can ask for, or that breaks a table, a URL or a shell line.
#[test]
fn labels_are_short_and_plain() {
    let check = |key: &str, value: &str| {
        field(labels(
            "labels",
            &Labels::from([(key.to_owned(), value.to_owned())]),
        ))
    };
    for (key, value) in [
        ("a", ""),
        ("limiquantix.io/tier", "gold-1_2.3"),
        (&"k".repeat(63), &"v".repeat(63)),
    ] {
        assert_eq!(check(key, value), None, "{key:?}={value:?}");
    }
    let (long_key, long_value) = ("k".repeat(64), "v".repeat(64));
    for (key, value) in [
        ("", "v"),
        (long_key.as_str(), "v"),
        ("k", long_value.as_str()),
        ("a b", ""),
        ("a=b", ""),
        ("a", "b,c"),
        ("ä", ""),
        ("k", "<x>"),
        ("k", "\u{202e}"),
    ] {
        assert_eq!(check(key, value), named("labels"), "{key:?}={value:?}");
    }
}

/// For a user: a description that hides text from whoever reads it in a terminal.
#[test]
fn descriptions_are_text() {
    assert_eq!(field(description("description", "two\nlines\tand a tab")), None);
    assert_eq!(
        field(description("description", &"ä".repeat(MAX_DESCRIPTION))),
        None
    );
    let long = "ä".repeat(MAX_DESCRIPTION + 1);
    assert_eq!(field(description("description", &long)), named("description"));
    for bad in ["\u{1b}[2J", "a\rb", "\0", "\u{9b}"] {
        assert_eq!(
            field(description("description", bad)),
            named("description"),
            "{bad:?}"
        );
    }
}

fn node() -> NodeSpec {
    NodeSpec {
        cores: Cores(8),
        memory: Mebibytes(16 << 10),
        reserved_memory: Mebibytes(1024),
        taints: Vec::new(),
        pools: Vec::new(),
    }
}

fn with_node(change: impl FnOnce(&mut NodeSpec)) -> Option<String> {
    let mut changed = node();
    change(&mut changed);
    field(node_spec("spec", &changed))
}

fn pool(pool_name: Name) -> PoolFacts {
    PoolFacts {
        name: pool_name,
        capacity: Bytes(1),
        available: Bytes(1),
    }
}

/// For an operator: a node that misreports itself attracts VMs that it cannot run, or its agent dies of an
/// error that names no field.
#[test]
fn nodes_are_checked_to_the_last_fact() {
    assert_eq!(with_node(|_| {}), None);
    assert_eq!(with_node(|n| n.cores = Cores(0)), named("spec.cpu_cores"));
    assert_eq!(with_node(|n| n.cores = Cores(1 << 16)), None);
    assert_eq!(
        with_node(|n| n.cores = Cores((1 << 16) + 1)),
        named("spec.cpu_cores")
    );
    assert_eq!(with_node(|n| n.memory = Mebibytes(0)), named("spec.memory_mib"));
    assert_eq!(with_node(|n| n.memory = Mebibytes(1 << 30)), None);
    assert_eq!(
        with_node(|n| n.memory = Mebibytes((1 << 30) + 1)),
        named("spec.memory_mib")
    );
    assert_eq!(with_node(|n| n.reserved_memory = n.memory), None);
    assert_eq!(
        with_node(|n| n.reserved_memory = Mebibytes(n.memory.get() + 1)),
        named("spec.reserved_memory_mib")
    );
    let pools = |n: usize| with_node(|s| s.pools = (0..n).map(|i| pool(name(&format!("p{i}")))).collect());
    assert_eq!(pools(MAX_POOLS), None);
    assert_eq!(pools(MAX_POOLS + 1), named("spec.pools"));
    let twice = with_node(|n| n.pools = vec![pool(name("a")), pool(name("b")), pool(name("a"))]);
    assert_eq!(twice, named("spec.pools[2].name"));
    let taint = |key: &str, value: &str| Taint {
        key: key.to_owned(),
        value: value.to_owned(),
        effect: TaintEffect::NoSchedule,
    };
    assert_eq!(with_node(|n| n.taints = vec![taint("gpu", "")]), None);
    assert_eq!(
        with_node(|n| n.taints = vec![taint("", "")]),
        named("spec.taints")
    );
    assert_eq!(
        with_node(|n| n.taints = vec![taint("k", "a b")]),
        named("spec.taints")
    );
    assert_eq!(
        with_node(|n| n.taints = vec![taint("k", ""); MAX_LABELS + 1]),
        named("spec.taints")
    );
    assert_eq!(field(line("boot_id", &"b".repeat(MAX_LINE))), None);
    assert_eq!(
        field(line("boot_id", &"b".repeat(MAX_LINE + 1))),
        named("boot_id")
    );
    assert_eq!(field(line("boot_id", "a\nb")), named("boot_id"));
}
