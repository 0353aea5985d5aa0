//! What all changes of nodes have in common.

use connectrpc::ConnectError;
use limiquantix_proto::compute::v1::Node;

use crate::app::App;
use crate::client::{new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;

/// Flags of every change.
#[derive(Debug, clap::Args)]
pub(super) struct ChangeArgs {
    /// Check everything and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// Makes one change to each node, and goes on where one is refused.
///
/// `done` is what is true then, such as `cordoned`. `send` gets the node and the id under which the change may be
/// sent again.
pub(super) async fn each(
    app: &App,
    nodes: &[Node],
    args: &ChangeArgs,
    done: &str,
    send: impl AsyncFn(&Node, &str) -> Result<Node, ConnectError>,
) -> Result<Exit, Failure> {
    let mut exit = Exit::Ok;
    for node in nodes {
        let request_id = new_request_id();
        match retrying(async || send(node, &request_id).await).await {
            Ok(answer) => {
                let name = &node.hostname;
                match args.dry_run {
                    true => app
                        .out
                        .talk(&format!("node {name:?} would be {done}; nothing was changed")),
                    false => app.out.talk(&format!("node {name:?} {done}")),
                }
                app.out.outcome(&answer)?;
            }
            Err(error) => {
                let failure = Failure::from(error);
                app.out.failure(&failure);
                if exit == Exit::Ok {
                    exit = failure.exit();
                }
            }
        }
    }
    Ok(exit)
}
