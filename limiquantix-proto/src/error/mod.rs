//! Errors on their way across the wire.
//!
//! ```text
//!  core::Error ──to_connect──► code + message + details ──from_connect──► core::Error
//!                                       ▲
//!        the RPC framework's own error ─┘ decode_error_details
//! ```
//!
//! | detail | in | says |
//! |---|---|---|
//! | `ErrorInfo` | every error | the reason's code, and the named values of the error |
//! | `RequestInfo` | every error of a request with an id | the id to quote |
//! | `Help` | every error | what to do about it |
//! | `BadRequest` | a wrong field | which field |
//! | `PreconditionFailure` | a state that is in the way | of what |
//! | `RetryInfo` | a failure that passes by itself | when to try again |
//! | `ResourceInfo` | something missing or taken | what |
//!
//! What a bug of ours or damaged data says is for the log, not for callers: of those only the reason and the
//! request id go out. The cause of an error (`source`) never does.

mod code;
mod context;
mod from_connect;
mod to_connect;

pub use from_connect::from_connect;
pub use to_connect::{decode_error_details, to_connect};

/// Who defines the reasons: the domain of every `ErrorInfo`.
pub const DOMAIN: &str = "limiquantix.dev";

/// The key of the context under which [`from_connect`] keeps the request id.
pub const REQUEST_ID: &str = "request_id";

/// The key of the context under which [`from_connect`] keeps the code of a reason that this version does not
/// know.
pub const UNKNOWN_REASON: &str = "reason";

/// The key of the context under which [`from_connect`] keeps the advice that came with a reason that this
/// version does not know. For the others there is [`Reason::fix`](limiquantix_core::Reason::fix).
pub const FIX: &str = "fix";
