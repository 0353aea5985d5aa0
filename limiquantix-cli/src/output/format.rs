//! `-o`.

use std::fmt;
use std::str::FromStr;

use super::jsonpath::Path;

/// How data is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// The columns that people ask for first.
    Table,
    /// All columns.
    Wide,
    /// The API's message.
    Json,
    /// The API's message.
    Yaml,
    /// All columns as plain values, RFC 4180.
    Csv,
    /// One name per line.
    Name,
    /// The parts of the API's message that a path selects, one per line.
    JsonPath(Path),
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "table" => Self::Table,
            "wide" => Self::Wide,
            "json" => Self::Json,
            "yaml" => Self::Yaml,
            "csv" => Self::Csv,
            "name" => Self::Name,
            _ => match text.strip_prefix("jsonpath=") {
                Some(path) => Self::JsonPath(path.parse()?),
                None => {
                    let known = "table, wide, json, yaml, csv, name, jsonpath=PATH";
                    return Err(format!("{text:?} is not an output format; there are {known}"));
                }
            },
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "table",
            Self::Wide => "wide",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Csv => "csv",
            Self::Name => "name",
            Self::JsonPath(path) => return write!(f, "jsonpath={path}"),
        })
    }
}
