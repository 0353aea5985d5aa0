use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use limiquantix_core::error::{Error, Reason, Result};

/// The name of the lock file in the data directory.
const FILE: &str = "limiquantix.lock";

/// The right to use a data directory. A lock of the operating system on an open file: it ends with the
/// process however that ends, so there is never a stale one to remove. The file itself stays.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Makes the directory if there is none, and takes the lock on it. `DATA_DIR_LOCKED` if another store
    /// has it, in this process or another; the error names the directory and that process.
    pub(crate) fn take(directory: &Path) -> Result<Self> {
        let unusable = |what: &str, e: std::io::Error| {
            let message = format!("cannot {what} {}", directory.display());
            Error::new(Reason::StoreUnavailable, message)
                .with("directory", directory.display().to_string())
                .caused_by(e)
        };
        create(directory).map_err(|e| unusable("create the data directory", e))?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(directory.join(FILE))
            .map_err(|e| unusable("open the lock file in", e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(directory, &mut file)),
            Err(TryLockError::Error(e)) => return Err(unusable("lock", e)),
        }
        // Only for the message above: whoever fails to write it still has the lock.
        let noted = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        if let Err(error) = noted {
            tracing::warn!(%error, directory = %directory.display(), "cannot note the owner in the lock file");
        }
        Ok(Self { _file: file })
    }
}

/// The data include what users put into cloud-init: nobody else may look.
fn create(directory: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

fn held(directory: &Path, file: &mut File) -> Error {
    let mut text = String::new();
    let pid = match file.read_to_string(&mut text) {
        Ok(_) => text.trim().parse::<u32>().ok(),
        Err(_) => None,
    };
    let owner = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
    let message = format!("the data directory {} is in use by {owner}", directory.display());
    let error = Error::new(Reason::DataDirLocked, message).with("directory", directory.display().to_string());
    match pid {
        Some(pid) => error.with("pid", pid.to_string()),
        None => error,
    }
}
