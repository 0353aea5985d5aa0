//! Reads the log that libvirt's `virtlogd` writes.
//!
//! The daemon rotates: when `VM.log` is full (2 MiB unless configured otherwise) it becomes `VM.log.0`, that
//! `VM.log.1` and so on, and the oldest is dropped. For the reader the log is one long text that loses its
//! beginning; an offset means the same byte for as long as that byte is kept. That needs a memory of what was
//! dropped: the file `VM.log.offsets` has, for each piece, its inode and where it begins. It is written only when
//! a rotation has been seen. Where rotations went by unseen (nobody read while everything was replaced), the
//! pieces are counted on from the last known end: offsets still never go back.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use limiquantix_core::contract::ConsoleChunk;
use limiquantix_core::error::Result;

use crate::places::{remove, storage_failed};

/// virtlogd keeps three backups unless configured otherwise (`max_backups`); no more than this are looked for.
const MOST_BACKUPS: u32 = 32;
/// The most that one call returns, whatever was asked for.
const LARGEST_CHUNK: u32 = 4 << 20;
/// A rotation may happen while files are being looked at; then they are looked at again.
const ATTEMPTS: u32 = 4;

/// Reads up to `max` bytes from `offset` on. A log that was never written is empty.
pub(crate) fn read_log(path: &Path, offset: u64, max: u32) -> Result<ConsoleChunk> {
    let failed = |e| storage_failed("cannot read the console log", e);
    let mut attempt = 1;
    loop {
        match read_once(path, offset, max.min(LARGEST_CHUNK)) {
            Ok(chunk) => return Ok(chunk),
            Err(e) if e.kind() == io::ErrorKind::Interrupted && attempt < ATTEMPTS => attempt += 1,
            Err(e) => return Err(failed(e)),
        }
    }
}

/// Removes the log with everything that belongs to it.
pub(crate) fn remove_log(path: &Path) -> Result<()> {
    for number in 0..MOST_BACKUPS {
        remove(&backup(path, number))?;
    }
    remove(&offsets_file(path))?;
    remove(path)
}

/// One file of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    inode: u64,
    /// Where in the whole log it begins.
    begin: u64,
    length: u64,
}

fn read_once(path: &Path, offset: u64, max: u32) -> io::Result<ConsoleChunk> {
    let (mut files, mut pieces) = (Vec::new(), Vec::new());
    for file in open_all(path)? {
        let found = file.metadata()?;
        if pieces.iter().any(|p: &Piece| p.inode == found.ino()) {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "rotated meanwhile"));
        }
        pieces.push(Piece {
            inode: found.ino(),
            begin: 0,
            length: found.len(),
        });
        files.push(file);
    }
    place(&mut pieces, &known(path)?);
    // The memory is of use only once there is more than one piece, or the first does not begin at zero.
    if pieces.len() > 1 || pieces.first().is_some_and(|p| p.begin > 0) {
        remember(path, &pieces)?;
    }
    let begin = pieces.first().map_or(0, |p| p.begin);
    let size = pieces.last().map_or(0, |p| p.begin + p.length);
    let offset = if offset < begin { begin } else { offset };
    let mut data = Vec::new();
    for (piece, file) in pieces.iter().zip(&mut files) {
        let from = offset + data.len() as u64;
        let left = u64::from(max) - data.len() as u64;
        if left > 0 && (piece.begin..piece.begin + piece.length).contains(&from) {
            file.seek(SeekFrom::Start(from - piece.begin))?;
            let length = left.min(piece.begin + piece.length - from);
            file.take(length).read_to_end(&mut data)?;
        }
    }
    Ok(ConsoleChunk { offset, data, size })
}

/// The files that there are, oldest first.
fn open_all(path: &Path) -> io::Result<Vec<File>> {
    let mut files = Vec::new();
    // The current one first: what is rotated away while we look is then met twice, not missed.
    let current = open(path)?;
    for number in 0..MOST_BACKUPS {
        match open(&backup(path, number))? {
            Some(file) => files.push(file),
            None => break,
        }
    }
    files.reverse();
    files.extend(current);
    Ok(files)
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Gives every piece its place behind the one before, starting from a piece whose place is known.
fn place(pieces: &mut [Piece], known: &[Piece]) {
    let anchor = pieces.iter().enumerate().find_map(|(i, piece)| {
        let same = known
            .iter()
            .find(|k| k.inode == piece.inode && k.length <= piece.length)?;
        Some((i, same.begin))
    });
    let end = known.iter().map(|k| k.begin + k.length).max().unwrap_or(0);
    let mut begin = match anchor {
        // Pieces before the anchor are older; all of them fit before it, since it came after them.
        Some((i, begin)) => {
            let before: u64 = pieces.iter().take(i).map(|p| p.length).sum();
            begin.saturating_sub(before)
        }
        None => end,
    };
    for piece in pieces {
        piece.begin = begin;
        begin += piece.length;
    }
}

fn known(path: &Path) -> io::Result<Vec<Piece>> {
    let text = match fs::read_to_string(offsets_file(path)) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let line = |line: &str| {
        let mut numbers = line.split(' ').map(str::parse::<u64>);
        Some(Piece {
            inode: numbers.next()?.ok()?,
            begin: numbers.next()?.ok()?,
            length: numbers.next()?.ok()?,
        })
    };
    Ok(text.lines().filter_map(line).collect())
}

fn remember(path: &Path, pieces: &[Piece]) -> io::Result<()> {
    let file = offsets_file(path);
    let places = |pieces: &[Piece]| pieces.iter().map(|p| (p.inode, p.begin)).collect::<Vec<_>>();
    if places(&known(path)?) == places(pieces) {
        return Ok(());
    }
    let lines = pieces
        .iter()
        .map(|p| format!("{} {} {}\n", p.inode, p.begin, p.length));
    let temporary = file.with_extension("tmp");
    fs::write(&temporary, lines.collect::<String>())?;
    fs::rename(&temporary, &file)
}

fn backup(path: &Path, number: u32) -> PathBuf {
    with_suffix(path, &number.to_string())
}

fn offsets_file(path: &Path) -> PathBuf {
    with_suffix(path, "offsets")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}
