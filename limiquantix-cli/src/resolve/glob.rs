//! Globs over names: `*` any text, `?` one character, `[a-c]` one of these, `[!a-c]` none of these.

/// Tells a glob from a name. Names never hold these characters.
pub(super) fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// True if the whole name matches.
///
/// Takes time proportional to pattern times name: on a mismatch only the last `*` is tried again, one
/// character further, because whatever an earlier one could swallow the last one can, too.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut last_star = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            last_star = Some((p, n));
            p += 1;
        } else if let Some(next) = one(&pattern[p..], name[n]) {
            p += next;
            n += 1;
        } else if let Some((star, from)) = last_star {
            last_star = Some((star, from + 1));
            p = star + 1;
            n = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How much of the pattern the character takes; none if it does not match.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => match class(&pattern[1..], c) {
            Some((matches, length)) => matches.then_some(length + 1),
            // Never closed: an ordinary bracket.
            None => (c == '[').then_some(1),
        },
        literal => (*literal == c).then_some(1),
    }
}

/// Whether the class holds the character, and how long it is with its closing bracket.
fn class(pattern: &[char], c: char) -> Option<(bool, usize)> {
    let negated = matches!(pattern.first(), Some('!' | '^'));
    let begin = usize::from(negated);
    // A bracket that comes first is a member, not the end.
    let end = begin + 1 + pattern.get(begin + 1..)?.iter().position(|c| *c == ']')?;
    let mut members = &pattern[begin..end];
    let mut found = false;
    while let Some(first) = members.first() {
        let (last, length) = match members {
            [_, '-', last, ..] => (last, 3),
            _ => (first, 1),
        };
        found |= (first..=last).contains(&&c);
        members = &members[length..];
    }
    Some((found != negated, end + 1))
}
