//! Which objects of a list, and in which order: filter expressions (a subset of AIP-160) and orders (AIP-132).
//!
//! ```text
//!  "state = running AND labels.app = web*"
//!     ── lexer ──► tokens ── parse, with the fields of the kind ──► Expression ──► Filter
//!                                                                       │ narrow: what indexes can answer
//!                                                                       └ matches(object): the rest
//! ```
//!
//! A filter is checked against the fields of its kind when it is read, so a misspelt field is refused with the
//! names that exist instead of matching nothing. The language is documented for users in `docs/filters.md`.

mod compare;
mod expression;
mod field;
mod fields;
mod lexer;
mod order;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use crate::contract::Selector;
use crate::error::Result;
use crate::resource::{Kind, Object};

use expression::Expression;

pub use field::{FieldInfo, FieldType};
pub use fields::fields;
pub use order::{Order, OrderBy};

/// The longest filter, in bytes. People type a hundredth of it, and programs that need more want an index.
pub const FILTER_MAX: usize = 2048;

/// Says of every object of one kind whether it belongs to a list.
#[derive(Clone)]
pub struct Filter {
    kind: Kind,
    text: Arc<str>,
    expression: Arc<Expression>,
}

impl Filter {
    /// Reads an expression about objects of `kind`; nothing if it is blank.
    ///
    /// # Errors
    ///
    /// `INVALID_FIELD` for `filter`, with the place and what is expected there.
    pub fn parse(kind: Kind, text: &str) -> Result<Option<Self>> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let expression = Arc::new(parse::parse(kind, text)?);
        Ok(Some(Self {
            kind,
            text: text.into(),
            expression,
        }))
    }

    /// Whether `object` is of the kind and the expression is true for it.
    pub fn matches(&self, object: &Object) -> bool {
        object.kind() == self.kind && self.expression.holds(object)
    }

    /// Makes this filter part of `selector`, and tells its indexed conditions whatever the expression demands of
    /// every object anyway, so that a store looks where they are instead of at all.
    pub fn narrow(self, selector: &mut Selector) {
        self.expression.narrow(selector);
        selector.filter = Some(self);
    }

    /// The expression as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, &self.text) == (other.kind, &other.text)
    }
}

impl Eq for Filter {}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({}: {:?})", self.kind, self.text)
    }
}
