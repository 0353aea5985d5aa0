//! No file outgrows what can be read at a sitting.

use super::Finding;
use super::repository::{File, Repository};

/// Lines of a source file, and of a test file, whose length is mostly cases.
const SOURCE_LIMIT: usize = 500;
const TEST_LIMIT: usize = 800;

const ENDINGS: &[&str] = &[".rs", ".proto", ".sh", ".py"];

/// Counts the lines of every source file that a person wrote.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let sources = repository
        .files
        .iter()
        .filter(|file| ENDINGS.iter().any(|end| file.path.ends_with(end)));
    sources
        .filter(|file| !is_generated(file))
        .filter_map(too_long)
        .collect()
}

fn too_long(file: &File) -> Option<Finding> {
    let (kind, limit) = if is_test(&file.path) {
        ("test", TEST_LIMIT)
    } else {
        ("source", SOURCE_LIMIT)
    };
    let lines = file.text.lines().count();
    (lines > limit).then(|| {
        Finding::new(
            file.path.clone(),
            format!("has {lines} lines; a {kind} file has at most {limit}: split it by concern"),
        )
    })
}

/// True for files under a `tests` or `benches` directory and for `tests.rs`.
pub(super) fn is_test(path: &str) -> bool {
    path.split('/')
        .any(|part| ["tests", "tests.rs", "benches"].contains(&part))
}

/// Generated code lies in a `generated` or `gen` directory or says so in its first lines.
fn is_generated(file: &File) -> bool {
    file.path
        .split('/')
        .any(|part| part == "generated" || part == "gen")
        || file.text.lines().take(5).any(|line| line.contains("@generated"))
}
