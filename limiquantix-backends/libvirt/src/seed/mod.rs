//! First-boot configuration as a NoCloud seed: a small FAT file system labelled `CIDATA`, as cloud-init's
//! documentation of that data source describes it.
//!
//! The same input gives the same bytes. User data holds passwords and keys, so the file is for root alone;
//! libvirt hands it to QEMU's user while the guest runs, and takes it back.

use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use fatfs::{FileSystem, FormatVolumeOptions, FsOptions, format_volume};
use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::identity::{Name, VmId};
use limiquantix_core::resource::CloudInit;

use crate::places::storage_failed;

#[cfg(test)]
mod tests;

/// The least a FAT file system with these files needs is far less; a round size keeps its geometry simple.
const SMALLEST: usize = 1 << 20;
/// For the file system's own tables and the directory, on top of an eighth of the content for cluster ends.
const OVERHEAD: usize = 256 << 10;
/// Larger than any sensible user data, which most clouds cap at 16 KiB.
const LARGEST_CONTENT: usize = 16 << 20;

/// Writes the seed of a VM to `path`, atomically: QEMU never sees half of one.
pub(crate) fn write(path: &Path, vm: VmId, name: &Name, cloud_init: &CloudInit) -> Result<()> {
    let image = build(vm, name, cloud_init)?;
    let temporary = path.with_extension("tmp");
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| {
            file.write_all(&image)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path));
    written.map_err(|e| storage_failed("cannot write the cloud-init seed", e))
}

/// The image's bytes.
pub(crate) fn build(vm: VmId, name: &Name, cloud_init: &CloudInit) -> Result<Vec<u8>> {
    let derived;
    let meta_data = match &cloud_init.meta_data {
        Some(meta_data) => meta_data,
        None => {
            derived = format!("instance-id: {vm}\nlocal-hostname: {}\n", hostname(name));
            &derived
        }
    };
    let mut files = vec![("meta-data", meta_data), ("user-data", &cloud_init.user_data)];
    files.extend(cloud_init.network_config.as_ref().map(|c| ("network-config", c)));
    let content: usize = files.iter().map(|(_, text)| text.len()).sum();
    if content > LARGEST_CONTENT {
        return Err(Error::invalid(
            "spec.cloud_init",
            format!("cloud-init data has {content} bytes, at most {LARGEST_CONTENT} are possible"),
        ));
    }
    let size = (content + content / 8 + OVERHEAD).next_multiple_of(SMALLEST);
    fill(size, &files).map_err(|e| {
        Error::new(
            Reason::StorageFailed,
            format!("cannot make the cloud-init seed: {e}"),
        )
        .caused_by(e)
    })
}

fn fill(size: usize, files: &[(&str, &String)]) -> std::io::Result<Vec<u8>> {
    let mut image = vec![0_u8; size];
    // A fixed serial number, and no clock (fatfs is built without one): the same input, the same bytes.
    let options = FormatVolumeOptions::new()
        .volume_label(*b"CIDATA     ")
        .volume_id(0x6c71_7801);
    format_volume(Cursor::new(&mut image[..]), options)?;
    let filesystem = FileSystem::new(Cursor::new(&mut image[..]), FsOptions::new())?;
    for (name, text) in files {
        let mut file = filesystem.root_dir().create_file(name)?;
        file.write_all(text.as_bytes())?;
        file.flush()?;
    }
    filesystem.unmount()?;
    Ok(image)
}

/// A hostname (RFC 1123 label) that resembles the VM's name.
pub(crate) fn hostname(name: &Name) -> String {
    let mut label = String::new();
    for c in name.as_str().chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            label.push(c);
        } else if !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
    }
    label.truncate(63);
    let label = label.trim_end_matches('-');
    // A name in another script has no letter that a hostname can have.
    if label.is_empty() {
        "vm".to_owned()
    } else {
        label.to_owned()
    }
}
