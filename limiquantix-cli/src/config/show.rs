//! `lqx config show`: which settings count, and who said so.

use serde_json::{Map, Value, json};

use super::Settings;
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::quantity;

/// Looks at the configuration.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show the settings in use.
    Show {
        /// Also show where each value came from.
        #[arg(long)]
        origin: bool,
    },
}

/// Runs `lqx config`.
pub(crate) fn run(app: &App, command: &Command) -> Result<Exit, Failure> {
    let Command::Show { origin } = command;
    let rows = rows(&app.settings)?;
    let mut values = Map::new();
    let mut lines = Vec::new();
    for (name, value, from) in rows {
        let entry = if *origin {
            json!({"value": value, "origin": from})
        } else {
            json!(value)
        };
        values.insert(name.to_owned(), entry);
        let value = if value.is_empty() { "-" } else { &value };
        lines.push((
            name,
            if *origin {
                format!("{value:<30}  {from}")
            } else {
                value.to_owned()
            },
        ));
    }
    app.out.document(&Value::Object(values), || lines)?;
    Ok(Exit::Ok)
}

fn rows(settings: &Settings) -> Result<Vec<(&'static str, String, String)>, Failure> {
    let timeout = settings
        .timeout
        .value
        .map(quantity::show_elapsed)
        .unwrap_or_default();
    let context = settings.context.as_ref();
    let token = match (std::env::var_os("LQX_TOKEN").is_some(), settings.access_token()?) {
        (_, None) => (String::new(), "default"),
        (true, Some(_)) => ("set".to_owned(), "environment LQX_TOKEN"),
        (false, Some(_)) => ("set".to_owned(), "token file"),
    };
    let directory = settings
        .directory
        .as_ref()
        .map(|path| path.display().to_string())
        .unwrap_or_default();
    let directory_origin = match std::env::var_os("XDG_CONFIG_HOME").is_some() {
        true => "environment XDG_CONFIG_HOME",
        false => "default",
    };
    Ok(vec![
        (
            "context",
            context.map(|context| context.value.clone()).unwrap_or_default(),
            context.map_or("default".to_owned(), |context| context.origin.to_string()),
        ),
        (
            "server",
            settings.server.value.clone(),
            settings.server.origin.to_string(),
        ),
        (
            "project",
            settings.project.value.clone(),
            settings.project.origin.to_string(),
        ),
        (
            "output",
            settings.output.value.to_string(),
            settings.output.origin.to_string(),
        ),
        ("timeout", timeout, settings.timeout.origin.to_string()),
        ("token", token.0, token.1.to_owned()),
        ("directory", directory, directory_origin.to_owned()),
    ])
}
