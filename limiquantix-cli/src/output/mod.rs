//! The only place that prints. Data goes to standard output, talk to standard error.
//!
//! ```text
//! message ─┬─ json, yaml, jsonpath   exactly the API's message
//!          ├─ csv, name              its columns as plain values; its name
//!          └─ table, wide            its columns, made readable
//! ```

mod csv;
mod format;
mod jsonpath;
mod row;
mod screen;
mod table;
#[cfg(test)]
mod tests;

use std::cell::Cell as Flag;
use std::io::{IsTerminal, Write};
use std::time::SystemTime;

use serde::Serialize;

use crate::failure::Failure;

pub(crate) use format::Format;
pub(crate) use row::{Cell, Column, Row, Tone};
pub(crate) use table::Table;

/// How this run prints.
pub(crate) struct Output {
    format: Format,
    quiet: bool,
    colour_out: bool,
    colour_err: bool,
    interactive: bool,
    live: Flag<bool>,
}

impl Output {
    /// `plain` is `--no-color`; `NO_COLOR` and a dumb terminal count too.
    pub(crate) fn new(format: Format, quiet: bool, plain: bool) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let colour = !plain && !no_color && !dumb;
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        Self {
            format,
            quiet,
            colour_out: colour && out,
            colour_err: colour && err,
            interactive: err && !dumb,
            live: Flag::new(false),
        }
    }

    /// How data is to be printed.
    pub(crate) fn format(&self) -> &Format {
        &self.format
    }

    /// Colour is welcome on standard error.
    #[cfg(feature = "up")]
    pub(crate) fn has_colour(&self) -> bool {
        self.colour_err
    }

    /// Somebody is looking at standard error.
    pub(crate) fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Prints a list: `answer` is the message, `rows` are its items.
    pub(crate) fn list<T: Row>(&self, answer: &impl Serialize, rows: &[T]) -> Result<(), Failure> {
        match &self.format {
            Format::Table | Format::Wide if rows.is_empty() => {
                self.talk(&format!("no {}s", T::KIND));
                Ok(())
            }
            Format::Table | Format::Wide | Format::Csv | Format::Name => {
                // The server's order is that of creation, which nobody searches by.
                let mut rows: Vec<&T> = rows.iter().collect();
                rows.sort_by_key(|row| row.name());
                self.columns(&rows)
            }
            Format::Json | Format::Yaml | Format::JsonPath(_) => self.message(answer),
        }
    }

    /// Prints objects one by one, each in full.
    pub(crate) fn records<T: Row>(&self, rows: &[T]) -> Result<(), Failure> {
        match &self.format {
            Format::Table | Format::Wide => {
                let sections: Vec<String> = rows
                    .iter()
                    .map(|row| fields(&row.details(SystemTime::now())))
                    .collect();
                self.data(sections.join("\n").trim_end_matches('\n'))
            }
            Format::Csv | Format::Name => self.columns(&rows.iter().collect::<Vec<_>>()),
            Format::Yaml if rows.len() > 1 => rows.iter().try_for_each(|row| {
                self.data("---")?;
                self.message(row)
            }),
            Format::Json | Format::Yaml | Format::JsonPath(_) => {
                rows.iter().try_for_each(|row| self.message(row))
            }
        }
    }

    /// Prints the outcome of a change: nothing where a person looks, who has been told already.
    pub(crate) fn outcome<T: Row>(&self, row: &T) -> Result<(), Failure> {
        match self.format {
            Format::Table | Format::Wide => Ok(()),
            _ => self.records(std::slice::from_ref(row)),
        }
    }

    /// Prints a document without columns; `lines` are its fields for people.
    pub(crate) fn document(
        &self,
        document: &impl Serialize,
        lines: impl FnOnce() -> Vec<(&'static str, String)>,
    ) -> Result<(), Failure> {
        match &self.format {
            Format::Table | Format::Wide => self.data(fields(&lines()).trim_end_matches('\n')),
            Format::Csv => {
                let lines = lines();
                self.data(&csv::line(lines.iter().map(|(name, _)| *name)))?;
                self.data(&csv::line(lines.iter().map(|(_, value)| value.trim())))
            }
            Format::Name => lines().iter().try_for_each(|(name, _)| self.data(name)),
            Format::Json | Format::Yaml | Format::JsonPath(_) => self.message(document),
        }
    }

    /// Prints one change of a watched object; `answer` is the message of the stream.
    pub(crate) fn change<T: Row>(
        &self,
        answer: &impl Serialize,
        change: &str,
        row: &T,
    ) -> Result<(), Failure> {
        match &self.format {
            Format::Json => self.data(&serde_json::to_string(answer).map_err(|error| unprintable(&error))?),
            Format::Yaml => {
                self.data("---")?;
                self.message(answer)
            }
            Format::JsonPath(_) => self.message(answer),
            Format::Name => self.data(row.name()),
            Format::Csv => {
                let cells = T::columns()
                    .iter()
                    .map(|column| (column.cell)(row, SystemTime::now()).plain);
                self.data(&csv::line(std::iter::once(change.to_owned()).chain(cells)))
            }
            Format::Table | Format::Wide => {
                let wide = self.format == Format::Wide;
                let cells = T::columns().iter().filter(|column| wide || !column.wide);
                let mut line = format!("{change:<8}");
                for column in cells {
                    let cell = (column.cell)(row, SystemTime::now());
                    line.push_str("  ");
                    line.push_str(&table::padded(&cell, column.title.len().max(10), self.colour_out));
                }
                self.data(line.trim_end())
            }
        }
    }

    /// Prints a message as it is on the wire.
    pub(crate) fn message(&self, message: &impl Serialize) -> Result<(), Failure> {
        match &self.format {
            Format::Yaml => {
                let text = serde_yaml_ng::to_string(message);
                self.data(
                    text.map_err(|error| Failure::internal(error.to_string()))?
                        .trim_end_matches('\n'),
                )
            }
            Format::JsonPath(path) => {
                let value = serde_json::to_value(message).map_err(|error| unprintable(&error))?;
                path.select(&value).into_iter().try_for_each(|found| match found {
                    serde_json::Value::String(text) => self.data(text),
                    other => self.data(&other.to_string()),
                })
            }
            _ => self.data(&serde_json::to_string_pretty(message).map_err(|error| unprintable(&error))?),
        }
    }

    fn columns<T: Row>(&self, rows: &[&T]) -> Result<(), Failure> {
        if self.format == Format::Name {
            return rows.iter().try_for_each(|row| self.data(row.name()));
        }
        let now = SystemTime::now();
        let columns = T::columns()
            .iter()
            .filter(|column| self.format != Format::Table || !column.wide);
        let columns: Vec<&Column<T>> = columns.collect();
        let mut table = Table::new(columns.iter().map(|column| column.title));
        for row in rows {
            table.add(columns.iter().map(|column| (column.cell)(row, now)));
        }
        self.table(&table)
    }

    /// Prints a table; as CSV where that is asked for.
    pub(crate) fn table(&self, table: &Table) -> Result<(), Failure> {
        match self.format {
            Format::Csv => self.data(&table.csv()),
            _ => self.data(&table.text(self.colour_out)),
        }
    }

    /// Prints a line of data.
    pub(crate) fn data(&self, line: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}")?;
        Ok(())
    }

    /// Writes data as it is, at once.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()?;
        Ok(())
    }

    /// Says something, unless told to be quiet.
    pub(crate) fn talk(&self, line: &str) {
        if !self.quiet {
            self.say(line);
        }
    }

    /// Says something that must be read before an answer can be given, on the same line as the answer.
    pub(crate) fn ask(&self, question: &str) {
        self.clear();
        let mut err = std::io::stderr().lock();
        // Nobody is left to be told that standard error is closed.
        let _ = write!(err, "{question}").and_then(|()| err.flush());
    }

    /// Tells why something failed, quiet or not.
    pub(crate) fn failure(&self, failure: &Failure) {
        if failure.is_silent() {
            return;
        }
        let text = failure.to_string();
        match (self.colour_err, text.split_once(':')) {
            (true, Some((head, rest))) => self.say(&format!("{}:{rest}", Tone::Bad.paint(head))),
            _ => self.say(&text),
        }
    }

    /// A mark at the beginning of a line on standard error.
    pub(crate) fn mark(&self, good: bool) -> String {
        let (tone, mark) = if good {
            (Tone::Good, "✔")
        } else {
            (Tone::Bad, "✘")
        };
        if self.colour_err {
            tone.paint(mark)
        } else {
            mark.to_owned()
        }
    }

    /// Shows a line that the next one replaces. Only where somebody looks.
    pub(crate) fn live(&self, line: &str) {
        if !self.interactive || self.quiet {
            return;
        }
        let line = table::clipped(line, screen::width().saturating_sub(1));
        let mut err = std::io::stderr().lock();
        let _ = write!(err, "\r\x1b[K{line}").and_then(|()| err.flush());
        self.live.set(true);
    }

    /// Takes the replaceable line away.
    pub(crate) fn clear(&self) {
        if self.live.replace(false) {
            let mut err = std::io::stderr().lock();
            let _ = write!(err, "\r\x1b[K").and_then(|()| err.flush());
        }
    }

    fn say(&self, line: &str) {
        self.clear();
        // Nobody is left to be told that standard error is closed.
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

fn unprintable(error: &serde_json::Error) -> Failure {
    Failure::internal(format!("the answer cannot be printed: {error}"))
}

/// `name: value` lines with aligned values; a value of several lines stays in its column.
fn fields(lines: &[(&'static str, String)]) -> String {
    let shown = lines.iter().filter(|(_, value)| !value.is_empty());
    let width = shown.clone().map(|(name, _)| name.len() + 1).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in shown {
        let mut label = format!("{name}:");
        for line in value.lines() {
            text.push_str(format!("{label:width$}  {}", table::printable(line)).trim_end());
            text.push('\n');
            label.clear();
        }
    }
    text
}
