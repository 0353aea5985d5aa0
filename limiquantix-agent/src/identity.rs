use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use limiquantix_core::identity::{Name, NodeId};
use limiquantix_core::{Error, Reason, Result};

/// Who this node is: its id, kept in the state directory, and the id of its present boot.
#[derive(Debug, Clone)]
pub struct NodeIdentity {
    file: Option<PathBuf>,
    /// Held for as long as any copy of this lives; the kernel lets go of it when the process dies.
    _lock: Option<Arc<fs::File>>,
    /// The id that the control plane gave it, once it has.
    pub id: Option<NodeId>,
    /// Changes with every boot of the node's kernel.
    pub boot_id: String,
}

impl NodeIdentity {
    /// Reads the identity kept in `state_dir`, which is made if it is not there. `DATA_DIR_LOCKED` if another
    /// agent has it: two of them would work on the same machines, each unaware of what the other has begun.
    pub fn load(state_dir: &Path) -> Result<Self> {
        let failed = |what: &str, e: std::io::Error| {
            let message = format!("cannot {what} in the state directory {}", state_dir.display());
            Error::new(Reason::StoreUnavailable, message).caused_by(e)
        };
        fs::create_dir_all(state_dir).map_err(|e| failed("make a file", e))?;
        let lock = fs::File::create(state_dir.join("lock")).map_err(|e| failed("make a lock", e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let message = format!(
                    "another agent runs with the state directory {}",
                    state_dir.display()
                );
                return Err(Error::new(Reason::DataDirLocked, message));
            }
            Err(fs::TryLockError::Error(e)) => return Err(failed("take the lock", e)),
        }
        let file = state_dir.join("node-id");
        let id = match fs::read_to_string(&file) {
            Ok(text) => Some(text.trim().parse::<NodeId>().map_err(|_| {
                let message = format!(
                    "{} does not hold a node id; restore it, or remove it to register as a new node",
                    file.display()
                );
                Error::new(Reason::Corrupt, message)
            })?),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Err(failed("read node-id", e)),
        };
        Ok(Self {
            file: Some(file),
            _lock: Some(Arc::new(lock)),
            id,
            boot_id: boot_id()?,
        })
    }

    /// An identity that is not kept, for simulated nodes.
    pub fn ephemeral(boot_id: impl Into<String>) -> Self {
        Self {
            file: None,
            _lock: None,
            id: None,
            boot_id: boot_id.into(),
        }
    }

    /// Keeps the id for the next start. Whole or not at all: a crash in between leaves the old one.
    pub fn remember(&mut self, id: NodeId) -> Result<()> {
        if self.id == Some(id) {
            return Ok(());
        }
        self.id = Some(id);
        let Some(file) = &self.file else { return Ok(()) };
        let draft = file.with_extension("new");
        let write = || -> std::io::Result<()> {
            let mut out = fs::File::create(&draft)?;
            writeln!(out, "{id}")?;
            out.sync_all()?;
            fs::rename(&draft, file)
        };
        write().map_err(|e| {
            Error::new(
                Reason::StoreUnavailable,
                format!("cannot keep the node id in {}", file.display()),
            )
            .caused_by(e)
        })
    }
}

/// The kernel's random id of this boot, see proc(5).
fn boot_id() -> Result<String> {
    let path = "/proc/sys/kernel/random/boot_id";
    let text = fs::read_to_string(path)
        .map_err(|e| Error::new(Reason::Unsupported, format!("cannot read {path}")).caused_by(e))?;
    Ok(text.trim().to_owned())
}

/// What this machine calls itself, as the name of a node.
pub fn hostname() -> Result<Name> {
    let path = "/proc/sys/kernel/hostname";
    let text = fs::read_to_string(path).map_err(|e| {
        Error::invalid("name", "cannot find out the hostname: give the node a name").caused_by(e)
    })?;
    Name::parse("name", text.trim())
}

#[cfg(test)]
mod tests;
