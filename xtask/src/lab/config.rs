//! The files of a node: its directories and the configuration of its libvirt.
//!
//! Written from nothing rather than copied from the machine, whose /etc/libvirt may define guests that a copy would start a
//! second time.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use anyhow::{Context, Result};

/// Who may use the node from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Directories of a node, made if missing. `run` is wiped at every start: it is the node's /run.
const DIRECTORIES: &[&str] = &[
    "run",
    "etc",
    "lib",
    "lib/images",
    "log",
    "log/qemu",
    "cache",
    "pool",
    "pool/images",
];

/// Directories that the owner, too, writes to.
const OWNED: &[&str] = &["", "pool", "pool/images"];

const LIBVIRTD: &str = r#"
listen_tls = 0
listen_tcp = 0
auth_unix_ro = "none"
auth_unix_rw = "none"
# The directory around the socket decides who reaches it.
unix_sock_dir = "/run/libvirt"
unix_sock_rw_perms = "0777"
log_filters = "3:qemu.qemu_monitor 3:util.json 3:rpc 3:util.object 3:util.event"
log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
"#;

/// QEMU runs as root, with root's capabilities, because the images lie under the workspace, which may be in a home
/// directory that is closed to everybody else (mode 0700), and libvirt's own user could not reach them. On a real node this
/// would be a hole; a lab node holds guests of our own making only.
const QEMU: &str = r#"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
clear_emulator_capabilities = 0
security_driver = "none"
security_default_confined = 0
max_core = 0
# As on real nodes: virtlogd writes the console logs, readable to root alone.
stdio_handler = "logd"
"#;

/// Makes the directories and writes the configuration.
pub(super) fn write(base: &Path, owner: Owner) -> Result<()> {
    let run = base.join("run");
    if run.exists() {
        fs::remove_dir_all(&run).with_context(|| format!("cannot clear {}", run.display()))?;
    }
    for directory in DIRECTORIES {
        let directory = base.join(directory);
        fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    }
    // The socket lets in whoever reaches it, and libvirt's clients are as good as root: nobody but the owner gets this far.
    fs::set_permissions(base, fs::Permissions::from_mode(0o700))
        .context("cannot close the lab's directory")?;
    for directory in OWNED {
        chown(base.join(directory), Some(owner.uid), Some(owner.gid))
            .context("cannot give the lab's directory away")?;
    }
    put(
        base,
        "etc/libvirtd.conf",
        &format!("{LIBVIRTD}host_uuid = \"{}\"\n", host_uuid(base)),
    )?;
    put(base, "etc/qemu.conf", QEMU)?;
    put(base, "init.sh", include_str!("init.sh"))
}

/// A node id that is the same at every start and another for every directory. libvirt refuses to migrate between nodes of
/// one id, and all nodes of a machine would otherwise report the machine's.
pub(super) fn host_uuid(base: &Path) -> String {
    let digest = crate::guest::digest([base.as_os_str().as_encoded_bytes()]);
    format!("6c717800-0000-4000-8000-{:012x}", digest & 0xffff_ffff_ffff)
}

/// A short name that is unique among the machine's labs.
pub(super) fn short_name(base: &Path) -> String {
    let node = base
        .file_name()
        .map_or_else(|| "x".to_owned(), |name| name.to_string_lossy().into_owned());
    let digest = crate::guest::digest([base.as_os_str().as_encoded_bytes()]);
    format!("lqx-{node}-{:06x}", digest & 0xff_ffff)
}

fn put(base: &Path, name: &str, text: &str) -> Result<()> {
    let path = base.join(name);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
