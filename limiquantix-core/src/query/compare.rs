use super::field::Value;
use crate::time::Timestamp;

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Has,
}

impl Operator {
    /// Every operator with its spelling. Where one begins with another, the longer is first.
    pub(super) const ALL: [(&'static str, Self); 7] = [
        ("!=", Self::NotEqual),
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("=", Self::Equal),
        ("<", Self::Less),
        (">", Self::Greater),
        (":", Self::Has),
    ];
}

/// What a value is compared with, of the field's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Text(String),
    /// Text with `*` in it: its pieces, between which anything may be.
    Pattern(Vec<String>),
    Choice(&'static str),
    Number(i64),
    Flag(bool),
    Time(Timestamp),
}

/// Whether `value` compares so with `wanted`. What is missing compares with nothing, not even as unequal (AIP-160:
/// a comparison with a field that is not set does not match).
pub(super) fn holds(value: &Value<'_>, operator: Operator, wanted: &Wanted) -> bool {
    match (value, wanted) {
        (Value::Missing, _) => false,
        (Value::Texts(values), wanted) => values.iter().any(|value| text(value, Operator::Equal, wanted)),
        (Value::Text(value), wanted) => text(value, operator, wanted),
        (Value::Number(value), Wanted::Number(wanted)) => ordered(value, operator, wanted),
        (Value::Time(value), Wanted::Time(wanted)) => ordered(value, operator, wanted),
        (Value::Flag(value), Wanted::Flag(wanted)) => ordered(value, operator, wanted),
        // The parser gives every field what its type says.
        _ => false,
    }
}

fn text(value: &str, operator: Operator, wanted: &Wanted) -> bool {
    match (operator, wanted) {
        (Operator::Has, Wanted::Text(part)) => value.contains(part.as_str()),
        (Operator::NotEqual, wanted) => !text(value, Operator::Equal, wanted),
        (_, Wanted::Text(wanted)) => value == wanted,
        (_, Wanted::Choice(wanted)) => value == *wanted,
        (_, Wanted::Pattern(pieces)) => fits(value, pieces),
        _ => false,
    }
}

fn ordered<T: Ord>(value: &T, operator: Operator, wanted: &T) -> bool {
    match operator {
        Operator::Equal | Operator::Has => value == wanted,
        Operator::NotEqual => value != wanted,
        Operator::Less => value < wanted,
        Operator::AtMost => value <= wanted,
        Operator::Greater => value > wanted,
        Operator::AtLeast => value >= wanted,
    }
}

/// Whether `value` is the pieces in order with anything in between. Taking each piece where it first occurs is
/// enough: a later place would only leave less room for those that follow.
fn fits(value: &str, pieces: &[String]) -> bool {
    let [first, middle @ .., last] = pieces else {
        return pieces.first().is_some_and(|only| only == value);
    };
    let Some(mut rest) = value.strip_prefix(first.as_str()) else {
        return false;
    };
    for piece in middle {
        match rest.find(piece.as_str()) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}
