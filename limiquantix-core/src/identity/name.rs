use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The longest name, in characters.
pub(crate) const NAME_MAX: usize = 255;

/// What people call a VM, a node or a pool: 1 to 255 characters; letters and digits of any script, and
/// inside the name also space, `.`, `_` and `-`.
///
/// Everything with a meaning to XML, shells, paths or terminals is refused here, once, so that no code
/// further down has to remember it. Quoting is still done properly there: this is the second fence.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// Checks `value`. `field` is the path to name in the error, for example `name` or `disks[0].name`.
    pub fn parse(field: &str, value: &str) -> Result<Self> {
        let count = value.chars().count();
        if count == 0 {
            return Err(Error::invalid(field, format!("{field} is required")));
        }
        if count > NAME_MAX {
            return Err(Error::invalid(
                field,
                format!("{field} too long: {count} characters, at most {NAME_MAX}"),
            ));
        }
        let inner = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-');
        if let Some(c) = value.chars().find(|c| !inner(*c)) {
            return Err(Error::invalid(
                field,
                format!("{field} contains {c:?}; allowed are letters, digits, space, '.', '_' and '-'"),
            ));
        }
        let ends = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        if !ends(value.chars().next()) || !ends(value.chars().last()) {
            return Err(Error::invalid(
                field,
                format!("{field} must begin and end with a letter or digit"),
            ));
        }
        Ok(Self(value.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A project's id: what people type, and never renamed. 1 to 63 characters of `a-z`, `0-9` and `-`,
/// beginning and ending with a letter or digit (the label rule of RFC 1123).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProjectId(String);

impl ProjectId {
    /// The project that exists from the start and is meant when none is named.
    pub const DEFAULT: &'static str = "default";

    /// Checks `value`; empty means the default project.
    pub fn parse(field: &str, value: &str) -> Result<Self> {
        if value.is_empty() {
            return Ok(Self(Self::DEFAULT.to_owned()));
        }
        let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = value.as_bytes();
        let fine = bytes.len() <= 63
            && bytes
                .iter()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
            && edge(bytes.first())
            && edge(bytes.last());
        if !fine {
            let rule = "1 to 63 characters of a-z, 0-9 and '-', beginning and ending with a letter or digit";
            return Err(Error::invalid(
                field,
                format!("{field} is not a project id: {rule}"),
            ));
        }
        Ok(Self(value.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ProjectId {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

/// The name of an image in a pool: a file name of 1 to 128 characters of ASCII letters, digits, `.`, `_`
/// and `-`, not beginning with a dot. It becomes one path component, hence the narrow alphabet.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageName(String);

impl ImageName {
    /// Checks `value`, naming `field` in the error.
    pub fn parse(field: &str, value: &str) -> Result<Self> {
        let fine = (1..=128).contains(&value.len())
            && value
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            && !value.starts_with(['.', '-']);
        if !fine {
            let rule = "1 to 128 characters of a-z, A-Z, 0-9, '.', '_' and '-', beginning with a letter, digit or '_'";
            return Err(Error::invalid(
                field,
                format!("{field} is not an image name: {rule}"),
            ));
        }
        Ok(Self(value.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text {
    ($($name:ident($field:literal)),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(&self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Debug::fmt(&self.0, f) }
        }
        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(value: String) -> Result<Self> { Self::parse($field, &value) }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self { value.0 }
        }
    )*};
}
text!(Name("name"), ProjectId("project_id"), ImageName("image"));
