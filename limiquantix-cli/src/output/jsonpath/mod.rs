//! The part of JSONPath that scripts use: `.vms[0].status.ipAddresses[*]`, with or without kubectl's
//! braces and the leading `$` of RFC 9535.
//!
//! ```text
//! path  = [ "$" ] step*
//! step  = "." name | "['" text "']" | "[" index "]" | "[*]" | ".*"
//! ```
//!
//! A negative index counts from the end. What is not there selects nothing and is no error, because the
//! API leaves out fields at their default. Deliberately absent: filters, slices, `..`; that is jq's work.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A parsed path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Index(i64),
    Every,
}

impl Path {
    /// What the path selects, in document order.
    pub(crate) fn select<'a>(&self, document: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![document];
        for step in &self.steps {
            found = found.into_iter().flat_map(|value| step.select(value)).collect();
        }
        found
    }
}

impl Step {
    fn select<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Self::Field(name), Value::Object(fields)) => fields.get(name).into_iter().collect(),
            (Self::Index(index), Value::Array(items)) => {
                let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let index = if *index < 0 { index + length } else { *index };
                usize::try_from(index)
                    .ok()
                    .and_then(|index| items.get(index))
                    .into_iter()
                    .collect()
            }
            (Self::Every, Value::Array(items)) => items.iter().collect(),
            (Self::Every, Value::Object(fields)) => fields.values().collect(),
            _ => Vec::new(),
        }
    }
}

impl FromStr for Path {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let inner = text
            .strip_prefix('{')
            .and_then(|inner| inner.strip_suffix('}'))
            .unwrap_or(text);
        let mut rest = inner.strip_prefix('$').unwrap_or(inner);
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, tail) = step(rest).ok_or_else(|| {
                format!("{text:?} is not a path such as .vms[*].name: {rest:?} is not understood")
            })?;
            steps.extend(step);
            rest = tail;
        }
        Ok(Self {
            text: text.to_owned(),
            steps,
        })
    }
}

/// The first step of `text` and what follows it. A lone dot is the document itself.
fn step(text: &str) -> Option<(Option<Step>, &str)> {
    if text == "." {
        return Some((None, ""));
    }
    if let Some(rest) = text.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        return match name {
            // `.[0]` and `.["a"]`, as jq writes them.
            "" if tail.starts_with('[') => Some((None, tail)),
            "" => None,
            "*" => Some((Some(Step::Every), tail)),
            name if name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') => {
                Some((Some(Step::Field(name.to_owned())), tail))
            }
            _ => None,
        };
    }
    let rest = text.strip_prefix('[')?;
    for quote in ['\'', '"'] {
        if let Some(quoted) = rest.strip_prefix(quote) {
            let (name, tail) = quoted.split_once(quote)?;
            return Some((Some(Step::Field(name.to_owned())), tail.strip_prefix(']')?));
        }
    }
    let (index, tail) = rest.split_once(']')?;
    let step = if index == "*" {
        Step::Every
    } else {
        Step::Index(index.parse().ok()?)
    };
    Some((Some(step), tail))
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
