//! `lqx node label`.

use std::collections::BTreeMap;

use buffa_types::google::protobuf::FieldMask;
use connectrpc::{ConnectError, ErrorCode};
use limiquantix_proto::compute::v1::{GetNodeRequest, Node, UpdateNodeRequest};

use super::change::{self, ChangeArgs};
use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// How often labels are read and written anew when somebody else changes the node at the same time.
const ROUNDS: usize = 5;

/// Which node, and what of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name, id, or unique prefix
    name: String,
    /// KEY=VALUE sets a label, KEY- removes it. Labels that the node's agent gives it stay
    #[arg(required = true, value_name = "LABEL", value_parser = edit)]
    edits: Vec<Edit>,
    #[command(flatten)]
    change: ChangeArgs,
}

/// One change of labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Edit {
    Set(String, String),
    Remove(String),
}

/// Reads `KEY=VALUE` or `KEY-`, as kubectl(1) does.
pub(super) fn edit(text: &str) -> Result<Edit, String> {
    let edit = match (text.split_once('='), text.strip_suffix('-')) {
        (Some((key, value)), _) => Edit::Set(key.to_owned(), value.to_owned()),
        (None, Some(key)) => Edit::Remove(key.to_owned()),
        (None, None) => return Err("expected KEY=VALUE or KEY-".to_owned()),
    };
    let (Edit::Set(key, _) | Edit::Remove(key)) = &edit;
    if key.is_empty() {
        return Err("the key is empty".to_owned());
    }
    Ok(edit)
}

/// The labels after these edits, in their order.
pub(super) fn edited(labels: &BTreeMap<String, String>, edits: &[Edit]) -> BTreeMap<String, String> {
    let mut labels = labels.clone();
    for edit in edits {
        match edit {
            Edit::Set(key, value) => drop(labels.insert(key.clone(), value.clone())),
            Edit::Remove(key) => drop(labels.remove(key)),
        }
    }
    labels
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let node = resolve::node(&client, &args.name).await?;
    change::each(
        app,
        &[node],
        &args.change,
        "labelled",
        async |node, request_id| {
            let mut node = node.clone();
            for round in 1..=ROUNDS {
                match write(&client, &node, args, &format!("{request_id}-{round}")).await {
                    // Somebody else changed the node meanwhile: theirs is kept, and ours is applied to it.
                    Err(error) if error.code == ErrorCode::Aborted && round < ROUNDS => {
                        node = read(&client, &node.id).await?;
                    }
                    outcome => return outcome,
                }
            }
            Err(ConnectError::aborted("the node keeps changing"))
        },
    )
    .await
}

async fn write(client: &Client, node: &Node, args: &Args, request_id: &str) -> Result<Node, ConnectError> {
    let request = UpdateNodeRequest {
        id: node.id.clone(),
        labels: edited(&node.admin.labels, &args.edits),
        update_mask: FieldMask {
            paths: vec!["labels".to_owned()],
            ..Default::default()
        }
        .into(),
        etag: node.etag.clone(),
        request_id: request_id.to_owned(),
        validate_only: args.change.dry_run,
        ..Default::default()
    };
    Ok(client.nodes().update_node(request).await?.into_owned())
}

async fn read(client: &Client, id: &str) -> Result<Node, ConnectError> {
    let request = GetNodeRequest {
        id: id.to_owned(),
        ..Default::default()
    };
    Ok(client.nodes().get_node(request).await?.into_owned())
}
