//! A node for one test: directories and connection of its own on the libvirt that the environment names.
//!
//! | variable | meaning |
//! |---|---|
//! | `LQX_TEST_LIBVIRT_URI` | a libvirt that may be used; other tests may use it at the same time |
//! | `LQX_TEST_LIBVIRT_BASE` | a directory with the same path for that libvirt |
//! | `LQX_TEST_GUEST_DIR` | holds `vmlinux` and `initrd.img` of the probe guest |
//!
//! Without them a test says that it is skipped, or fails if `LQX_REQUIRE_BACKENDS` has `libvirt`.
#![allow(dead_code, reason = "each test binary uses its part")]

mod guests;
mod relay;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use limiquantix_core::contract::{AssignedDisk, Hypervisor, Machine, StorageBackend};
use limiquantix_core::identity::{ImageName, Name, VmId, VolumeId};
use limiquantix_core::resource::Accel;
use limiquantix_libvirt::{
    AccelChoice, LibvirtConfig, LibvirtHypervisor, LibvirtNode, LibvirtStorage, PoolConfig,
};
use uuid::Uuid;
use virt::connect::Connect;

#[allow(unused_imports, reason = "each test binary uses its part")]
pub use relay::Relay;

/// How long a guest may take under software emulation while others boot beside it: it needs 5 to 8 s alone.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A node for one test.
pub struct Rig {
    pub uri: String,
    pub dir: PathBuf,
    pub guests: PathBuf,
    pub hypervisor: Arc<LibvirtHypervisor>,
    pub storage: Arc<LibvirtStorage>,
}

/// A rig, or nothing where the environment has no libvirt.
pub async fn rig() -> Option<Rig> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let found = variable("LQX_TEST_LIBVIRT_URI").and_then(|uri| {
        Ok((
            uri,
            variable("LQX_TEST_LIBVIRT_BASE")?,
            variable("LQX_TEST_GUEST_DIR")?,
        ))
    });
    let (uri, base, guests) = match found {
        Ok(found) => found,
        Err(why) => {
            let required = std::env::var("LQX_REQUIRE_BACKENDS").unwrap_or_default();
            assert!(
                !required.split(',').any(|b| b.trim() == "libvirt"),
                "libvirt is required, but {why}"
            );
            let thread = std::thread::current();
            println!("SKIPPED {}: {why}", thread.name().unwrap_or("a test"));
            return None;
        }
    };
    Some(Rig::new(uri, Path::new(&base), guests.into()).await)
}

impl Rig {
    async fn new(uri: String, base: &Path, guests: PathBuf) -> Self {
        let dir = base.join(format!("t-{}", unique()));
        let config = config(&uri, &dir);
        let (hypervisor, storage) = LibvirtNode::connect(config).await.expect("connect");
        for image in ["vmlinux", "initrd.img"] {
            std::os::unix::fs::symlink(guests.join(image), dir.join("pool/images").join(image))
                .expect("image");
        }
        qemu_img(
            &["create", "-q", "-f", "qcow2"],
            &dir.join("pool/images/two-gib.qcow2"),
            "2G",
        );
        Self {
            uri,
            dir,
            guests,
            hypervisor: Arc::new(hypervisor),
            storage: Arc::new(storage),
        }
    }

    /// A new pair on the same directories, as an agent has it after a restart; over another socket if `uri` says so.
    pub async fn attach(&self, uri: &str) -> (LibvirtHypervisor, LibvirtStorage) {
        attach(uri, &self.dir).await
    }

    /// A connection of libvirt's own, for what happens past the contract.
    pub fn outside(&self) -> Connect {
        Connect::open(Some(&self.uri)).expect("connect past the contract")
    }

