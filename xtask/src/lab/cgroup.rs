//! Removing the cgroups of a node that is gone. `init.sh` made them and listed them in `<base>/cgroups`.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The kernel empties a cgroup shortly after its last process died, not at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// Removes the listed cgroups with everything beneath them.
pub(super) fn remove(base: &Path) -> Result<()> {
    let Ok(list) = fs::read_to_string(base.join("cgroups")) else {
        return Ok(());
    };
    let deadline = Instant::now() + PATIENCE;
    for cgroup in list
        .lines()
        .map(Path::new)
        .filter(|path| path.starts_with("/sys/fs/cgroup"))
    {
        while !remove_tree(cgroup) {
            if Instant::now() > deadline {
                bail!(
                    "the cgroup {} cannot be removed: a process of the lab must still be in it",
                    cgroup.display()
                );
            }
            sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

/// Removes a cgroup, children first; true once it is gone. Only directories can be removed, the files go with them.
fn remove_tree(cgroup: &Path) -> bool {
    let Ok(entries) = fs::read_dir(cgroup) else {
        return !cgroup.exists();
    };
    for entry in entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
    {
        remove_tree(&entry.path());
    }
    fs::remove_dir(cgroup).is_ok()
}
