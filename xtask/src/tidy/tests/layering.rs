//! Edges, purity, wiring, inherited lints.

use super::{member, places, with_files, with_members};
use crate::tidy::repository::{Edge, Kind, Member, Repository};
use crate::tidy::{edges, lints, purity, wiring};

fn depending(name: &str, directory: &str, to: &str, kind: Kind, optional: bool) -> Repository {
    let edge = Edge {
        to: to.to_owned(),
        kind,
        optional,
    };
    with_members(vec![Member {
        edges: vec![edge],
        ..member(name, directory)
    }])
}

#[test]
fn the_edges_of_the_table_are_allowed() {
    for (from, directory, to, kind, optional) in [
        (
            "limiquantix-proto",
            "limiquantix-proto",
            "limiquantix-core",
            Kind::Normal,
            false,
        ),
        (
            "limiquantix-sqlite",
            "limiquantix-backends/sqlite",
            "limiquantix-core",
            Kind::Normal,
            false,
        ),
        (
            "limiquantix-sqlite",
            "limiquantix-backends/sqlite",
            "limiquantix-testkit",
            Kind::Dev,
            false,
        ),
        (
            "limiquantix-agent",
            "limiquantix-agent",
            "limiquantix-libvirt",
            Kind::Normal,
            true,
        ),
        (
            "limiquantix-server",
            "limiquantix-server",
            "limiquantix-agent",
            Kind::Dev,
            false,
        ),
        (
            "limiquantix-cli",
            "limiquantix-cli",
            "limiquantix-server",
            Kind::Normal,
            true,
        ),
    ] {
        let repository = depending(from, directory, to, kind, optional);
        assert_eq!(edges::check(&repository), [], "{from} -> {to}");
    }
}

#[test]
fn core_depends_on_nothing_and_a_backend_never_on_its_sibling() {
    let core = depending(
        "limiquantix-core",
        "limiquantix-core",
        "limiquantix-proto",
        Kind::Normal,
        false,
    );
    assert_eq!(places(&edges::check(&core)), ["limiquantix-core/Cargo.toml"]);
    for kind in [Kind::Normal, Kind::Dev, Kind::Build] {
        let sibling = depending(
            "limiquantix-sqlite",
            "limiquantix-backends/sqlite",
            "limiquantix-memory",
            kind,
            false,
        );
        assert_eq!(
            places(&edges::check(&sibling)),
            ["limiquantix-backends/sqlite/Cargo.toml"],
            "{kind:?}"
        );
    }
}

#[test]
fn a_backend_behind_a_feature_must_be_behind_a_feature() {
    let agent = depending(
        "limiquantix-agent",
        "limiquantix-agent",
        "limiquantix-libvirt",
        Kind::Normal,
        false,
    );
    let findings = edges::check(&agent);
    assert!(
        findings[0].message.contains("only as an optional dependency"),
        "{findings:?}"
    );
}

#[test]
fn a_crate_nobody_decided_about_is_refused() {
    let repository = with_members(vec![member("limiquantix-extra", "limiquantix-extra")]);
    assert!(edges::check(&repository)[0].message.contains("no row"));
}

#[test]
fn core_may_link_serde_but_not_what_waits_or_rolls_dice() {
    let tree = |text: &str| Repository {
        core_tree: text.to_owned(),
        ..Repository::default()
    };
    let good =
        tree("limiquantix-core v0.1.0 (limiquantix-core)\nserde v1.0.0\nrandom-names v1.0.0\nuuid v1.0.0\n");
    assert_eq!(purity::check(&good), []);
    let bad = tree(
        "limiquantix-core v0.1.0\ntokio v1.0.0\ntokio-util v0.7.0\nrand_core v0.9.0\ntokio v1.0.0 (*)\n",
    );
    let findings = purity::check(&bad);
    assert_eq!(findings.len(), 3, "{findings:?}");
}

#[test]
fn only_wire_names_the_backends() {
    let mut repository = with_files(&[
        (
            "limiquantix-server/src/wire.rs",
            "use limiquantix_sqlite::Store;\n",
        ),
        ("limiquantix-server/src/api/vm.rs", "use limiquantix_core::Vm;\n"),
        (
            "limiquantix-server/tests/crash.rs",
            "use limiquantix_sqlite::Store;\n",
        ),
    ]);
    repository.members = vec![member("limiquantix-sqlite", "limiquantix-backends/sqlite")];
    assert_eq!(wiring::check(&repository), []);
    repository.files[1].text = "//! VMs\nuse limiquantix_sqlite::Store;\n".to_owned();
    assert_eq!(
        places(&wiring::check(&repository)),
        ["limiquantix-server/src/api/vm.rs:2"]
    );
}

#[test]
fn lints_are_inherited_in_both_spellings_and_nowhere_else() {
    let with_manifest = |text: &str| {
        with_members(vec![Member {
            manifest: text.to_owned(),
            ..member("a", "a")
        }])
    };
    assert_eq!(
        lints::check(&with_manifest(
            "[package]\nname = \"a\"\n\n[lints]\nworkspace = true # all\n"
        )),
        []
    );
    assert_eq!(
        lints::check(&with_manifest("lints.workspace = true\n[package]\n")),
        []
    );
    for bad in [
        "[package]\nlints.workspace = true\n",
        "[lints]\n[x]\nworkspace = true\n",
        "[lints]\n# workspace = true\n",
    ] {
        assert_eq!(
            places(&lints::check(&with_manifest(bad))),
            ["a/Cargo.toml"],
            "{bad}"
        );
    }
}
