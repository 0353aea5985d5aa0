use std::fs::{self, File};
use std::io::{Read, Seek};

use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::identity::ImageName;
use limiquantix_core::unit::Bytes;

use super::qcow2::Header;
use crate::places::{Pool, storage_failed};

/// An image that volumes can be overlays of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Image {
    /// As QEMU calls it.
    pub(super) format: &'static str,
    /// Virtual size.
    pub(super) size: Bytes,
}

/// Formats that would be taken for raw data and give the guest a disk of gibberish: what they begin with, and
/// what they are called.
const FOREIGN: [(&[u8], &str); 5] = [
    (b"KDMV", "VMDK"),
    (b"# Disk DescriptorFile", "VMDK"),
    (b"vhdxfile", "VHDX"),
    (b"conectix", "VHD"),
    (b"<<< ", "VDI"),
];

/// Looks at an image's header. `IMAGE_MISSING` if it is not there, `STORAGE_FAILED` if it cannot be a base: because
/// it leads to another file (which could be any file of the host), or is of a format that is not supported.
pub(super) fn examine(pool: &Pool, name: &ImageName) -> Result<Image> {
    let path = pool.image(name)?;
    let failed = |e| storage_failed(format!("cannot read image {name}"), e);
    let refused = |why: &str| Error::new(Reason::StorageFailed, format!("image {name} {why}"));
    let mut file = File::open(path).map_err(failed)?;
    let Some(header) = Header::read(&file).map_err(failed)? else {
        let mut start = Vec::new();
        file.rewind().map_err(failed)?;
        file.by_ref().take(32).read_to_end(&mut start).map_err(failed)?;
        if let Some((_, format)) = FOREIGN.iter().find(|(magic, _)| start.starts_with(magic)) {
            let why = format!("is in the format {format}; convert it: qemu-img convert -O qcow2");
            return Err(refused(&why));
        }
        let size = file.metadata().map_err(failed)?.len();
        return Ok(Image {
            format: "raw",
            size: Bytes(size),
        });
    };
    for (is, why) in [
        (
            header.has_backing_file,
            "is an overlay of another file; flatten it: qemu-img convert -O qcow2",
        ),
        (
            header.has_data_file,
            "keeps its content in another file; convert it: qemu-img convert -O qcow2",
        ),
        (header.is_encrypted, "is encrypted, which is not supported"),
        (
            header.is_corrupt,
            "is marked as corrupt; repair it: qemu-img check -r all",
        ),
    ] {
        if is {
            return Err(refused(why));
        }
    }
    Ok(Image {
        format: "qcow2",
        size: Bytes(header.size),
    })
}

/// The images of a pool, by name ascending. Files whose names are not image names are not ours to offer.
pub(super) fn list(pool: &Pool) -> Result<Vec<ImageName>> {
    let failed = |e| storage_failed(format!("cannot list the images of pool {}", pool.name), e);
    let mut images = Vec::new();
    for entry in fs::read_dir(pool.images()).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Some(name) = entry
            .file_name()
            .to_str()
            .and_then(|n| ImageName::parse("image", n).ok())
        else {
            continue;
        };
        // Through symbolic links: keeping images elsewhere is an administrator's way of sharing them.
        if fs::metadata(entry.path()).is_ok_and(|m| m.is_file()) {
            images.push(name);
        }
    }
    images.sort();
    Ok(images)
}
