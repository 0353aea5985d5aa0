//! Reads the log that libvirt's `virtlogd` writes.
//!
//! The daemon rotates: when `VM.log` is full (2 MiB unless configured otherwise) it becomes `VM.log.0`, that
//! `VM.log.1` and so on, and the oldest is dropped. For the reader the log is one long text that loses its
//! beginning; an offset means the same byte for as long as that byte is kept. That needs a memory of what was
//! dropped: the file `VM.log.offsets` says of each piece how to know it again and where it begins. Where rotations
//! went by unseen (nobody read while everything was replaced), the pieces are counted on from behind the last known
//! end: offsets still never go back.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use limiquantix_core::contract::ConsoleChunk;
use limiquantix_core::error::Result;

use crate::places::{remove, storage_failed};

/// virtlogd keeps three backups unless configured otherwise (`max_backups`); no more than this are looked for.
const MOST_BACKUPS: u32 = 32;
/// The most that one call returns, whatever was asked for.
const LARGEST_CHUNK: u32 = 4 << 20;
/// By how many of its first bytes a file is known again.
const HEAD: usize = 256;
/// A piece that has grown by this much is recorded anew; less is not worth a write at every read.
const UNRECORDED: u64 = 64 << 10;
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
    remove(&unfinished_file(path))?;
    remove(&offsets_file(path))?;
    remove(path)
}

/// One file of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    inode: u64,
    /// Its first bytes, or what is there of them: numbers of dropped files are used again by the file system.
    head: Vec<u8>,
    /// Where in the whole log it begins.
    begin: u64,
    length: u64,
}

/// A piece as it was once seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    inode: u64,
    head_length: usize,
    head_digest: u64,
    begin: u64,
    length: u64,
}

impl Seen {
    fn of(piece: &Piece) -> Self {
        Self {
            inode: piece.inode,
            head_length: piece.head.len(),
            head_digest: digest(&piece.head),
            begin: piece.begin,
            length: piece.length,
        }
    }

    /// Whether `piece` is the same file, grown or not.
    fn is(&self, piece: &Piece) -> bool {
        let head = piece.head.get(..self.head_length);
        self.inode == piece.inode
            && self.length <= piece.length
            && head.is_some_and(|head| digest(head) == self.head_digest)
    }

    fn parse(line: &str) -> Option<Self> {
        let mut numbers = line.split(' ').map(|n| n.parse::<u64>().ok());
        let mut next = || numbers.next().flatten();
        Some(Self {
            inode: next()?,
            head_length: usize::try_from(next()?).ok()?,
            head_digest: next()?,
            begin: next()?,
            length: next()?,
        })
    }
}

/// FNV-1a: it tells files apart that nobody made to look alike.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, b| {
        (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn read_once(path: &Path, offset: u64, max: u32) -> io::Result<ConsoleChunk> {
    let (mut files, mut pieces) = (Vec::new(), Vec::new());
    for mut file in open_all(path)? {
        let found = file.metadata()?;
        if pieces.iter().any(|p: &Piece| p.inode == found.ino()) {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "rotated meanwhile"));
        }
        let mut head = Vec::with_capacity(HEAD);
        file.by_ref()
            .take(found.len().min(HEAD as u64))
            .read_to_end(&mut head)?;
        pieces.push(Piece {
            inode: found.ino(),
            head,
            begin: 0,
            length: found.len(),
        });
        files.push(file);
    }
    let seen = seen(path)?;
    place(&mut pieces, &seen);
    if is_news(&pieces, &seen) {
        remember(path, &pieces)?;
    }
    let begin = pieces.first().map_or(0, |p| p.begin);
    let size = pieces.last().map_or(0, |p| p.begin + p.length);
    let offset = offset.max(begin);
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
fn place(pieces: &mut [Piece], seen: &[Seen]) {
    let anchor = pieces.iter().enumerate().find_map(|(i, piece)| {
        let same = seen.iter().find(|s| s.is(piece))?;
        Some((i, same.begin))
    });
    let mut begin = match anchor {
        // Pieces before the anchor are older, so they had their place before it.
        Some((i, begin)) => {
            let before: u64 = pieces.iter().take(i).map(|p| p.length).sum();
            begin.saturating_sub(before)
        }
        // Its end is known only to within this much.
        None => seen
            .iter()
            .map(|s| s.begin + s.length + UNRECORDED)
            .max()
            .unwrap_or(0),
    };
    for piece in pieces {
        piece.begin = begin;
        begin += piece.length;
    }
}

/// Whether what is seen now is worth recording.
fn is_news(pieces: &[Piece], seen: &[Seen]) -> bool {
    let same = |(piece, seen): (&Piece, &Seen)| {
        seen.is(piece) && seen.begin == piece.begin && piece.length < seen.length + UNRECORDED
    };
    pieces.len() != seen.len() || !pieces.iter().zip(seen).all(same)
}

fn seen(path: &Path) -> io::Result<Vec<Seen>> {
    match fs::read_to_string(offsets_file(path)) {
        Ok(text) => Ok(text.lines().filter_map(Seen::parse).collect()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}

fn remember(path: &Path, pieces: &[Piece]) -> io::Result<()> {
    let lines = pieces.iter().map(Seen::of).map(|s| {
        let Seen {
            inode,
            head_length,
            head_digest,
            begin,
            length,
        } = s;
        format!("{inode} {head_length} {head_digest} {begin} {length}\n")
    });
    // Two readers at once must not write into one file. It happens seldom enough for one lock for all.
    static WRITING: Mutex<()> = Mutex::new(());
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let temporary = unfinished_file(path);
    fs::write(&temporary, lines.collect::<String>())?;
    fs::rename(&temporary, offsets_file(path))
}

fn backup(path: &Path, number: u32) -> PathBuf {
    with_suffix(path, &number.to_string())
}

fn offsets_file(path: &Path) -> PathBuf {
    with_suffix(path, "offsets")
}

fn unfinished_file(path: &Path) -> PathBuf {
    with_suffix(path, "offsets.tmp")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}
