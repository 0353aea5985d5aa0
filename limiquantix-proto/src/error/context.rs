//! The named values of an error as the metadata of an `ErrorInfo`.
//!
//! A context may have a key several times (a refused placement names a `node` each time), metadata may not:
//! the second is `node_2`, and so on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use limiquantix_core::Error;

use super::to_connect::clip;

/// The longest value sent. Details travel in a header under gRPC, where common clients accept 8 KiB in all.
const LONGEST: usize = 256;

/// The longest key read.
const LONGEST_KEY: usize = 32;

/// How many different keys are read in the life of a process. Errors use about twenty.
const MOST_KEYS: usize = 256;

/// The context of `error` as metadata.
pub(super) fn to_metadata(error: &Error) -> BTreeMap<String, String> {
    let mut metadata = BTreeMap::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (key, value) in error.context() {
        let count = seen.entry(key).or_default();
        *count += 1;
        let name = match count {
            1 => key.to_owned(),
            n => format!("{key}_{n}"),
        };
        metadata.insert(name, clip(value, LONGEST));
    }
    metadata
}

/// Adds what metadata says to `error`: by key, and under one key in the order in which it was sent.
pub(super) fn add_metadata(mut error: Error, metadata: &BTreeMap<String, String>) -> Error {
    let mut found: Vec<(&str, usize, &String)> = metadata
        .iter()
        .map(|(name, value)| {
            let (key, number) = repeated(name, metadata).unwrap_or((name, 1));
            (key, number, value)
        })
        .collect();
    found.sort_unstable();
    for (key, _, value) in found {
        if let Some(key) = lasting(key) {
            error = error.with(key, value);
        }
    }
    error
}

/// The key of which `name` is a further value, and which one.
fn repeated<'a>(name: &'a str, metadata: &BTreeMap<String, String>) -> Option<(&'a str, usize)> {
    let (key, number) = name.rsplit_once('_')?;
    let number = number.parse().ok().filter(|n| *n > 1)?;
    metadata.contains_key(key).then_some((key, number))
}

/// The key as contexts hold it: static, since in all code but this they are literals. Each is leaked once,
/// and what can leak is bounded, whatever a server sends.
fn lasting(key: &str) -> Option<&'static str> {
    static KEYS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = keys.get(key) {
        return Some(known);
    }
    let fine = (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if !fine || keys.len() >= MOST_KEYS {
        return None;
    }
    let kept: &'static str = key.to_owned().leak();
    keys.insert(kept);
    Some(kept)
}
