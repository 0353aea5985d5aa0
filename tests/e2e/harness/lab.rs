//! A real node: libvirt and QEMU, the real agent, the real server.
//!
//! | variable | meaning |
//! |---|---|
//! | `LQX_TEST_LIBVIRT_URI` | a libvirt that may be used; other tests may use it at the same time |
//! | `LQX_TEST_LIBVIRT_BASE` | a directory with the same path for that libvirt |
//! | `LQX_TEST_GUEST_DIR` | holds `vmlinux` and `initrd.img` of the probe guest |
//!
//! Without them a test says that it is skipped, or fails if `LQX_REQUIRE_BACKENDS` has `libvirt`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use limiquantix_proto::compute::v1::{
    BootConfig, CpuConfig, CreateVMRequest, DirectKernel, DiskConfig, GetConsoleLogRequest, MemoryConfig,
    VirtualMachine, VmSpec, VmState,
};
use limiquantix_proto::task::v1::TaskState;

use super::api::{Api, Mutation};
use super::program::{Program, free_address, ready};

/// The node with everything that runs on it. Everything of it is removed when it is dropped.
pub(crate) struct Lab {
    pub(crate) uri: String,
    pub(crate) api: Api,
    pub(crate) address: SocketAddr,
    pub(crate) server: Program,
    pub(crate) agent: Program,
    dir: PathBuf,
}

/// What the environment offers, or nothing.
fn environment(test: &str) -> Option<(String, PathBuf, PathBuf)> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let found = variable("LQX_TEST_LIBVIRT_URI").and_then(|uri| {
        let base = variable("LQX_TEST_LIBVIRT_BASE")?;
        Ok((uri, base.into(), variable("LQX_TEST_GUEST_DIR")?.into()))
    });
    match found {
        Ok(found) => Some(found),
        Err(why) => {
            let required = std::env::var("LQX_REQUIRE_BACKENDS").unwrap_or_default();
            let required = required.split(',').any(|b| b.trim() == "libvirt");
            assert!(!required, "libvirt is required, but {why}");
            println!("SKIPPED {test}: {why}");
            None
        }
    }
}

impl Lab {
    /// Server and agent, up and ready for VMs.
    pub(crate) async fn up(test: &str) -> Option<Self> {
        let (uri, base, guests) = environment(test)?;
        let dir = base.join(format!("e2e-{test}-{}", std::process::id()));
        let images = dir.join("pool/images");
        std::fs::create_dir_all(&images).unwrap();
        for image in ["vmlinux", "initrd.img"] {
            std::os::unix::fs::symlink(guests.join(image), images.join(image)).unwrap();
        }
        let base_image = images.join("base.qcow2").display().to_string();
        run("qemu-img", &["create", "-q", "-f", "qcow2", &base_image, "64M"]);

        let address = free_address();
        let arguments = [
            format!("--server=http://{address}"),
            "--name=node-1".to_owned(),
            "--accel=tcg".to_owned(),
            format!("--libvirt={uri}"),
            format!("--pool=default={}", dir.join("pool").display()),
            format!("--state-dir={}", dir.join("state").display()),
        ];
        let mut lab = Self {
            uri,
            api: Api::new(address),
            address,
            server: Program::server(address, &dir.join("data"), &dir),
            agent: Program::new("agent", env!("CARGO_BIN_EXE_e2e-agent"), arguments.to_vec(), &dir),
            dir,
        };
        lab.server.start();
        lab.agent.start();
        ready(lab.address).await;
        lab.api.nodes_ready(1).await;
        Some(lab)
    }

    /// Creates a VM and waits until it runs.
    pub(crate) async fn launch(&self, name: &str) -> VirtualMachine {
        let request = Mutation::Create(Box::new(create(name, "launch")));
        let vm = self.api.mutate(&request).await.unwrap();
        let task = self.api.ended(&vm.current_task_id).await;
        assert_eq!(task.state, TaskState::Succeeded, "{task:?}");
        self.api.vm(&vm.id).await.unwrap()
    }

    pub(crate) fn virsh(&self, arguments: &[&str]) -> String {
        run("virsh", &[&["-q", "-c", &self.uri], arguments].concat())
    }

    /// The domains on this node's disks, by UUID, and what virsh says of each.
    pub(crate) fn domains(&self) -> BTreeMap<String, String> {
        let here = self.dir.display().to_string();
        let all = self.virsh(&["list", "--all", "--uuid"]);
        let ids = all.lines().map(str::trim).filter(|id| !id.is_empty());
        // Those of other tests may go at any moment.
        let ask = |verb: &str, id: &str| try_run("virsh", &["-q", "-c", &self.uri, verb, id]);
        ids.filter(|id| ask("dumpxml", id).is_some_and(|xml| xml.contains(&here)))
            .filter_map(|id| Some((id.to_owned(), ask("domstate", id)?.trim().to_owned())))
            .collect()
    }

