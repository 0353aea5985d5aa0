//! Architecture page, decision records, links.

use super::{member, places, with_files};
use crate::tidy::links::{links, resolve};
use crate::tidy::{architecture, decisions, links as rule};

#[test]
fn a_crate_is_on_the_map_by_name_or_by_folder() {
    let page = "# Map\n\n### limiquantix-core\n\n### limiquantix-backends/mock, sqlite\n\n- `limiquantix-backends/memory/`: text\n";
    let mut repository = with_files(&[("ARCHITECTURE.md", page)]);
    repository.members = vec![
        member("limiquantix-core", "limiquantix-core"),
        member("limiquantix-memory", "limiquantix-backends/memory"),
        member("limiquantix-mock", "limiquantix-backends/mock"),
    ];
    assert_eq!(architecture::check(&repository), []);
}

#[test]
fn a_mention_in_passing_is_no_paragraph_and_a_missing_page_is_a_finding() {
    let mut repository = with_files(&[(
        "ARCHITECTURE.md",
        "# limiquantix-core-like\n\nThe crate `limiquantix-core` is mentioned.\n",
    )]);
    repository.members = vec![member("limiquantix-core", "limiquantix-core")];
    assert_eq!(places(&architecture::check(&repository)), ["ARCHITECTURE.md"]);
    repository.files.clear();
    assert_eq!(places(&architecture::check(&repository)), ["ARCHITECTURE.md"]);
}

#[test]
fn every_record_is_listed_and_every_number_is_used_once() {
    let listed = with_files(&[
        (
            "docs/adr/README.md",
            "- [One](0001-one.md)\n- [Two](0002-two.md)\n",
        ),
        ("docs/adr/0001-one.md", ""),
        ("docs/adr/0002-two.md", ""),
        ("docs/adr/template.md", ""),
    ]);
    assert_eq!(decisions::check(&listed), []);
    let unlisted = with_files(&[
        ("docs/adr/README.md", "- [One](0001-one.md)\n"),
        ("docs/adr/0001-one.md", ""),
        ("docs/adr/0001-two.md", ""),
    ]);
    assert_eq!(
        places(&decisions::check(&unlisted)),
        ["docs/adr/README.md", "docs/adr/0001-two.md"]
    );
    assert_eq!(
        places(&decisions::check(&with_files(&[("docs/adr/0001-one.md", "")]))),
        ["docs/adr/README.md"]
    );
}

#[test]
fn links_that_lead_somewhere_are_fine() {
    let repository = with_files(&[
        (
            "README.md",
            "[a](docs/a.md#the-first-one) [d](docs) [site](https://site.invalid/x) ![p](p.svg)\n[r]: docs/a.md\n",
        ),
        (
            "docs/a.md",
            "# The first, one\n[back](../README.md) [here](#the-first-one)\n",
        ),
        ("p.svg", ""),
    ]);
    assert_eq!(rule::check(&repository), []);
}

#[test]
fn links_into_the_void_or_out_of_the_repository_are_found_by_line() {
    let repository = with_files(&[(
        "docs/a.md",
        "# A\n\n[x](b.md)\n[y](../../c.md)\n[z](#nowhere)\n[w](/a.md)\n",
    )]);
    assert_eq!(
        places(&rule::check(&repository)),
        ["docs/a.md:3", "docs/a.md:4", "docs/a.md:5", "docs/a.md:6"]
    );
}

#[test]
fn code_holds_no_links() {
    assert_eq!(
        links("```\n[x](y.md)\n```\n`[x](y.md)` [z](w.md \"title\")\n"),
        [(4, "w.md".to_owned())]
    );
}

#[test]
fn paths_are_resolved_from_the_linking_file() {
    assert_eq!(resolve("docs/adr/a.md", "../b.md").as_deref(), Some("docs/b.md"));
    assert_eq!(resolve("docs/adr/a.md", "./").as_deref(), Some("docs/adr"));
    assert_eq!(resolve("a.md", "../b.md"), None);
}
