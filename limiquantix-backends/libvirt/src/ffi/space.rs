use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The size of the file system that `path` is on, and what is free there for us, in bytes.
pub(crate) fn space(path: &Path) -> io::Result<(u64, u64)> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut facts = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path is a C string and the buffer is of the type that the call fills.
    if unsafe { libc::statvfs(path.as_ptr(), facts.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so it has filled the buffer.
    let facts = unsafe { facts.assume_init() };
    let block = facts.f_frsize;
    Ok((
        facts.f_blocks.saturating_mul(block),
        facts.f_bavail.saturating_mul(block),
    ))
}
