//! `lqx node taint` and `lqx node untaint`.

use limiquantix_proto::compute::v1::{AddTaintRequest, RemoveTaintRequest, Taint, TaintEffect};

use super::change::{self, ChangeArgs};
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which node, and with what.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name, id, or unique prefix
    name: String,
    /// KEY[=VALUE]:EFFECT, the effect being no-schedule or prefer-no-schedule
    #[arg(value_name = "TAINT", value_parser = taint)]
    taint: Taint,
    #[command(flatten)]
    change: ChangeArgs,
}

/// Which node, and what of it.
#[derive(Debug, clap::Args)]
pub(crate) struct RemoveArgs {
    /// Name, id, or unique prefix
    name: String,
    /// KEY or KEY:EFFECT
    #[arg(value_name = "TAINT", value_parser = mark)]
    mark: Mark,
    #[command(flatten)]
    change: ChangeArgs,
}

/// What is said of marks that are to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) key: String,
    /// Unspecified: any.
    pub(super) effect: TaintEffect,
}

/// Reads `KEY[=VALUE]:EFFECT`, as kubectl(1) writes it.
pub(super) fn taint(text: &str) -> Result<Taint, String> {
    let (rest, effect) = text.rsplit_once(':').ok_or("expected KEY[=VALUE]:EFFECT")?;
    let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
    if key.is_empty() {
        return Err("the key is empty".to_owned());
    }
    Ok(Taint {
        key: key.to_owned(),
        value: value.to_owned(),
        effect: read_effect(effect)?.into(),
        ..Default::default()
    })
}

/// Reads `KEY` or `KEY:EFFECT`.
pub(super) fn mark(text: &str) -> Result<Mark, String> {
    let (key, effect) = match text.rsplit_once(':') {
        None => (text, TaintEffect::Unspecified),
        Some((key, effect)) => (key, read_effect(effect)?),
    };
    if key.is_empty() || key.contains('=') {
        return Err("expected KEY or KEY:EFFECT".to_owned());
    }
    let key = key.to_owned();
    Ok(Mark { key, effect })
}

fn read_effect(text: &str) -> Result<TaintEffect, String> {
    match text.replace(['-', '_'], "").to_ascii_lowercase().as_str() {
        "noschedule" => Ok(TaintEffect::NoSchedule),
        "prefernoschedule" => Ok(TaintEffect::PreferNoSchedule),
        _ => Err(format!(
            "{text:?} is no effect: no-schedule or prefer-no-schedule"
        )),
    }
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let node = resolve::node(&client, &args.name).await?;
    change::each(app, &[node], &args.change, "tainted", async |node, request_id| {
        let request = AddTaintRequest {
            id: node.id.clone(),
            taint: args.taint.clone().into(),
            request_id: request_id.to_owned(),
            validate_only: args.change.dry_run,
            ..Default::default()
        };
        Ok(client.nodes().add_taint(request).await?.into_owned())
    })
    .await
}

pub(super) async fn remove(app: &App, args: &RemoveArgs) -> Result<Exit, Failure> {
    let client = app.client()?;
    let node = resolve::node(&client, &args.name).await?;
    change::each(
        app,
        &[node],
        &args.change,
        "untainted",
        async |node, request_id| {
            let request = RemoveTaintRequest {
                id: node.id.clone(),
                key: args.mark.key.clone(),
                effect: args.mark.effect.into(),
                request_id: request_id.to_owned(),
                validate_only: args.change.dry_run,
                ..Default::default()
            };
            Ok(client.nodes().remove_taint(request).await?.into_owned())
        },
    )
    .await
}
