//! `lqx alert create`.

use limiquantix_proto::alert::v1::{AlertSeverity, AlertSourceType, CreateAlertRequest};

use super::Severity;
use crate::app::App;
use crate::client::{new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// What is wrong.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What it is, on one line
    title: String,
    /// What was seen
    #[arg(short, long, value_name = "TEXT", default_value = "")]
    message: String,
    /// How bad it is
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    severity: Severity,
    /// It is about this VM
    #[arg(long, value_name = "NAME", conflicts_with = "node")]
    vm: Option<String>,
    /// It is about this node
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// Tells this trouble from others: while it lasts, raising it again only counts
    #[arg(long, value_name = "KEY", default_value = "")]
    key: String,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let (source_type, source_id) = match (&args.vm, &args.node) {
        (Some(name), _) => (AlertSourceType::Vm, resolve::vm(app, &client, name).await?.id),
        (None, Some(name)) => (AlertSourceType::Node, resolve::node(&client, name).await?.id),
        (None, None) => (AlertSourceType::System, String::new()),
    };
    let request = CreateAlertRequest {
        severity: AlertSeverity::from(args.severity).into(),
        title: args.title.clone(),
        message: args.message.clone(),
        source_type: source_type.into(),
        source_id,
        dedup_key: args.key.clone(),
        request_id: new_request_id(),
        validate_only: args.dry_run,
        ..Default::default()
    };
    let answer = retrying(async || client.alerts().create_alert(request.clone()).await).await?;
    let alert = answer.into_owned();
    match (args.dry_run, alert.count) {
        (true, _) => app.out.talk("would raise the alert"),
        (false, 1) => app.out.talk(&format!("raised alert {}", alert.id)),
        (false, count) => app
            .out
            .talk(&format!("alert {} was raised {count} times", alert.id)),
    }
    app.out.outcome(&alert)?;
    Ok(Exit::Ok)
}
