//! Every crate has its paragraph in ARCHITECTURE.md.

use super::Finding;
use super::repository::Repository;

const PAGE: &str = "ARCHITECTURE.md";

/// Looks for each member's name, or its directory, in backticks at the beginning of a heading, paragraph, list item or table row.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let Some(page) = repository.text(PAGE) else {
        return vec![Finding::new(PAGE, "is missing: it is the map of this repository")];
    };
    let missing = repository
        .members
        .iter()
        .filter(|member| !has_paragraph(page, &member.name, &member.directory));
    missing
        .map(|member| {
            Finding::new(
                PAGE,
                format!("has no paragraph that begins with `{}`", member.name),
            )
        })
        .collect()
}

fn has_paragraph(page: &str, name: &str, directory: &str) -> bool {
    let names = [
        format!("`{name}`"),
        format!("`{directory}`"),
        format!("`{directory}/`"),
    ];
    page.lines().any(|line| {
        let text = line.trim_start_matches(['#', '*', '-', '|', ' ', '[']);
        names.iter().any(|name| text.starts_with(name.as_str()))
    })
}
