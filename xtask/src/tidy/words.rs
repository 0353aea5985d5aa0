//! Words that have no place in finished code: stubs, and paths of one person's machine.

use super::Finding;
use super::repository::Repository;

/// Stubs, in Rust files. Put together here so that this file does not hold them.
const STUBS: &[&str] = &[concat!("todo", "!("), concat!("unimpl", "emented!(")];

/// Beginnings of paths that exist on one machine only, in every text file.
const PLACES: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("../sha", "red"),
];

/// Looks through every line of every text file.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &repository.files {
        for (number, line) in (1..).zip(file.text.lines()) {
            let place = || format!("{}:{number}", file.path);
            if file.path.ends_with(".rs")
                && let Some(stub) = STUBS.iter().find(|stub| line.contains(**stub))
            {
                findings.push(Finding::new(
                    place(),
                    format!("holds `{stub}…)`: finish it, or return an error that says so"),
                ));
            }
            if let Some(path) = PLACES.iter().find(|path| begins_a_path(line, path)) {
                findings.push(Finding::new(
                    place(),
                    format!("holds a path of one machine (`{path}…`): make it relative or a parameter"),
                ));
            }
        }
    }
    findings
}

/// True if `path` stands in the line without being the middle of a longer path, such as `target/work/`.
fn begins_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-./}$".contains(c))
    })
}
