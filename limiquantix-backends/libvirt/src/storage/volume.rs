use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use limiquantix_core::contract::{VolumeInfo, VolumeRequest};
use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::identity::{ImageName, VolumeId};
use limiquantix_core::resource::VolumeSource;
use limiquantix_core::unit::{Bytes, Gibibytes};
use tokio::process::Command;

use super::image::{self, Image};
use super::qcow2::Header;
use crate::blocking;
use crate::places::{Pool, remove, storage_failed};

/// `qemu-img create` writes a few hundred kilobytes; what takes longer than this is a disk that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes the volume unless it is there.
pub(super) async fn ensure(pool: Pool, request: VolumeRequest) -> Result<VolumeInfo> {
    let plan = blocking::run(move || plan(pool, request)).await?;
    let plan = match plan {
        Plan::There(info) => return Ok(info),
        Plan::Make(plan) => plan,
    };
    plan.run_qemu_img().await?;
    blocking::run(move || plan.publish()).await
}

/// What is left to do about a request.
enum Plan {
    There(VolumeInfo),
    Make(Making),
}

/// A volume being made.
struct Making {
    pool: Pool,
    id: VolumeId,
    size: Gibibytes,
    base: Option<(ImageName, Image)>,
    temporary: PathBuf,
}

fn plan(pool: Pool, request: VolumeRequest) -> Result<Plan> {
    remove_half_made(&pool, request.id)?;
    if let Some(info) = look(&pool, request.id)? {
        return Ok(Plan::There(info));
    }
    let base = match request.source {
        VolumeSource::Empty => None,
        VolumeSource::Image { image } => {
            let found = image::examine(&pool, &image)?;
            if found.size > request.size.bytes() {
                let words = format!(
                    "image {image} has {}, the volume only {}",
                    found.size, request.size
                );
                return Err(Error::new(Reason::StorageFailed, words));
            }
            Some((image, found))
        }
    };
    // A name that no attempt had: one that was given up may still be at work on its own file.
    static ATTEMPT: AtomicU64 = AtomicU64::new(0);
    let attempt = ATTEMPT.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}.{}-{attempt}", request.id, std::process::id());
    let temporary = pool.making().join(name);
    // Made here, since qemu-img would make it readable for everybody.
    let made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary);
    made.map_err(|e| storage_failed("cannot make a volume", e))?;
    Ok(Plan::Make(Making {
        pool,
        id: request.id,
        size: request.size,
        base,
        temporary,
    }))
}

impl Making {
    async fn run_qemu_img(&self) -> Result<()> {
        let failed =
            |words: String| Error::new(Reason::StorageFailed, format!("cannot make a volume: {words}"));
        let mut command = Command::new("qemu-img");
        command.env("LC_ALL", "C").args(["create", "-q", "-f", "qcow2"]);
        if let Some((name, image)) = &self.base {
            // Relative to where the volume will be, so that a pool can be moved as a whole; -u because that is not
            // where it is now (we have looked at the image ourselves).
            command
                .args(["-u", "-F", image.format, "-b"])
                .arg(format!("images/{name}"));
        }
        command
            .arg("--")
            .arg(&self.temporary)
            .arg(self.size.bytes().get().to_string());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let output = match tokio::time::timeout(PATIENCE, command.output()).await {
            Err(_) => return Err(failed(format!("qemu-img has not finished after {PATIENCE:?}"))),
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

    /// Gives the finished file its name, for good.
    fn publish(&self) -> Result<VolumeInfo> {
        let path = self.pool.volume(self.id);
        let published = File::open(&self.temporary).and_then(|file| {
            file.sync_all()?;
            // A link, unlike a renaming, never replaces what is there.
            match fs::hard_link(&self.temporary, &path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                Err(e) if has_no_links(&e) && !path.exists() => fs::rename(&self.temporary, &path),
                other => other,
            }?;
            File::open(&self.pool.path)?.sync_all()
        });
        published.map_err(|e| storage_failed("cannot make a volume", e))?;
        remove(&self.temporary)?;
        look(&self.pool, self.id)?
            .ok_or_else(|| Error::new(Reason::StorageFailed, format!("volume {} is gone again", self.id)))
    }
}

/// Some file systems know no hard links.
fn has_no_links(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
    )
}

/// Removes the volume and what calls that died have left of it.
pub(super) fn ensure_absent(pool: &Pool, volume: VolumeId) -> Result<()> {
    remove_half_made(pool, volume)?;
    remove(&pool.volume(volume))
}

/// The volumes of a pool, by id ascending.
pub(super) fn list(pool: &Pool) -> Result<Vec<VolumeInfo>> {
    let failed = |e| storage_failed(format!("cannot list the volumes of pool {}", pool.name), e);
    let mut volumes = Vec::new();
    for entry in fs::read_dir(&pool.path).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let id = name
            .to_str()
            .and_then(|n| n.strip_suffix(".qcow2"))
            .and_then(|n| n.parse().ok());
        let Some(id) = id else { continue };
        match look(pool, id) {
            Ok(info) => volumes.extend(info),
            // One damaged volume must not hide the others.
            Err(e) => tracing::warn!(pool = %pool.name, volume = %id, "{e}"),
        }
    }
    volumes.sort_by_key(|v| v.id);
    Ok(volumes)
}

/// The volume as it is, if it is there.
pub(super) fn look(pool: &Pool, id: VolumeId) -> Result<Option<VolumeInfo>> {
    let failed = |e| storage_failed(format!("cannot read volume {id}"), e);
    let file = match File::open(pool.volume(id)) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(e)),
    };
    let header = Header::read(&file).map_err(failed)?;
    let header = header.ok_or_else(|| {
        let words = format!("{} is not a volume: it is not qcow2", pool.volume(id).display());
        Error::new(Reason::StorageFailed, words)
    })?;
    let found = file.metadata().map_err(failed)?;
    Ok(Some(VolumeInfo {
        id,
        capacity: Bytes(header.size),
        // stat(2) counts in units of 512 bytes, whatever the file system's blocks are.
        allocation: Bytes(found.blocks() * 512),
    }))
}

fn remove_half_made(pool: &Pool, volume: VolumeId) -> Result<()> {
    let failed = |e| storage_failed("cannot look for half-made volumes", e);
    let prefix = format!("{volume}.");
    for entry in fs::read_dir(pool.making()).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_str().is_some_and(|n| n.starts_with(&prefix)) {
            remove(Path::new(&entry.path()))?;
        }
    }
    Ok(())
}
