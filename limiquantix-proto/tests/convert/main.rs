//! Conversions between core and the wire: what is sent arrives as it was, what is wrong is named, and nothing
//! that a stranger sends makes a decoder panic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod broken;
mod defaults;
mod events;
mod fields;
mod golden;
mod lists;
mod networks;
mod round_trip;
mod shown;
mod strategies;
mod updates;
mod values;
