//! `lqx event`: what happened.

mod list;
mod row;
mod watch;

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Verbs of events.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List events, the newest last
    List(list::Args),
    /// Show events as they happen, for ever
    Watch(watch::Args),
}

/// Runs `lqx event`.
pub(crate) async fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(app, args).await,
        Command::Watch(args) => watch::run(app, args).await,
    }
}

/// Which events.
#[derive(Debug, clap::Args)]
pub(crate) struct FilterArgs {
    /// Only events about objects of this kind, such as vm or node
    #[arg(long = "type", value_name = "KIND")]
    resource_type: Option<String>,
    /// Only events about the object with this id
    #[arg(long, value_name = "ID", conflicts_with = "vm")]
    id: Option<String>,
    /// Only events about this VM: a name, an id, or a unique prefix
    #[arg(long, value_name = "NAME")]
    vm: Option<String>,
    /// Only events on or about this node: a name, an id, or a unique prefix
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// Only such events: vm_started, or started; may be given more than once
    #[arg(long = "event", value_name = "EVENT")]
    events: Vec<String>,
}

/// The same, as the API takes it.
struct Filter {
    resource_type: String,
    resource_id: String,
    event_types: Vec<String>,
    project_id: String,
    node_id: String,
}

impl FilterArgs {
    async fn read(&self, app: &App, client: &Client) -> Result<Filter, Failure> {
        let resource_id = match &self.vm {
            Some(name) => resolve::vm(app, client, name).await?.id,
            None => self.id.clone().unwrap_or_default(),
        };
        let node_id = match &self.node {
            Some(name) => resolve::node(client, name).await?.id,
            None => String::new(),
        };
        Ok(Filter {
            resource_type: self.resource_type.clone().unwrap_or_default(),
            resource_id,
            event_types: self.events.clone(),
            project_id: app.project(),
            node_id,
        })
    }
}
