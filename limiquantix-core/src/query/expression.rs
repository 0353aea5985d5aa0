use super::compare::{Operator, Wanted, holds};
use super::field::{Field, Index, Value};
use crate::contract::Selector;
use crate::identity::ProjectId;
use crate::resource::Object;

/// A filter, read and checked.
#[derive(Clone)]
pub(super) enum Expression {
    /// Every one of these.
    All(Vec<Expression>),
    /// At least one of these.
    Any(Vec<Expression>),
    Not(Box<Expression>),
    /// A field compared with a value.
    Field(&'static Field, Operator, Wanted),
    /// A label compared with a value.
    Label(String, Operator, Wanted),
    /// A label that is there, whatever its value.
    HasLabel(String),
}

impl Expression {
    pub(super) fn holds(&self, object: &Object) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(object)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(object)),
            Self::Not(part) => !part.holds(object),
            Self::Field(field, operator, wanted) => holds(&(field.read)(object), *operator, wanted),
            Self::Label(key, operator, wanted) => {
                let value = object.labels().get(key);
                value.is_some_and(|value| holds(&Value::text(value), *operator, wanted))
            }
            Self::HasLabel(key) => object.labels().contains_key(key),
        }
    }

    /// Tells `selector` what this demands of every object. A condition that is there already stays: this one is
    /// still checked object by object.
    pub(super) fn narrow(&self, selector: &mut Selector) {
        match self {
            Self::All(parts) => parts.iter().for_each(|part| part.narrow(selector)),
            Self::Field(field, Operator::Equal, Wanted::Text(text)) => match field.index {
                Some(Index::Name) => {
                    selector.name.get_or_insert_with(|| text.clone());
                }
                Some(Index::Project) if selector.project.is_none() => {
                    selector.project = ProjectId::parse(field.path, text).ok();
                }
                Some(Index::Node) if selector.node.is_none() => selector.node = text.parse().ok(),
                _ => {}
            },
            Self::Field(field, Operator::Equal, Wanted::Choice(word))
                if field.index == Some(Index::Phase) && selector.phases.is_empty() =>
            {
                selector.phases.push(word);
            }
            Self::Label(key, Operator::Equal, Wanted::Text(text)) => {
                selector.labels.entry(key.clone()).or_insert_with(|| text.clone());
            }
            _ => {}
        }
    }
}
