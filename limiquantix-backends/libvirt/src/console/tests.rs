use std::fs;
use std::path::{Path, PathBuf};

use limiquantix_core::contract::ConsoleChunk;
use proptest::prelude::*;

use super::{read_log, remove_log};

const ALL: u32 = u32::MAX;

/// What virtlogd does when the log is full.
fn rotate(log: &Path, keep: u32) {
    let backup = |n: u32| PathBuf::from(format!("{}.{n}", log.display()));
    let _ = fs::remove_file(backup(keep - 1));
    for n in (0..keep - 1).rev() {
        let _ = fs::rename(backup(n), backup(n + 1));
    }
    fs::rename(log, backup(0)).unwrap();
}

fn append(log: &Path, text: &[u8]) {
    use std::io::Write;
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .unwrap();
    file.write_all(text).unwrap();
}

fn chunk(offset: u64, data: &[u8], size: u64) -> ConsoleChunk {
    ConsoleChunk {
        offset,
        data: data.to_vec(),
        size,
    }
}

#[test]
fn a_log_that_was_never_written_is_empty() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("vm.log");
    assert_eq!(read_log(&log, 0, ALL).unwrap(), chunk(0, b"", 0));
    assert_eq!(read_log(&log, 7, ALL).unwrap(), chunk(7, b"", 0));
    remove_log(&log).unwrap();
}

#[test]
fn an_offset_means_the_same_byte_after_a_rotation() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("vm.log");
    append(&log, b"0123");
    rotate(&log, 3);
    append(&log, b"4567");
    assert_eq!(
        read_log(&log, 2, 4).unwrap(),
        chunk(2, b"2345", 8),
        "over the joint"
    );
    rotate(&log, 3);
    assert_eq!(
        read_log(&log, 0, ALL).unwrap(),
        chunk(0, b"01234567", 8),
        "nothing is written yet"
    );
    append(&log, b"89");
    rotate(&log, 3);
    append(&log, b"ab");
    assert_eq!(read_log(&log, 6, ALL).unwrap(), chunk(6, b"6789ab", 12));
    rotate(&log, 3);
    append(&log, b"cd");
    // The first four are gone by now; who asks for them gets the oldest that there is.
    assert_eq!(read_log(&log, 0, 3).unwrap(), chunk(4, b"456", 14));
    assert_eq!(read_log(&log, 11, ALL).unwrap(), chunk(11, b"bcd", 14));
    remove_log(&log).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");
}

#[test]
fn offsets_never_go_back_even_where_nobody_looked() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("vm.log");
    append(&log, b"0123");
    rotate(&log, 2);
    append(&log, b"4567");
    assert_eq!(read_log(&log, 0, ALL).unwrap().size, 8);
    for text in [b"xxxx", b"yyyy", b"zzzz"] {
        rotate(&log, 2);
        append(&log, text);
    }
    let after = read_log(&log, 8, ALL).unwrap();
    assert!(after.offset >= 8 && after.size >= 16, "{after:?}");
    assert!(after.data.ends_with(b"zzzz"));
}

proptest! {
    /// A follower that reads often enough gets every byte, once, whatever the sizes and rotations.
    #[test]
    fn a_follower_misses_nothing(steps in prop::collection::vec((0_usize..40, any::<bool>()), 1..40), max in 1_u32..64) {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("vm.log");
        let (mut written, mut read) = (Vec::new(), Vec::new());
        for (i, (length, rotates)) in steps.into_iter().enumerate() {
            let text: Vec<u8> = (0..length).map(|n| b'a' + ((i * 7 + n) % 26) as u8).collect();
            if rotates && log.exists() {
                rotate(&log, 3);
            }
            append(&log, &text);
            written.extend(text);
            loop {
                let chunk = read_log(&log, read.len() as u64, max).unwrap();
                prop_assert_eq!(chunk.offset, read.len() as u64);
                prop_assert_eq!(chunk.size, written.len() as u64);
                if chunk.data.is_empty() {
                    break;
                }
                read.extend(chunk.data);
            }
        }
        prop_assert_eq!(read, written);
    }
}
