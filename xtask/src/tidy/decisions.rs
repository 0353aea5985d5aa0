//! Every decision record is listed in the records' own table of contents.

use super::Finding;
use super::repository::Repository;

const FOLDER: &str = "docs/adr/";
const CONTENTS: &str = "docs/adr/README.md";

/// Looks for a link to each `NNNN-title.md`, and for numbers used twice.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let records: Vec<&str> = repository
        .files
        .iter()
        .filter_map(|file| file.path.strip_prefix(FOLDER))
        .filter(|name| is_record(name))
        .collect();
    let Some(contents) = repository.text(CONTENTS) else {
        if records.is_empty() {
            return Vec::new();
        }
        return vec![Finding::new(
            CONTENTS,
            format!("is missing: list {} decision records in it", records.len()),
        )];
    };
    let mut findings = Vec::new();
    for (index, name) in records.iter().enumerate() {
        if !contents.contains(&format!("({name})")) {
            findings.push(Finding::new(
                CONTENTS,
                format!("does not list {name}: add a link to it"),
            ));
        }
        if records[..index].iter().any(|earlier| earlier[..4] == name[..4]) {
            findings.push(Finding::new(
                format!("{FOLDER}{name}"),
                "has a number that another record has already",
            ));
        }
    }
    findings
}

/// `0001-some-title.md`
fn is_record(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() > 8
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && name.ends_with(".md")
        && !name.contains('/')
}
