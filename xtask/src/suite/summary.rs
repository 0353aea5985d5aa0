//! Counting tests from what the runners print at their end.

use std::fmt;
use std::ops::Add;

/// How many tests did what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) passed: u32,
    pub(super) failed: u32,
    pub(super) skipped: u32,
}

impl Add for Summary {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// `Summary [   1.234s] 12 tests run: 10 passed (1 slow, 1 flaky), 1 failed, 1 timed out, 3 skipped`
pub(super) fn of_nextest(line: &str) -> Option<Summary> {
    let line = plain(line);
    let counts = line
        .trim_start()
        .strip_prefix("Summary [")?
        .split_once(" run: ")?
        .1;
    Some(count(&without_brackets(counts), ','))
}

/// `test result: FAILED. 3 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`
pub(super) fn of_cargo(line: &str) -> Option<Summary> {
    let line = plain(line);
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    Some(count(counts, ';'))
}

/// Adds up `NUMBER WORD` pairs. A test that timed out or could not be started has failed.
fn count(counts: &str, separator: char) -> Summary {
    let mut summary = Summary::default();
    for pair in counts.split(separator) {
        let Some((number, word)) = pair.trim().split_once(' ') else {
            continue;
        };
        let Ok(number) = number.parse::<u32>() else {
            continue;
        };
        match word.trim() {
            "passed" => summary.passed += number,
            "failed" | "timed out" | "exec failed" => summary.failed += number,
            "skipped" | "ignored" => summary.skipped += number,
            _ => {}
        }
    }
    summary
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => return depth == 0,
            }
            false
        })
        .collect()
}

/// The line without terminal colours: escape, bracket, digits and semicolons, a letter.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        if c == '\u{1b}' {
            for c in characters.by_ref() {
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            text.push(c);
        }
    }
    text
}
