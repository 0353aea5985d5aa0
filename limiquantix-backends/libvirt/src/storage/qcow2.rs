//! Reads the header of a qcow2 file, as QEMU's `docs/interop/qcow2.rst` lays it out.

use std::io::{self, Read};

/// What a header says, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Virtual size in bytes.
    pub(crate) size: u64,
    /// It is an overlay of another file.
    pub(crate) has_backing_file: bool,
    /// Its content is in another file.
    pub(crate) has_data_file: bool,
    /// It needs a key.
    pub(crate) is_encrypted: bool,
    /// QEMU found it damaged.
    pub(crate) is_corrupt: bool,
}

/// `QFI` and 0xfb.
const MAGIC: u32 = 0x5146_49fb;
/// The header of version 2, which version 3 begins with too.
const SHORT: usize = 72;
/// Up to the incompatible features of version 3.
const LONG: usize = 80;
const CORRUPT: u64 = 1 << 1;
const DATA_FILE: u64 = 1 << 2;

impl Header {
    /// Reads the header. `None` if the file is not qcow2. Errors: `InvalidData` if it claims to be but is cut off,
    /// or of a version that is not known.
    pub(crate) fn read(mut file: impl Read) -> io::Result<Option<Self>> {
        let mut bytes = Vec::with_capacity(LONG);
        file.by_ref().take(LONG as u64).read_to_end(&mut bytes)?;
        if number::<4>(&bytes, 0).map(u32::from_be_bytes) != Some(MAGIC) {
            return Ok(None);
        }
        let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("a qcow2 file {what}"));
        if bytes.len() < SHORT {
            return Err(bad("that is cut off in its header"));
        }
        let short = |at| number::<4>(&bytes, at).map_or(0, u32::from_be_bytes);
        let long = |at| number::<8>(&bytes, at).map_or(0, u64::from_be_bytes);
        let incompatible = match short(4) {
            2 => 0,
            3 if bytes.len() < LONG => return Err(bad("that is cut off in its header")),
            3 => long(72),
            version => return Err(bad(&format!("of the unknown version {version}"))),
        };
        Ok(Some(Self {
            size: long(24),
            has_backing_file: long(8) != 0,
            has_data_file: incompatible & DATA_FILE != 0,
            is_encrypted: short(32) != 0,
            is_corrupt: incompatible & CORRUPT != 0,
        }))
    }
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}
