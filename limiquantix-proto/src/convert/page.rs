//! Pages of lists (AIP-158).
//!
//! A page token is the place after which the page begins, bound to the filter and order that it was given for: with
//! another filter the pages would not belong together, so it is refused. It carries a checksum, so that a
//! token that was cut or mistyped is refused rather than taken for another place. It is no secret and grants
//! nothing: whoever makes one up sees what a list from that id on shows them anyway.
//!
//! ```text
//!   hex( version ‖ digest of the filter (8 bytes) ‖ place ‖ checksum of all before (8 bytes) )
//! ```

use std::fmt::Write as _;

use buffa::{Message, MessageName};
use limiquantix_core::contract::{PageRequest, Selector};
use limiquantix_core::query::{Filter, Order};
use limiquantix_core::resource::Resource;
use limiquantix_core::{Error, Reason, Result};
use sha2::{Digest as _, Sha256};

use super::field::unsigned;

/// Tokens of another version are refused: then the list begins anew, which costs little.
const VERSION: u8 = 1;
const SUM: usize = 8;
/// The shortest token there can be: version, digest, checksum.
const LEAST: usize = 1 + 2 * SUM;
/// The longest token worth decoding. Ids have 36 bytes; a name of 255 characters has at most 1020.
const MOST: usize = 4096;

/// Which objects a list is to show, which page of them, and how to name the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Which objects.
    pub selector: Selector,
    /// Which page.
    pub page: PageRequest,
    digest: FilterDigest,
}

/// A request for a page of a list. All have these fields; what else they have narrows the list down.
pub trait ListRequest: Message + MessageName + Clone {
    /// Takes the fields that differ from page to page out of the request.
    fn take_page(&mut self) -> PageFields;
    /// The filter expression and the order.
    fn expressions(&self) -> (&str, &str);
}

/// The fields of a list request that differ from page to page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageFields {
    page_size: i32,
    page_token: String,
    with_total_count: bool,
}

macro_rules! list_requests {
    ($($request:ty,)*) => {$(
        impl ListRequest for $request {
            fn take_page(&mut self) -> PageFields {
                PageFields {
                    page_size: std::mem::take(&mut self.page_size),
                    page_token: std::mem::take(&mut self.page_token),
                    with_total_count: std::mem::take(&mut self.with_total_count),
                }
            }
            fn expressions(&self) -> (&str, &str) {
                (&self.filter, &self.order_by)
            }
        }
    )*};
}

list_requests! {
    crate::alert::v1::ListAlertsRequest,
    crate::cluster::v1::ListClustersRequest,
    crate::cluster::v1::ListRulesRequest,
    crate::drs::v1::ListRecommendationsRequest,
    crate::compute::v1::ListVMsRequest,
    crate::compute::v1::ListNodesRequest,
    crate::network::v1::ListNetworksRequest,
    crate::network::v1::ListPortsRequest,
    crate::event::v1::ListEventsRequest,
    crate::compute::v1::ListSnapshotsRequest,
    crate::storage::v1::ListPoolsRequest,
    crate::storage::v1::ListVolumesRequest,
    crate::task::v1::ListTasksRequest,
    crate::project::v1::ListProjectsRequest,
}

impl Listing {
    /// Reads the fields that every request for a list of `R`s has. `selector` is what its own fields say.
    ///
    /// # Errors
    ///
    /// `INVALID_FIELD` for `page_size` if it is negative, for `filter` and for `order_by`; `INVALID_PAGE_TOKEN`.
    pub fn read<R: Resource>(selector: Selector, request: &impl ListRequest) -> Result<Self> {
        // Without its page fields the request is what stays the same from page to page.
        let mut filter = request.clone();
        let page = filter.take_page();
        let digest = FilterDigest::of(&filter);
        let limit = match unsigned("page_size", page.page_size)? {
            0 => PageRequest::default().limit,
            size => size.min(PageRequest::MAX),
        };
        let after = match page.page_token.as_str() {
            "" => None,
            token => Some(PageToken::decode(token)?.after_in(digest)?),
        };
        let (expression, order) = request.expressions();
        let order = Order::parse(order)?;
        let mut selector = selector;
        if let Some(filter) = Filter::parse(R::KIND, expression)? {
            filter.narrow(&mut selector);
        }
        Ok(Self {
            selector,
            page: PageRequest {
                limit,
                after,
                order,
                count: page.with_total_count,
            },
            digest,
        })
    }

    /// The token of the page that begins after `next`; empty if this page was the last.
    pub fn next_page_token(&self, next: Option<&str>) -> String {
        next.map_or_else(String::new, |after| {
            PageToken {
                after: after.to_owned(),
                filter_digest: self.digest,
            }
            .encode()
        })
    }
}

/// How many objects match in all, or the largest number that the field holds.
pub fn count_to_wire(total: u64) -> i32 {
    i32::try_from(total).unwrap_or(i32::MAX)
}

/// What a page token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken {
    /// Where the page begins, as the store says it.
    pub after: String,
    /// The filter that it was given for.
    pub filter_digest: FilterDigest,
}

impl PageToken {
    /// The token as text of digits and lower-case letters, safe in a URL.
    pub fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(LEAST + self.after.len());
        bytes.push(VERSION);
        bytes.extend(self.filter_digest.0);
        bytes.extend(self.after.as_bytes());
        bytes.extend(checksum(&bytes));
        let mut text = String::with_capacity(2 * bytes.len());
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Reads a token.
    ///
    /// # Errors
    ///
    /// `INVALID_PAGE_TOKEN` if it is nothing that [`encode`](Self::encode) makes.
    pub fn decode(token: &str) -> Result<Self> {
        let bytes = unhex(token).filter(|b| b.len() >= LEAST).ok_or_else(invalid)?;
        let (content, sum) = bytes.split_at(bytes.len() - SUM);
        if checksum(content) != sum {
            return Err(invalid());
        }
        let Some((&VERSION, content)) = content.split_first() else {
            return Err(invalid());
        };
        let (digest, after) = content.split_first_chunk::<SUM>().ok_or_else(invalid)?;
        let after = std::str::from_utf8(after).map_err(|_| invalid())?;
        Ok(Self {
            after: after.to_owned(),
            filter_digest: FilterDigest(*digest),
        })
    }

    fn after_in(self, filter: FilterDigest) -> Result<String> {
        if self.filter_digest == filter {
            return Ok(self.after);
        }
        Err(error("page_token was given for a list with another filter"))
    }
}

/// Tells one filter from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterDigest([u8; SUM]);

impl FilterDigest {
    /// The digest of a list request from which the page fields have been cleared.
    pub fn of<M: Message + MessageName>(filter: &M) -> Self {
        let mut hash = Sha256::new();
        // Lists of two kinds with the same fields are two lists.
        hash.update(M::FULL_NAME);
        hash.update([0]);
        hash.update(filter.encode_to_vec());
        Self(truncated(hash))
    }
}

fn checksum(content: &[u8]) -> [u8; SUM] {
    let mut hash = Sha256::new();
    hash.update(content);
    truncated(hash)
}

/// The first bytes of the hash: enough against accidents, which is all that is at stake.
fn truncated(hash: Sha256) -> [u8; SUM] {
    let mut sum = [0; SUM];
    for (to, from) in sum.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    sum
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || text.len() > MOST {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

fn invalid() -> Error {
    error("page_token is not one that this server gave")
}

fn error(message: &str) -> Error {
    Error::new(Reason::InvalidPageToken, message).with("field", "page_token")
}
