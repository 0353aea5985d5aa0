//! Decides which value counts.

use std::path::PathBuf;

use super::file::{Context, File};
use super::{Origin, Setting, Settings};
use crate::failure::Failure;
use crate::output::Format;
use crate::quantity;

/// Where the quickstart's server and `lqx up` listen.
pub(crate) const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

/// What the command line says; none where it says nothing.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    pub(crate) server: Option<String>,
    pub(crate) context: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) output: Option<String>,
    pub(crate) timeout: Option<String>,
}

/// Looks up an environment variable. A function, so that tests have an environment of their own.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Puts flags, environment, file and defaults together.
pub(crate) fn resolve(flags: Flags, environment: Environment<'_>) -> Result<Settings, Failure> {
    // An empty variable is how one unsets a variable for one command.
    let environment = |name: &str| environment(name).filter(|value| !value.is_empty());
    let directory = directory(&environment);
    let file = File::load(directory.as_deref())?;
    let context_name = choose_context(flags.context, environment("LQX_CONTEXT"), file.current.clone());
    let nothing = Context::default();
    let context = match &context_name {
        None => &nothing,
        Some(chosen) => find_context(&file, &chosen.value)?,
    };
    let pick = |flag: (Option<String>, &'static str), variable: &'static str, in_context: &Option<String>| {
        let from_flag = flag.0.map(|value| (value, Origin::Flag(flag.1)));
        let from_environment = || environment(variable).map(|value| (value, Origin::Environment(variable)));
        let from_context = || {
            let name = context_name
                .as_ref()
                .map(|chosen| chosen.value.clone())
                .unwrap_or_default();
            in_context.clone().map(|value| (value, Origin::Context(name)))
        };
        from_flag.or_else(from_environment).or_else(from_context)
    };
    let server = pick((flags.server, "--server"), "LQX_SERVER", &context.server);
    let project = pick((flags.project, "--project"), "LQX_PROJECT", &context.project);
    let output = pick((flags.output, "--output"), "LQX_OUTPUT", &context.output);
    let timeout = pick((flags.timeout, "--timeout"), "LQX_TIMEOUT", &context.timeout);
    let settings = Settings {
        server: parsed(server, DEFAULT_SERVER.to_owned(), |text| server_address(&text))?,
        project: parsed(project, String::new(), Ok)?,
        output: parsed(output, Format::Table, |text| text.parse())?,
        timeout: parsed(timeout, None, |text| quantity::duration(&text).map(Some))?,
        context: context_name,
        directory,
    };
    Ok(settings)
}

/// `$XDG_CONFIG_HOME/limiquantix`, or `~/.config/limiquantix`; none where there is no home.
fn directory(environment: Environment<'_>) -> Option<PathBuf> {
    // The XDG base directory specification: a relative path is to be ignored.
    let base = environment("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(PathBuf::from(environment("HOME")?).join(".config")))?;
    Some(base.join("limiquantix"))
}

fn choose_context(
    flag: Option<String>,
    variable: Option<String>,
    current: Option<String>,
) -> Option<Setting<String>> {
    let choices = [
        (flag, Origin::Flag("--context")),
        (variable, Origin::Environment("LQX_CONTEXT")),
        (current, Origin::File),
    ];
    choices.into_iter().find_map(|(value, origin)| {
        Some(Setting {
            value: value?,
            origin,
        })
    })
}

fn find_context<'a>(file: &'a File, name: &str) -> Result<&'a Context, Failure> {
    file.contexts.get(name).ok_or_else(|| {
        let known: Vec<&str> = file.contexts.keys().map(String::as_str).collect();
        let known = if known.is_empty() {
            "there is none".to_owned()
        } else {
            format!("there are {}", known.join(", "))
        };
        Failure::usage(format!("no context is named {name:?}; {known}")).fix("lqx config show --origin")
    })
}

fn parsed<T>(
    given: Option<(String, Origin)>,
    default: T,
    parse: impl FnOnce(String) -> Result<T, String>,
) -> Result<Setting<T>, Failure> {
    let Some((text, origin)) = given else {
        return Ok(Setting {
            value: default,
            origin: Origin::Default,
        });
    };
    match parse(text) {
        Ok(value) => Ok(Setting { value, origin }),
        Err(wrong) => Err(Failure::usage(format!("{wrong} (from {origin})"))),
    }
}

/// Checks the address and brings it into the one form that tokens are filed under.
fn server_address(text: &str) -> Result<String, String> {
    let bad = || format!("{text:?} is not a server address such as {DEFAULT_SERVER}");
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let uri: http::Uri = full.parse().map_err(|_| bad())?;
    let authority = uri.authority().ok_or_else(bad)?;
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return Err(bad());
    }
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => return Err(format!("{text:?}: this build of lqx speaks plain HTTP only")),
        _ => return Err(bad()),
    }
    if uri.path_and_query().is_some_and(|path| path.as_str() != "/") {
        return Err(format!("{text:?}: a server address has no path"));
    }
    Ok(format!("http://{authority}"))
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Context(name) => write!(f, "context {name}"),
            Self::File => f.write_str("configuration file"),
            Self::Default => f.write_str("default"),
        }
    }
}
