//! `lqx api`: any call, by name, in JSON.

mod methods;
#[cfg(test)]
mod tests;

use std::io::Read;

use methods::{Method, Methods, Shape};

use crate::app::App;
use crate::client::Raw;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Format, Table};

/// Which call.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lqx api VMService/ListVMs
  lqx api GetVM '{\"name\": \"web\"}'
  lqx api /limiquantix.compute.v1.VMService/WatchVM '{\"initial\": true}'
  lqx api CreateVM @vm.json")]
pub(crate) struct Args {
    /// Method, as short as is unambiguous. None: list what there is
    #[arg(value_name = "CALL")]
    call: Option<String>,
    /// The request as a JSON object; @FILE reads it from a file, - from standard input
    #[arg(default_value = "{}", value_name = "JSON")]
    body: String,
}

/// Runs `lqx api`.
pub(crate) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let methods = Methods::load()?;
    let Some(call) = &args.call else {
        list(app, &methods)?;
        return Ok(Exit::Ok);
    };
    let method = methods.find(call)?;
    let raw = Raw {
        path: method.path(),
        body: body(&args.body)?,
    };
    let client = app.client()?;
    match method.shape {
        Shape::Unary => {
            let answer = client.call_raw(&raw).await?;
            print(app, &answer, false)?;
        }
        Shape::ServerStream => {
            client
                .stream_raw(&raw, |message| print(app, message, true))
                .await?;
        }
        Shape::ClientStream => {
            let message = format!(
                "{} takes a stream of requests, which has no JSON form",
                method.path()
            );
            let fix = if method.name == "Console" {
                "lqx console NAME"
            } else {
                ""
            };
            return Err(Failure::usage(message).fix(fix));
        }
    }
    Ok(Exit::Ok)
}

/// Prints a message: as it came, unless a format was asked for. A stream's is one line even then.
fn print(app: &App, message: &str, streamed: bool) -> Result<(), Failure> {
    let format = app.out.format();
    if matches!(format, Format::Yaml | Format::JsonPath(_)) || (*format == Format::Json && !streamed) {
        let value: serde_json::Value = serde_json::from_str(message)
            .map_err(|error| Failure::internal(format!("the answer is not JSON: {error}")))?;
        if streamed && *format == Format::Yaml {
            app.out.data("---")?;
        }
        return app.out.message(&value);
    }
    app.out.data(message)
}

/// The request, checked to be a JSON object and nothing more: whether it fits is for the server to say.
fn body(text: &str) -> Result<String, Failure> {
    let mut read = String::new();
    let (text, source) = match text.strip_prefix('@') {
        Some(path) => {
            let file = std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut read));
            file.map_err(|error| Failure::usage(format!("cannot read {path}: {error}")))?;
            (read.as_str(), path)
        }
        None if text == "-" => {
            let input = std::io::stdin().lock().read_to_string(&mut read);
            input.map_err(|error| Failure::usage(format!("cannot read standard input: {error}")))?;
            (read.as_str(), "standard input")
        }
        None => (text, "the request"),
    };
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(_)) => Ok(text.to_owned()),
        Ok(_) => Err(Failure::usage(format!("{source} is not a JSON object"))),
        Err(error) => Err(Failure::usage(format!("{source} is not JSON: {error}"))),
    }
}

fn list(app: &App, methods: &Methods) -> Result<(), Failure> {
    let mut table = Table::new(["METHOD", "REQUEST", "RESPONSE"]);
    for Method {
        service,
        name,
        input,
        output,
        shape,
    } in methods.all()
    {
        let streamed = |is: bool| if is { "stream " } else { "" };
        let request = format!("{}{input}", streamed(*shape == Shape::ClientStream));
        let response = format!("{}{output}", streamed(*shape != Shape::Unary));
        table.add([
            Cell::new(format!("{service}/{name}")),
            Cell::new(request),
            Cell::new(response),
        ]);
    }
    app.out.table(&table)
}
