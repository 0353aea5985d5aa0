//! Plain HTTP beside the RPCs: health for load balancers and for people with `curl`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use limiquantix_core::contract::Store;

/// How long the store may take to answer before the server calls itself not ready.
const STORE_PATIENCE: Duration = Duration::from_secs(2);

/// `/health` and `/livez` say that the process answers; `/ready` and `/readyz` that its store does too.
pub(crate) fn router(store: Arc<dyn Store>) -> Router {
    let ready = get(move || {
        let store = Arc::clone(&store);
        async move {
            match tokio::time::timeout(STORE_PATIENCE, store.revision()).await {
                Ok(Ok(_)) => (StatusCode::OK, "ready\n".to_owned()),
                Ok(Err(e)) => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    format!("not ready: {}\n", e.reason().code()),
                ),
                Err(_) => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "not ready: the store does not answer\n".to_owned(),
                ),
            }
        }
    });
    Router::new()
        .route("/health", get(|| async { "ok\n" }))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/ready", ready.clone())
        .route("/readyz", ready)
}
