//! `lqx login`.

use std::io::{BufRead, IsTerminal, Read};

use limiquantix_proto::auth::v1::LoginRequest;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::config::Token;
use crate::console::terminal::Hidden;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::quantity::show_time;

/// Who.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// User name; asked for if it is not given
    #[arg(short, long, value_name = "NAME")]
    username: Option<String>,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
}

/// Runs `lqx login`.
pub(crate) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    if !args.password_stdin && !std::io::stdin().is_terminal() {
        return Err(Failure::usage("nobody is there to type a password").fix("lqx login --password-stdin"));
    }
    let username = match &args.username {
        Some(username) => username.clone(),
        None if args.password_stdin => {
            return Err(Failure::usage("--password-stdin needs --username"));
        }
        None => {
            app.out.ask("User name: ");
            line()?.trim().to_owned()
        }
    };
    let password = if args.password_stdin {
        piped()?
    } else {
        typed(app).await?
    };
    let request = LoginRequest {
        username: username.clone(),
        password,
        ..Default::default()
    };
    let answer = app.client()?.auth().login(request).await?.into_owned();
    let expires_at = show_time(answer.expires_at.as_option());
    let token = Token {
        username: username.clone(),
        access_token: answer.access_token,
        refresh_token: answer.refresh_token,
        expires_at: expires_at.clone(),
    };
    let path = app.settings.keep_token(token)?;
    app.out.talk(&format!(
        "logged in to {} as {username}",
        app.settings.server.value
    ));
    app.out
        .talk(&format!("token in {}, good until {expires_at}", path.display()));
    Ok(Exit::Ok)
}

fn line() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| unreadable(&error))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Everything up to the last line end, which `echo` adds.
fn piped() -> Result<String, Failure> {
    let mut password = String::new();
    std::io::stdin()
        .lock()
        .read_to_string(&mut password)
        .map_err(|error| unreadable(&error))?;
    let password = password.strip_suffix('\n').unwrap_or(&password);
    Ok(password.strip_suffix('\r').unwrap_or(password).to_owned())
}

/// A line that is not shown. Ctrl-C has to be waited for here: left to itself it would end the process
/// before the terminal is put back.
async fn typed(app: &App) -> Result<String, Failure> {
    app.out.ask("Password: ");
    // Before the terminal is changed: an interrupt in between would leave it so.
    let mut interrupt =
        signal(SignalKind::interrupt()).map_err(|error| Failure::internal(error.to_string()))?;
    let hidden = Hidden::new().map_err(|error| unreadable(&error))?;
    let typed = tokio::select! {
        typed = tokio::task::spawn_blocking(line) => Some(typed),
        _ = interrupt.recv() => None,
    };
    drop(hidden);
    // The line end that was not shown either.
    app.out.ask("\n");
    match typed {
        Some(typed) => typed.map_err(|error| Failure::internal(error.to_string()))?,
        None => Err(Failure::new(Exit::Interrupted, "", "nobody was logged in")),
    }
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::usage(format!("cannot read from standard input: {error}"))
}
