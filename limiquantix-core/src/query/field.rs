use std::borrow::Cow;

use crate::resource::Object;
use crate::time::Timestamp;

/// A field that filters may name.
#[derive(Clone, Copy)]
pub(super) struct Field {
    /// Its path, as the API spells it.
    pub(super) path: &'static str,
    /// A shorter name for it.
    pub(super) alias: Option<&'static str>,
    pub(super) of: FieldType,
    /// The index that finds objects by it.
    pub(super) index: Option<Index>,
    pub(super) read: for<'a> fn(&'a Object) -> Value<'a>,
}

/// What can be compared with a field, and how.
#[derive(Debug, Clone, Copy)]
pub enum FieldType {
    /// Text: `=`, `!=`, with `*` for anything at either end, and `:` for "contains".
    Text,
    /// One of these words: `=`, `!=`.
    Choice(fn() -> Vec<&'static str>),
    /// Several texts: `:` for "one of them is".
    Texts,
    /// A whole number: all comparisons.
    Number,
    /// `true` or `false`: `=`, `!=`.
    Flag,
    /// An RFC 3339 time: all comparisons.
    Time,
}

/// A field, for documentation and completion.
#[derive(Debug, Clone, Copy)]
pub struct FieldInfo {
    /// Its path, as the API spells it.
    pub path: &'static str,
    /// A shorter name for it.
    pub alias: Option<&'static str>,
    /// Its type.
    pub of: FieldType,
}

/// The selector's condition that an equality is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    Name,
    Project,
    Node,
    Phase,
}

/// What an object has in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Missing,
    Text(Cow<'a, str>),
    Texts(Vec<Cow<'a, str>>),
    Number(i64),
    Flag(bool),
    Time(Timestamp),
}

impl<'a> Value<'a> {
    pub(super) fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// Text that is missing where it is empty, as the API leaves empty fields out.
    pub(super) fn filled(text: &'a str) -> Self {
        match text {
            "" => Self::Missing,
            text => Self::text(text),
        }
    }

    pub(super) fn shown(value: impl std::fmt::Display) -> Self {
        Self::Text(Cow::Owned(value.to_string()))
    }

    pub(super) fn texts(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Texts(texts.into_iter().map(Cow::Borrowed).collect())
    }

    pub(super) fn number(number: impl Into<i64>) -> Self {
        Self::Number(number.into())
    }

    pub(super) fn time(time: Option<Timestamp>) -> Self {
        time.map_or(Self::Missing, Self::Time)
    }
}
