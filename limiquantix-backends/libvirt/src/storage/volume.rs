use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use limiquantix_core::contract::{VolumeInfo, VolumeRequest};
use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::identity::{ImageName, VolumeId};
use limiquantix_core::resource::VolumeSource;
use limiquantix_core::unit::{Bytes, Gibibytes};

use super::image::{self, Image};
use super::qcow2::Header;
use super::qemu_img::qemu_img;
use crate::blocking;
use crate::places::{Pool, remove, storage_failed};

/// `qemu-img create` writes a few hundred kilobytes; what takes longer than this is a disk that hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// A copy moves all that was ever written: a terabyte at 50 MB/s.
const COPYING: Duration = Duration::from_secs(6 * 3600);

/// Makes the volume unless it is there.
pub(super) async fn ensure(pool: Pool, request: VolumeRequest) -> Result<VolumeInfo> {
    let plan = blocking::run(move || plan(pool, request)).await?;
    let plan = match plan {
        Plan::There(info) => return Ok(info),
        Plan::Make(plan) => plan,
    };
    plan.run_qemu_img().await?;
    blocking::run(move || publish(&plan.pool, plan.id, &plan.temporary)).await
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
    let temporary = begin(&pool, request.id)?;
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
        qemu_img("cannot make a volume", PATIENCE, |command| {
            command.args(["create", "-q", "-f", "qcow2"]);
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
        })
        .await
    }
}

/// Makes the volume at least `size` large.
pub(super) async fn resize(pool: Pool, id: VolumeId, size: Gibibytes) -> Result<VolumeInfo> {
    let (place, info) = blocking::run(move || {
        let info = look(&pool, id)?.ok_or_else(|| missing(&pool, id))?;
        Ok((pool, info))
    })
    .await?;
    if info.capacity >= size.bytes() {
        return Ok(info);
    }
    // In place: QEMU writes the larger tables beside the old ones, and the header last.
    qemu_img("cannot resize a volume", PATIENCE, |command| {
        command
            .args(["resize", "-q", "-f", "qcow2", "--"])
            .arg(place.volume(id))
            .arg(size.bytes().get().to_string());
    })
    .await?;
    blocking::run(move || {
        let synced = File::open(place.volume(id)).and_then(|file| file.sync_all());
        synced.map_err(|e| storage_failed("cannot resize a volume", e))?;
        look(&place, id)?.ok_or_else(|| missing(&place, id))
    })
    .await
}

/// Makes the volume `to` a copy of `from`, unless it is there.
pub(super) async fn copy(pool: Pool, from: VolumeId, to: VolumeId) -> Result<VolumeInfo> {
    let (pool, there, temporary) = blocking::run(move || {
        if look(&pool, from)?.is_none() {
            return Err(missing(&pool, from));
        }
        remove_half_made(&pool, to)?;
        let there = look(&pool, to)?;
        let temporary = match &there {
            Some(_) => PathBuf::new(),
            None => begin(&pool, to)?,
        };
        Ok((pool, there, temporary))
    })
    .await?;
    if let Some(info) = there {
        return Ok(info);
    }
    qemu_img("cannot copy a volume", COPYING, |command| {
        command
            .args(["convert", "-q", "-f", "qcow2", "-O", "qcow2", "--"])
            .arg(pool.volume(from))
            .arg(&temporary);
    })
    .await?;
    blocking::run(move || publish(&pool, to, &temporary)).await
}

fn missing(pool: &Pool, volume: VolumeId) -> Error {
    let message = format!("no volume {volume} in pool {}", pool.name);
    Error::new(Reason::VolumeMissing, message).with("volume", volume.to_string())
}

/// An empty file for a volume that is to be made, readable for nobody else.
fn begin(pool: &Pool, id: VolumeId) -> Result<PathBuf> {
    // A name that no attempt had: one that was given up may still be at work on its own file.
    static ATTEMPT: AtomicU64 = AtomicU64::new(0);
    let attempt = ATTEMPT.fetch_add(1, Ordering::Relaxed);
    let temporary = pool
        .making()
        .join(format!("{id}.{}-{attempt}", std::process::id()));
    // Made here, since qemu-img would make it readable for everybody.
    let made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary);
    made.map_err(|e| storage_failed("cannot make a volume", e))?;
    Ok(temporary)
}

/// Gives the finished file its name, for good.
fn publish(pool: &Pool, id: VolumeId, temporary: &Path) -> Result<VolumeInfo> {
    let path = pool.volume(id);
    let published = File::open(temporary).and_then(|file| {
        file.sync_all()?;
        // A link, unlike a renaming, never replaces what is there.
        match fs::hard_link(temporary, &path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(e) if has_no_links(&e) && !path.exists() => fs::rename(temporary, &path),
            other => other,
        }?;
        File::open(&pool.path)?.sync_all()
    });
    published.map_err(|e| storage_failed("cannot make a volume", e))?;
    remove(temporary)?;
    look(pool, id)?.ok_or_else(|| Error::new(Reason::StorageFailed, format!("volume {id} is gone again")))
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
