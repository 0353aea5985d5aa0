use std::io;
use std::process::Stdio;
use std::time::Duration;

use limiquantix_core::error::{Error, Reason, Result};
use tokio::process::Command;

/// Runs `qemu-img` with the arguments that `describe` adds, for at most `patience`. It dies with the caller. Fails with
/// `STORAGE_FAILED`, `what` could not be done, and its own words.
pub(super) async fn qemu_img(
    what: &str,
    patience: Duration,
    describe: impl FnOnce(&mut Command),
) -> Result<()> {
    let failed = |words: String| Error::new(Reason::StorageFailed, format!("{what}: {words}"));
    let mut command = Command::new("qemu-img");
    command.env("LC_ALL", "C");
    describe(&mut command);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let output = match tokio::time::timeout(patience, command.output()).await {
        Err(_) => return Err(failed(format!("qemu-img has not finished after {patience:?}"))),
        Ok(Err(e)) if e.kind() == io::ErrorKind::NotFound => {
            return Err(failed(
                "there is no qemu-img on this node; install qemu-utils".to_owned(),
            ));
        }
        Ok(Err(e)) => return Err(failed(e.to_string()).caused_by(e)),
        Ok(Ok(output)) => output,
    };
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(failed(words.trim().to_owned()))
}
