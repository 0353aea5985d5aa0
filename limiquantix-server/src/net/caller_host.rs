//! Refuses what a web page somewhere could make a browser on this machine send here.
//!
//! The server listens on loopback and takes whoever reaches it for the administrator. A page of `evil.example`
//! whose name is made to resolve to 127.0.0.1 after it was loaded (DNS rebinding) reaches it too, and to the
//! browser that is the page's own site. What such a request cannot hide is the name it was sent to.

use std::net::IpAddr;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};

/// `app`, reached by an address or as `localhost` only.
pub(crate) fn only_for_this_machine(app: Router) -> Router {
    app.layer(from_fn(check))
}

async fn check(request: Request, next: Next) -> Response {
    if named(&request).is_none_or(is_harmless) {
        return next.run(request).await;
    }
    let why = "this server answers to localhost and to IP addresses only, not to other names\n";
    (StatusCode::MISDIRECTED_REQUEST, why).into_response()
}

/// Whom the request is for: HTTP/2 says it in `:authority`, HTTP/1.1 in `Host`. Browsers always do.
fn named(request: &Request) -> Option<&str> {
    let authority = request.uri().authority().map(|a| a.as_str());
    authority.or_else(|| request.headers().get(HOST).map(|h| h.to_str().unwrap_or("?")))
}

pub(super) fn is_harmless(authority: &str) -> bool {
    let bracketed = authority.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let host = match bracketed {
        Some((host, _)) => host,
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok()
}
