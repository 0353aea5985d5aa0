use super::compare::Operator;

/// One word of a filter, and where it begins (in bytes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) at: usize,
    pub(super) is: Lexeme<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lexeme<'a> {
    Open,
    Close,
    Operator(Operator),
    /// `-` before a term.
    Minus,
    /// Text without quotes: a field, a keyword or a value.
    Bare(&'a str),
    /// Text that was in quotes.
    Quoted(String),
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) at: usize,
    pub(super) what: String,
}

/// Cuts a filter into words. After an operator a value follows, in which `:`, `-` and the like are letters (times
/// have them); elsewhere they are not.
pub(super) fn lex(text: &str) -> Result<Vec<Token<'_>>, Mistake> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        if next.is_whitespace() {
            at += next.len_utf8();
            continue;
        }
        let rest = &text[at..];
        let after_operator = tokens.last().is_some_and(|t| matches!(t.is, Lexeme::Operator(_)));
        let (is, length) = match next {
            '(' => (Lexeme::Open, 1),
            ')' => (Lexeme::Close, 1),
            '"' | '\'' => quoted(rest, next).map_err(|what| Mistake { at, what })?,
            '-' if !after_operator => (Lexeme::Minus, 1),
            _ => match operator(rest) {
                Some(found) => found,
                None => {
                    let bare = bare(rest, after_operator);
                    (Lexeme::Bare(bare), bare.len())
                }
            },
        };
        if length == 0 {
            let what = format!("{next:?} cannot stand here");
            return Err(Mistake { at, what });
        }
        tokens.push(Token { at, is });
        at += length;
    }
    Ok(tokens)
}

fn operator(rest: &str) -> Option<(Lexeme<'static>, usize)> {
    let found = Operator::ALL
        .iter()
        .find(|(spelling, _)| rest.starts_with(spelling));
    found.map(|(spelling, operator)| (Lexeme::Operator(*operator), spelling.len()))
}

/// Up to the next character that ends a word.
fn bare(rest: &str, value: bool) -> &str {
    let ends = |c: char| {
        c.is_whitespace()
            || matches!(c, '(' | ')' | '"' | '\'')
            || (!value && matches!(c, '=' | '!' | '<' | '>' | ':'))
    };
    let end = rest.find(ends).unwrap_or(rest.len());
    &rest[..end]
}

/// Text in quotes, in which a backslash takes the next character as it is; and the length with the quotes.
fn quoted(rest: &str, quote: char) -> Result<(Lexeme<'static>, usize), String> {
    let mut text = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some((_, letter)) => text.push(letter),
                None => break,
            },
            letter if letter == quote => return Ok((Lexeme::Quoted(text), at + quote.len_utf8())),
            letter => text.push(letter),
        }
    }
    Err(format!("the text that begins here has no closing {quote}"))
}
