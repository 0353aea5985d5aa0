//! The named values of an error as the metadata of an `ErrorInfo`.
//!
//! A context may have a key several times (a refused placement names a `node` each time), metadata may not:
//! the second is `node_2`, and so on.

use std::collections::BTreeMap;

use limiquantix_core::Error;

use super::to_connect::clip;

/// The keys that errors use. Contexts hold static keys, so that one from the wire must be one of these; any
/// other comes from a version with more of them, and is left out.
const KEYS: [&str; 18] = [
    "actual", "boot_id", "epoch", "expected", "field", "id", "image", "key", "kind", "name", "node", "nodes",
    "pool", "project", "state", "task", "vm", "volume",
];

/// The longest value sent. Details travel in a header under gRPC, where common clients accept 8 KiB in all.
const LONGEST: usize = 256;

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
    let mut found: Vec<(&'static str, usize, &String)> = metadata
        .iter()
        .filter_map(|(name, value)| {
            let (key, number) = parse(name)?;
            Some((key, number, value))
        })
        .collect();
    found.sort_unstable();
    for (key, _, value) in found {
        error = error.with(key, value);
    }
    error
}

/// The key and which of its values this is, counted from 1.
fn parse(name: &str) -> Option<(&'static str, usize)> {
    let known = |name: &str| KEYS.iter().copied().find(|key| *key == name);
    if let Some(key) = known(name) {
        return Some((key, 1));
    }
    let (key, number) = name.rsplit_once('_')?;
    Some((known(key)?, number.parse().ok()?))
}
