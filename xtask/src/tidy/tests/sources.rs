//! Length and words.

use super::{places, with_files};
use crate::tidy::{length, words};

#[test]
fn a_file_may_have_as_many_lines_as_its_kind_allows() {
    let (source, test) = ("x\n".repeat(500), "x\n".repeat(800));
    let repository = with_files(&[
        ("a/src/a.rs", &source),
        ("a/src/tests.rs", &test),
        ("a/tests/b.rs", &test),
    ]);
    assert_eq!(length::check(&repository), []);
}

#[test]
fn one_line_more_is_one_too_many_unless_nobody_wrote_it() {
    let (source, test) = ("x\n".repeat(501), "x\n".repeat(801));
    let generated = format!("// @generated\n{source}");
    let repository = with_files(&[
        ("a/src/a.rs", &source),
        ("a/tests/b.rs", &test),
        ("a/src/generated/c.rs", &source),
        ("a/src/d.rs", &generated),
        ("a/notes.txt", &source),
    ]);
    assert_eq!(
        places(&length::check(&repository)),
        ["a/src/a.rs", "a/tests/b.rs"]
    );
}

#[test]
fn stubs_are_found_in_code_and_left_alone_in_prose() {
    let stub = concat!("fn f() {\n    todo", "!(\"later\")\n}\n");
    let repository = with_files(&[
        ("a/src/a.rs", stub),
        ("notes.md", stub),
        ("a/src/b.rs", "fn f() -> u8 { 1 }"),
    ]);
    assert_eq!(places(&words::check(&repository)), ["a/src/a.rs:2"]);
}

#[test]
fn a_path_of_one_machine_is_found_wherever_it_begins() {
    let (home, root) = (
        concat!("cd /ho", "me/me/x"),
        concat!("path = \"/ro", "ot/.cargo\""),
    );
    let repository = with_files(&[
        ("a.md", home),
        ("b.toml", root),
        (
            "c.md",
            concat!("see https://site.invalid/ho", "me/page and target/wo", "rk/x"),
        ),
    ]);
    assert_eq!(places(&words::check(&repository)), ["a.md:1", "b.toml:1"]);
}
