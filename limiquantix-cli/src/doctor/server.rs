//! Whether there is a server, and what it says of its nodes.

use limiquantix_proto::compute::v1::NodePhase;

use super::{Finding, State};
use crate::app::App;
use crate::node::list_all;

pub(super) async fn check(app: &App) -> Finding {
    let address = &app.settings.server.value;
    let nodes = match app.client() {
        Ok(client) => list_all(&client).await,
        Err(failure) => Err(failure),
    };
    match nodes {
        Ok(nodes) => {
            let ready = nodes
                .iter()
                .filter(|node| node.status.phase == NodePhase::Ready)
                .count();
            let found = format!("{address}: {ready} of {} nodes ready", nodes.len());
            match ready == nodes.len() {
                true => Finding::ok("server", found),
                false => Finding::new("server", State::Warning, found, "lqx node list"),
            }
        }
        // Before `lqx up` there is none, and that is fine.
        Err(failure) => Finding::new(
            "server",
            State::Warning,
            format!("{address}: {}", failure.message()),
            "lqx up",
        ),
    }
}
