use super::FILTER_MAX;
use super::compare::{Operator, Wanted};
use super::expression::Expression;
use super::field::{Field, FieldType};
use super::fields::{find, names};
use super::lexer::{Lexeme, Mistake, Token, lex};
use crate::error::{Error, Result};
use crate::resource::Kind;
use crate::time::Timestamp;

/// Parentheses and negations within each other: more than anybody writes, and far less than the stack holds.
const DEPTH_MAX: usize = 16;
/// Comparisons in a filter; each is made for every object that is looked at.
const COMPARISONS_MAX: usize = 64;

/// Reads a filter for objects of `kind`.
///
/// ```text
///  expression = factor { [ "AND" ] factor }          as in AIP-160, OR binds tighter than AND
///  factor     = term { "OR" term }
///  term       = [ "NOT" | "-" ] simple
///  simple     = "(" expression ")" | field operator value
/// ```
pub(super) fn parse(kind: Kind, text: &str) -> Result<Expression> {
    if text.len() > FILTER_MAX {
        let message = format!(
            "the filter has {} bytes; at most {FILTER_MAX} are read",
            text.len()
        );
        return Err(Error::invalid("filter", message));
    }
    let refuse = |m: Mistake| {
        let before = text.get(..m.at).unwrap_or(text);
        let message = format!("filter, at character {}: {}", before.chars().count() + 1, m.what);
        Error::invalid("filter", message)
    };
    let mut parser = Parser {
        kind,
        tokens: lex(text).map_err(refuse)?,
        next: 0,
        end: text.len(),
        comparisons: 0,
    };
    let expression = parser.expression(0).map_err(refuse)?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(refuse(
            parser.mistake("nothing may follow here; is a parenthesis missing before?"),
        )),
    }
}

struct Parser<'a> {
    kind: Kind,
    tokens: Vec<Token<'a>>,
    next: usize,
    end: usize,
    comparisons: usize,
}

type Parsed<T> = std::result::Result<T, Mistake>;

impl<'a> Parser<'a> {
    fn expression(&mut self, depth: usize) -> Parsed<Expression> {
        let mut parts = vec![self.factor(depth)?];
        loop {
            if self.keyword("AND") {
                parts.push(self.factor(depth)?);
            } else if self.peek().is_some_and(|next| *next != Lexeme::Close) {
                // Side by side means the same.
                parts.push(self.factor(depth)?);
            } else {
                return Ok(one_or(parts, Expression::All));
            }
        }
    }

    fn factor(&mut self, depth: usize) -> Parsed<Expression> {
        let mut parts = vec![self.term(depth)?];
        while self.keyword("OR") {
            parts.push(self.term(depth)?);
        }
        Ok(one_or(parts, Expression::Any))
    }

    fn term(&mut self, depth: usize) -> Parsed<Expression> {
        if depth >= DEPTH_MAX {
            return Err(self.mistake(&format!("more than {DEPTH_MAX} levels within each other")));
        }
        if self.keyword("NOT") || self.take(&Lexeme::Minus) {
            return Ok(Expression::Not(Box::new(self.term(depth + 1)?)));
        }
        if self.take(&Lexeme::Open) {
            let inner = self.expression(depth + 1)?;
            return match self.take(&Lexeme::Close) {
                true => Ok(inner),
                false => Err(self.mistake("a closing parenthesis is expected")),
            };
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed<Expression> {
        self.comparisons += 1;
        if self.comparisons > COMPARISONS_MAX {
            return Err(self.mistake(&format!("more than {COMPARISONS_MAX} comparisons")));
        }
        let at = self.at();
        let Some(Lexeme::Bare(path)) = self.peek().cloned() else {
            return Err(self.mistake("a field is expected, as in: state = running"));
        };
        self.next += 1;
        let Some(Lexeme::Operator(operator)) = self.peek().cloned() else {
            return Err(self.mistake(&format!("after {path:?} one of = != < <= > >= : is expected")));
        };
        self.next += 1;
        if let Some(key) = path.strip_prefix("labels.") {
            return self.label(at, key, operator);
        }
        if path == "labels" && operator == Operator::Has {
            let (key, _) = self.value()?;
            return Ok(Expression::HasLabel(key));
        }
        let Some(field) = find(self.kind, path) else {
            let what = format!(
                "{path:?} is not a field of a {}; there are {}",
                self.kind,
                names(self.kind)
            );
            return Err(Mistake { at, what });
        };
        let value_at = self.at();
        let (value, quoted) = self.value()?;
        let wanted =
            wanted(field, operator, &value, quoted).map_err(|what| Mistake { at: value_at, what })?;
        Ok(Expression::Field(field, operator, wanted))
    }

    fn label(&mut self, at: usize, key: &str, operator: Operator) -> Parsed<Expression> {
        if key.is_empty() {
            let what = "the key of the label is missing, as in: labels.app = web".to_owned();
            return Err(Mistake { at, what });
        }
        let value_at = self.at();
        let (value, quoted) = self.value()?;
        if operator == Operator::Has && value == "*" && !quoted {
            return Ok(Expression::HasLabel(key.to_owned()));
        }
        let wanted = text(operator, &value, quoted).map_err(|what| Mistake { at: value_at, what })?;
        Ok(Expression::Label(key.to_owned(), operator, wanted))
    }

    /// A value, and whether it was in quotes.
    fn value(&mut self) -> Parsed<(String, bool)> {
        let value = match self.peek() {
            Some(Lexeme::Bare(value)) => ((*value).to_owned(), false),
            Some(Lexeme::Quoted(value)) => (value.clone(), true),
            _ => return Err(self.mistake("a value is expected; one with spaces or parentheses in quotes")),
        };
        self.next += 1;
        Ok(value)
    }

    fn peek(&self) -> Option<&Lexeme<'a>> {
        self.tokens.get(self.next).map(|token| &token.is)
    }

    fn take(&mut self, lexeme: &Lexeme<'_>) -> bool {
        let is_next = self.peek() == Some(lexeme);
        self.next += usize::from(is_next);
        is_next
    }

    fn keyword(&mut self, word: &str) -> bool {
        self.take(&Lexeme::Bare(word))
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |token| token.at)
    }

