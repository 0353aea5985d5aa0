//! Versions of objects as clients see them (AIP-154).
//!
//! An etag is the decimal form of the object's revision. Clients must not know that: they send back what they
//! were given.

use limiquantix_core::resource::Revision;
use limiquantix_core::{Error, Result};

/// The etag of an object at `revision`.
pub fn to_wire(revision: Revision) -> String {
    revision.to_string()
}

/// The version that a request expects; none if it does not say.
///
/// # Errors
///
/// `INVALID_FIELD` for `etag` if it is nothing that [`to_wire`] makes.
pub fn from_wire(etag: &str) -> Result<Option<Revision>> {
    if etag.is_empty() {
        return Ok(None);
    }
    // One version has one spelling: `+7` and `07` were not made here.
    let revision = etag.parse().map(Revision).ok().filter(|r| r.to_string() == etag);
    revision.map(Some).ok_or_else(|| {
        Error::invalid(
            "etag",
            "etag is not one that this server gave: send it back as it was, or leave it out",
        )
    })
}
