//! The kernel, uncompressed where that can be booted.
//!
//! QEMU enters an ELF kernel that carries the PVH note directly in 32-bit protected mode; a bzImage first runs its real-mode
//! setup and decompresses itself, which costs 2-3 s under software emulation. A kernel that cannot be unpacked, or has no
//! such note, is used as it is.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Program header of the type that holds notes (elf(5)).
const PT_NOTE: u32 = 4;

/// The note "Xen", type 18, holds the physical address of the 32-bit entry point (Xen's elfnote.h, PVH boot protocol).
const XEN_ELFNOTE_PHYS32_ENTRY: u32 = 18;

/// Places the kernel at `to` in the form that boots fastest.
pub(super) fn place(vmlinuz: &Path, to: &Path) -> Result<()> {
    let image = fs::read(vmlinuz).with_context(|| format!("cannot read {}", vmlinuz.display()))?;
    let kernel = match uncompressed(&image) {
        Ok(elf) => elf,
        Err(reason) => {
            println!("  note: the kernel stays compressed and boots more slowly: {reason:#}");
            image
        }
    };
    fs::write(to, kernel).with_context(|| format!("cannot write {}", to.display()))
}

fn uncompressed(image: &[u8]) -> Result<Vec<u8>> {
    let payload = payload(image)?;
    let size = payload
        .last_chunk()
        .map(|size| u32::from_le_bytes(*size))
        .context("the payload is empty")?;
    let elf = decompress(payload)?;
    if elf.len() != size as usize {
        bail!("the payload unpacked to {} bytes, not {size}", elf.len());
    }
    if !has_pvh_entry(&elf) {
        bail!("it has no PVH entry point");
    }
    Ok(elf)
}

/// The compressed kernel inside a bzImage, by its boot header (Documentation/arch/x86/boot.rst, protocol 2.08 and later).
/// Its last four bytes are the uncompressed size,
/// which to some compressors is the end of the stream and to others something behind it.
pub(super) fn payload(image: &[u8]) -> Result<&[u8]> {
    if image.get(0x202..0x206) != Some(b"HdrS") {
        bail!("it is no bzImage");
    }
    let setup_sectors = match image[0x1f1] {
        0 => 4,
        some => usize::from(some),
    };
    let start = (setup_sectors + 1) * 512 + u32_at(image, 0x248).context("the header is short")? as usize;
    let length = u32_at(image, 0x24c).context("the header is short")? as usize;
    image
        .get(start..start + length)
        .context("the header points outside the file")
}

/// Unpacks a stream with the tool that its first bytes name.
pub(super) fn decompress(stream: &[u8]) -> Result<Vec<u8>> {
    let (program, arguments): (&str, &[&str]) = match stream {
        [0x02, 0x21, 0x4c, 0x18, ..] => ("lz4", &["-dc"]),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("zstd", &["-dcq"]),
        [0x1f, 0x8b, ..] => ("gzip", &["-dc"]),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => ("xz", &["-dc", "--single-stream"]),
        [b'B', b'Z', b'h', ..] => ("bzip2", &["-dc"]),
        _ => bail!("the compression is unknown"),
    };
    pipe(program, arguments, stream)
}

/// Runs a filter over bytes in memory. Its exit status is not asked for: padding after a stream is a failure to some of the
/// tools, and the caller knows better what must come out. An empty result is an error.
pub(super) fn pipe(program: &str, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {program}: is its package installed?"))?;
    let mut stdin = child.stdin.take().context("a pipe is missing")?;
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        // The tool may stop reading at the end of its stream.
        let _ = stdin.write_all(&input);
    });
    let output = child
        .wait_with_output()
        .with_context(|| format!("cannot read from {program}"))?;
    let _ = feeder.join();
    if output.stdout.is_empty() {
        bail!("{program} unpacked nothing");
    }
    Ok(output.stdout)
}

/// True if this is a 64-bit little-endian ELF file with the PVH note.
pub(super) fn has_pvh_entry(elf: &[u8]) -> bool {
    pvh_entry(elf).is_some()
}

fn pvh_entry(elf: &[u8]) -> Option<()> {
    if elf.get(..6)? != [0x7f, b'E', b'L', b'F', 2, 1] {
        return None;
    }
    let table = u64_at(elf, 0x20)?;
    let (size, count) = (u16_at(elf, 0x36)?, u16_at(elf, 0x38)?);
    (0..usize::from(count)).find_map(|index| {
        let header = table + index * usize::from(size);
        if u32_at(elf, header)? != PT_NOTE {
            return None;
        }
        let (offset, length) = (u64_at(elf, header + 8)?, u64_at(elf, header + 32)?);
        find_note(elf.get(offset..offset + length)?)
    })
}

/// Walks notes: sizes of name and content, type, then both, each padded to four bytes.
fn find_note(mut notes: &[u8]) -> Option<()> {
    loop {
        let (name, content, kind) = (
            u32_at(notes, 0)? as usize,
            u32_at(notes, 4)? as usize,
            u32_at(notes, 8)?,
        );
        if kind == XEN_ELFNOTE_PHYS32_ENTRY && notes.get(12..12 + name)?.starts_with(b"Xen") {
            return Some(());
        }
        notes = notes.get(12 + name.next_multiple_of(4) + content.next_multiple_of(4)..)?;
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?)).ok()
}
