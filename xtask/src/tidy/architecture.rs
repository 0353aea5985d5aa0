//! Every crate has its paragraph in ARCHITECTURE.md.

use super::Finding;
use super::repository::Repository;

const PAGE: &str = "ARCHITECTURE.md";

/// Looks for each member, by name or by directory: a word of a heading, or in backticks at the beginning of a paragraph, list
/// item or table row.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let Some(page) = repository.text(PAGE) else {
        return vec![Finding::new(PAGE, "is missing: it is the map of this repository")];
    };
    let missing = repository
        .members
        .iter()
        .filter(|member| !has_paragraph(page, &member.name, &member.directory));
    missing
        .map(|member| Finding::new(PAGE, format!("has no heading or paragraph for `{}`", member.name)))
        .collect()
}

fn has_paragraph(page: &str, name: &str, directory: &str) -> bool {
    let is_it = |word: &str| word == name || word.trim_end_matches('/') == directory;
    page.lines().any(|line| {
        if line.starts_with('#') {
            return line.split([' ', ',', '`', ':', '(', ')']).any(is_it);
        }
        let text = line.trim_start_matches(['*', '-', '|', ' ', '[']);
        text.strip_prefix('`')
            .and_then(|text| text.split('`').next())
            .is_some_and(is_it)
    })
}