    /// The API's list and virsh's are the same, also in what runs.
    pub(crate) async fn agrees(&self) {
        let said: BTreeMap<_, _> = self
            .api
            .all_vms()
            .await
            .0
            .into_iter()
            .map(|vm| (vm.id.clone(), vm))
            .collect();
        let shown: BTreeMap<_, _> = said
            .iter()
            .map(|(id, vm)| {
                let word = match vm.status.state.as_known() {
                    Some(VmState::Running) => "running",
                    Some(VmState::Stopped) => "shut off",
                    other => panic!("{other:?}, where nothing is under way: {vm:?}"),
                };
                (id.clone(), word.to_owned())
            })
            .collect();
        assert_eq!(self.domains(), shown, "virsh's list and the API's");
    }

    /// Every file that may be a VM's: of the pool and of the agent's state.
    pub(crate) fn files(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        for place in ["pool", "state"] {
            walk(&self.dir.join(place), &mut found);
        }
        found
    }

    /// Waits for a line on the guest's console, read through the API.
    pub(crate) async fn console_says(&self, vm: &str, text: &str) {
        // A guest under software emulation needs 6 s alone, and more beside others.
        let deadline = Instant::now() + Duration::from_secs(90);
        loop {
            let request = GetConsoleLogRequest {
                vm_id: vm.to_owned(),
                max_bytes: 1 << 20,
                ..Default::default()
            };
            let log = self.api.vms.get_console_log(request).await;
            let log = log.map(|log| String::from_utf8_lossy(&log.into_owned().data).into_owned());
            if log.as_ref().is_ok_and(|log| log.contains(text)) {
                return;
            }
            assert!(Instant::now() < deadline, "no {text:?} on the console: {log:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for domain in self.domains().keys() {
            let _ = try_run("virsh", &["-q", "-c", &self.uri, "destroy", domain]);
            let _ = try_run("virsh", &["-q", "-c", &self.uri, "undefine", domain]);
        }
        let here = self.dir.display().to_string();
        let pools = try_run("virsh", &["-q", "-c", &self.uri, "pool-list", "--all", "--name"]);
        for pool in pools
            .unwrap_or_default()
            .lines()
            .map(str::trim)
            .filter(|p| !p.is_empty())
        {
            let xml = try_run("virsh", &["-q", "-c", &self.uri, "pool-dumpxml", pool]);
            if xml.is_some_and(|xml| xml.contains(&here)) {
                let _ = try_run("virsh", &["-q", "-c", &self.uri, "pool-destroy", pool]);
                let _ = try_run("virsh", &["-q", "-c", &self.uri, "pool-undefine", pool]);
            }
        }
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// A VM that boots the probe guest's kernel and has a disk of its own.
pub(crate) fn create(name: &str, request_id: &str) -> CreateVMRequest {
    let kernel = DirectKernel {
        kernel: "vmlinux".to_owned(),
        initrd: "initrd.img".to_owned(),
        cmdline: format!("console=ttyS0 quiet lqx.name={name}"),
        ..Default::default()
    };
    let spec = VmSpec {
        cpu: CpuConfig {
            cores: 1,
            ..Default::default()
        }
        .into(),
        memory: MemoryConfig {
            size_mib: 512,
            ..Default::default()
        }
        .into(),
        disks: vec![DiskConfig {
            size_gib: 1,
            image: "base.qcow2".to_owned(),
            ..Default::default()
        }],
        boot: BootConfig {
            source: kernel.into(),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    CreateVMRequest {
        name: name.to_owned(),
        spec: spec.into(),
        start: true,
        request_id: format!("{name}-{request_id}"),
        ..Default::default()
    }
}

/// The QEMU processes whose arguments have the VM's id, by their numbers outside. libvirt may be in a namespace of
/// its own where they have others.
pub(crate) fn qemu_processes(vm: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let arguments = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let mut words = arguments.split(|b| *b == 0);
        let is_qemu = words
            .next()
            .is_some_and(|w| String::from_utf8_lossy(w).contains("qemu-system"));
        if is_qemu && words.any(|w| String::from_utf8_lossy(w).contains(vm)) {
            found.push(pid);
        }
    }
    found
}

fn walk(dir: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            walk(&entry.path(), found);
        } else {
            found.insert(entry.path());
        }
    }
}

/// The output of a command that must succeed.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program).args(arguments).output();
    let done = done.unwrap_or_else(|e| panic!("cannot run {program}: {e}"));
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program} {arguments:?}: {errors}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

fn try_run(program: &str, arguments: &[&str]) -> Option<String> {
    let done = Command::new(program).args(arguments).output().ok()?;
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    done.status.success().then_some(out)
}
