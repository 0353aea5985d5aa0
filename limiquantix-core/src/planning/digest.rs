use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

use super::{ClusterSnapshot, PlacementReport};
use crate::error::{Error, Result};

/// A fingerprint of planning input or output: equal values have equal digests on every machine and in every
/// version that keeps the field names. It tells whether a receipt was replayed on the same snapshot and gave
/// the same report; it does not protect against somebody who forges either.
///
/// FNV-1a with 128 bits over the JSON form, in which structs have their fields in declaration order and maps
/// are sorted (draft-eastlake-fnv §2 and §5 for the constants). The standard library's hashes are no choice,
/// as they may change with every compiler.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(u128);

impl Digest {
    /// The digest of `value`, whose maps must be sorted ones. Nothing is kept in memory. Fails only where
    /// the value has no JSON form, which all of this module's types have.
    pub fn of(value: &impl Serialize) -> Result<Self> {
        let mut hash = Fnv(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        serde_json::to_writer(&mut hash, value)
            .map_err(|e| Error::internal("cannot digest a value without JSON form").caused_by(e))?;
        Ok(Self(hash.0))
    }
}

impl ClusterSnapshot {
    /// What a receipt keeps to tell whether it is replayed on the same cluster. See [`Digest::of`].
    pub fn digest(&self) -> Result<Digest> {
        Digest::of(self)
    }
}

impl PlacementReport {
    /// What a receipt keeps to tell whether a replay gave the same answer. See [`Digest::of`].
    pub fn digest(&self) -> Result<Digest> {
        Digest::of(self)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "digest:{self}")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = Error;

    /// Accepts 32 lower-case hexadecimal digits only, so that one digest has one spelling.
    fn try_from(text: String) -> Result<Self> {
        let fine = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        fine.then(|| u128::from_str_radix(&text, 16).ok())
            .flatten()
            .map(Self)
            .ok_or_else(|| Error::invalid("digest", "digest is not 32 lower-case hexadecimal digits"))
    }
}

struct Fnv(u128);

impl io::Write for Fnv {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
