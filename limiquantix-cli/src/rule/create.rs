//! `lqx rule create`.

use limiquantix_proto::cluster::v1::{CreateRuleRequest, RuleKind, RuleSpec};

use crate::app::App;
use crate::client::{new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;
use crate::vm::label;

/// What rules do, as people type it.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// Its VMs are on a node together
    Together,
    /// No two of its VMs are on one node
    Apart,
    /// Its VMs are on the named nodes
    OnNodes,
    /// Its VMs are on none of the named nodes
    OffNodes,
}

/// What to create.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name, unique in the project
    #[arg(value_name = "NAME")]
    name: String,
    /// What it does
    #[arg(long, value_name = "KIND")]
    kind: Kind,
    /// The rule is about VMs with this label; again: and with that
    #[arg(long, value_name = "KEY=VALUE", value_parser = label, conflicts_with = "vms")]
    vm_label: Vec<(String, String)>,
    /// The rule is about these VMs: names, ids, unique prefixes or globs
    #[arg(long = "vm", value_name = "NAME")]
    vms: Vec<String>,
    /// Nodes with this label; again: and with that
    #[arg(long, value_name = "KEY=VALUE", value_parser = label, conflicts_with = "nodes")]
    node_label: Vec<(String, String)>,
    /// These nodes: names, ids, unique prefixes or globs
    #[arg(long = "node", value_name = "NAME")]
    nodes: Vec<String>,
    /// Prefer, by this weight of 1 to 100 beside other preferences, rather than require
    #[arg(long, value_name = "WEIGHT")]
    prefer: Option<i32>,
    /// Free text for people
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// Label of the rule itself; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let vms = resolve::vms(app, &client, &args.vms).await?;
    let nodes = resolve::nodes(&client, &args.nodes).await?;
    let request = CreateRuleRequest {
        name: args.name.clone(),
        project_id: app.project(),
        labels: args.labels.iter().cloned().collect(),
        spec: RuleSpec {
            description: args.description.clone(),
            kind: match args.kind {
                Kind::Together => RuleKind::VmAffinity,
                Kind::Apart => RuleKind::VmAntiAffinity,
                Kind::OnNodes => RuleKind::NodeAffinity,
                Kind::OffNodes => RuleKind::NodeAntiAffinity,
            }
            .into(),
            required: args.prefer.is_none(),
            weight: args.prefer.unwrap_or_default(),
            vm_ids: vms.into_iter().map(|vm| vm.id).collect(),
            vm_labels: args.vm_label.iter().cloned().collect(),
            node_ids: nodes.into_iter().map(|node| node.id).collect(),
            node_labels: args.node_label.iter().cloned().collect(),
            ..Default::default()
        }
        .into(),
        request_id: new_request_id(),
        validate_only: args.dry_run,
        ..Default::default()
    };
    let service = client.rules();
    let made = retrying(async || service.create_rule(request.clone()).await).await?;
    match args.dry_run {
        true => app
            .out
            .talk(&format!("would create rule {}; nothing was changed", args.name)),
        false => app.out.talk(&format!("created rule {}", args.name)),
    }
    app.out.outcome(&made.into_owned())?;
    Ok(Exit::Ok)
}