    /// Waits for a line on the guest's console and gives the log until then.
    pub async fn wait_for(&self, vm: VmId, text: &str) -> String {
        let begun = Instant::now();
        loop {
            let chunk = self
                .hypervisor
                .console_log(vm, 0, 1 << 20)
                .await
                .expect("console log");
            let log = String::from_utf8_lossy(&chunk.data).into_owned();
            if log.contains(text) {
                return log;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "no {text:?} in the console log: {log}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Everything beneath the rig's directory that belongs to a VM or volume.
    pub fn files_about(&self, id: impl std::fmt::Display) -> Vec<PathBuf> {
        fn walk(dir: &Path, id: &str, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(dir).expect("read").flatten() {
                if entry.file_type().is_ok_and(|t| t.is_dir()) {
                    walk(&entry.path(), id, found);
                } else if entry.file_name().to_string_lossy().contains(id) {
                    found.push(entry.path());
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.dir, &id.to_string(), &mut found);
        found
    }
}

/// Removes domains, pools and files of this rig, also when its test failed.
impl Drop for Rig {
    fn drop(&mut self) {
        let Ok(connect) = Connect::open(Some(&self.uri)) else {
            return;
        };
        let here = self.dir.to_string_lossy().into_owned();
        for domain in connect.list_all_domains(0).unwrap_or_default() {
            if domain.xml_desc(0).is_ok_and(|xml| xml.contains(&here)) {
                let _ = domain.destroy();
                let _ = domain.undefine_flags(virt::sys::VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA);
            }
        }
        for pool in connect.list_all_storage_pools(0).unwrap_or_default() {
            if pool.xml_desc(0).is_ok_and(|xml| xml.contains(&here)) {
                let _ = pool.destroy();
                let _ = pool.undefine();
            }
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

pub async fn attach(uri: &str, dir: &Path) -> (LibvirtHypervisor, LibvirtStorage) {
    LibvirtNode::connect(config(uri, dir))
        .await
        .expect("connect again")
}

pub fn config(uri: &str, dir: &Path) -> LibvirtConfig {
    LibvirtConfig {
        uri: uri.to_owned(),
        pools: vec![PoolConfig {
            name: pool(),
            path: dir.join("pool"),
        }],
        state_dir: dir.join("state"),
        accel: AccelChoice::Tcg,
    }
}

/// Runs `qemu-img ARGUMENTS FILE LAST`.
pub fn qemu_img(arguments: &[&str], file: &Path, last: &str) {
    let mut command = std::process::Command::new("qemu-img");
    command
        .args(arguments)
        .arg(file)
        .args(Some(last).filter(|l| !l.is_empty()));
    assert!(command.status().expect("qemu-img").success(), "{command:?}");
}

/// The one pool of every rig.
pub fn pool() -> Name {
    Name::parse("pool", "default").expect("name")
}

pub fn image(name: &str) -> ImageName {
    ImageName::parse("image", name).expect("name")
}

pub fn vm_id() -> VmId {
    VmId::from_uuid(Uuid::from_u128(unique()))
}

pub fn volume_id() -> VolumeId {
    VolumeId::from_uuid(Uuid::from_u128(unique()))
}

/// Unique on this machine and ascending within a process.
fn unique() -> u128 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("a clock after 1970");
    let count = u128::from(COUNT.fetch_add(1, Ordering::Relaxed) & 0xfff);
    let process = u128::from(std::process::id());
    (u128::from(now.as_millis() as u64) << 80)
        | (0x7 << 76)
        | (count << 64)
        | (0x2 << 62)
        | (process << 20)
        | (u128::from(now.subsec_nanos()) & 0xf_ffff)
}

/// The arguments of a guest's QEMU.
pub fn qemu_arguments(vm: VmId) -> Vec<String> {
    guests::qemu(vm).pop().expect("a QEMU process").1
}

/// How many QEMU processes a guest has.
pub fn qemu_processes(vm: VmId) -> usize {
    guests::qemu(vm).len()
}

/// A machine without anything, in epoch 1, under software emulation.
pub fn bare(name: &str) -> Machine {
    guests::bare(name)
}

/// A disk with nothing on it.
pub async fn blank(rig: &Rig) -> AssignedDisk {
    guests::blank(rig).await
}

/// A machine that boots the probe guest.
pub fn probe(name: &str, parameters: &str) -> Machine {
    guests::probe(name, parameters)
}

pub fn storage(rig: &Rig) -> Arc<dyn StorageBackend> {
    Arc::<LibvirtStorage>::clone(&rig.storage)
}

pub fn hypervisor(rig: &Rig) -> Arc<dyn Hypervisor> {
    Arc::<LibvirtHypervisor>::clone(&rig.hypervisor)
}

/// What guests of the tests run under.
pub const ACCEL: Accel = Accel::Tcg;
