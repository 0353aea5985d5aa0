use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::resource::Object;

/// In which order a list is (AIP-132). Ties between names are broken by id, so every order is total, and a page can
/// begin after any object of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// By what.
    pub by: OrderBy,
    /// From the greatest to the least.
    pub descending: bool,
}

/// By what a list is ordered. Only what stores have an index for: a page must not cost a sort of everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderBy {
    /// By id, which is by age: ids are time-ordered.
    #[default]
    Id,
    /// By name, as its bytes compare. What has no name is left out.
    Name,
}

/// Between id and name in a [`cursor`](Order::cursor). Neither has control characters.
const SEPARATOR: char = '\0';

impl Order {
    /// Reads an order as the API spells it: `create_time`, `name`, each with ` desc` after it or not; blank is the
    /// first.
    ///
    /// # Errors
    ///
    /// `INVALID_FIELD` for `order_by`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut words = text.split_whitespace();
        let by = match words.next() {
            None | Some("create_time" | "created_at" | "id") => OrderBy::Id,
            Some("name") => OrderBy::Name,
            Some(other) => return Err(unknown(other)),
        };
        let descending = match (words.next(), words.next()) {
            (None, _) | (Some("asc"), None) => false,
            (Some("desc"), None) => true,
            (Some(other), _) => return Err(unknown(other)),
        };
        Ok(Self { by, descending })
    }

    /// The place just after `object`: what [`PageRequest::after`](crate::contract::PageRequest::after) takes.
    pub fn cursor(self, object: &Object) -> String {
        let id = object.key().id;
        match self.by {
            OrderBy::Id => id.to_string(),
            OrderBy::Name => format!("{id}{SEPARATOR}{}", object.index().name.unwrap_or_default()),
        }
    }

    /// The name (empty for an order by id) and the id that a cursor says.
    pub fn place(self, cursor: &str) -> (&str, &str) {
        match (self.by, cursor.split_once(SEPARATOR)) {
            (OrderBy::Name, Some((id, name))) => (name, id),
            (OrderBy::Name, None) => ("", cursor),
            (OrderBy::Id, _) => ("", cursor),
        }
    }

    /// What an object is sorted by.
    pub fn key(self, object: &Object) -> (String, std::sync::Arc<str>) {
        let name = match self.by {
            OrderBy::Id => String::new(),
            OrderBy::Name => object.index().name.unwrap_or_default().to_owned(),
        };
        (name, object.key().id)
    }
}

fn unknown(word: &str) -> Error {
    let shown: String = word.chars().take(64).collect();
    let message = format!("order_by is create_time or name, either followed by desc; not {shown:?}");
    Error::invalid("order_by", message)
}