    fn mistake(&self, what: &str) -> Mistake {
        Mistake {
            at: self.at(),
            what: what.to_owned(),
        }
    }
}

fn one_or(mut parts: Vec<Expression>, many: fn(Vec<Expression>) -> Expression) -> Expression {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            many(parts)
        }
    }
}

/// The value as the field's type has it, if the operator goes with that type.
fn wanted(
    field: &Field,
    operator: Operator,
    value: &str,
    quoted: bool,
) -> std::result::Result<Wanted, String> {
    use Operator::{Equal, Has, NotEqual};
    let path = field.path;
    let only = |operators: &str| Err(format!("{path} can only be compared with {operators}"));
    match field.of {
        FieldType::Text => text(operator, value, quoted),
        FieldType::Texts if operator == Has => text(Equal, value, quoted),
        FieldType::Texts => only("the operator : (one of them is)"),
        FieldType::Choice(words) => match operator {
            Equal | NotEqual => {
                let words = words();
                let known = words.iter().find(|word| word.eq_ignore_ascii_case(value));
                let unknown = || {
                    format!(
                        "{value:?} is not a value of {path}; there are {}",
                        words.join(", ")
                    )
                };
                known.map(|word| Wanted::Choice(word)).ok_or_else(unknown)
            }
            _ => only("= and !="),
        },
        FieldType::Number if operator == Has => only("= != < <= > >="),
        FieldType::Number => {
            let number = value.parse().map(Wanted::Number);
            number.map_err(|_| format!("{path} is a whole number, and {value:?} is none"))
        }
        FieldType::Flag => match (operator, value) {
            (Equal | NotEqual, "true") => Ok(Wanted::Flag(true)),
            (Equal | NotEqual, "false") => Ok(Wanted::Flag(false)),
            (Equal | NotEqual, _) => Err(format!("{path} is true or false, and {value:?} is neither")),
            _ => only("= and !="),
        },
        FieldType::Time if operator == Has => only("= != < <= > >="),
        FieldType::Time => {
            let time = Timestamp::parse_rfc3339(value).map(Wanted::Time);
            time.ok_or_else(|| {
                format!("{path} is a time such as 2026-05-01T12:00:00Z, and {value:?} is none")
            })
        }
    }
}

fn text(operator: Operator, value: &str, quoted: bool) -> std::result::Result<Wanted, String> {
    match operator {
        // In quotes an asterisk is an asterisk.
        Operator::Equal | Operator::NotEqual if value.contains('*') && !quoted => {
            Ok(Wanted::Pattern(value.split('*').map(str::to_owned).collect()))
        }
        Operator::Equal | Operator::NotEqual | Operator::Has => Ok(Wanted::Text(value.to_owned())),
        _ => Err("text can only be compared with = != and : (contains)".to_owned()),
    }
}
