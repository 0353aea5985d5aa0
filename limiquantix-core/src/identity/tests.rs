use super::*;
use crate::error::Reason;

#[test]
fn names_keep_the_length_rule_of_the_guide() {
    assert!(Name::parse("name", "a").is_ok());
    assert!(Name::parse("name", &"a".repeat(255)).is_ok());
    assert!(
        Name::parse("name", &"é".repeat(255)).is_ok(),
        "characters are counted, not bytes"
    );
    for bad in [String::new(), "a".repeat(256)] {
        let e = Name::parse("name", &bad).unwrap_err();
        assert_eq!((e.reason(), e.get("field")), (Reason::InvalidField, Some("name")));
    }
}

#[test]
fn names_with_a_meaning_elsewhere_are_refused() {
    for bad in [
        "<a>",
        "a&b",
        "a\"b",
        "a'b",
        "../etc",
        "a/b",
        "a\\b",
        "$(reboot)",
        "`id`",
        "a;b",
        "a|b",
        "a\nb",
        "a\0b",
        "-rf",
        ".hidden",
        " a",
        "a ",
        "a\u{202e}b",
    ] {
        let e = Name::parse("name", bad).unwrap_err();
        assert_eq!(e.get("field"), Some("name"), "{bad:?}");
    }
}

#[test]
fn an_empty_project_is_the_default_one() {
    assert_eq!(ProjectId::parse("project_id", "").unwrap(), ProjectId::default());
    for bad in ["A", "-a", "a-", "a/b", &"a".repeat(64)] {
        assert!(ProjectId::parse("project_id", bad).is_err(), "{bad:?}");
    }
}

#[test]
fn image_names_are_one_path_component() {
    assert!(ImageName::parse("image", "debian-12.qcow2").is_ok());
    for bad in [
        "",
        "..",
        "a/b",
        "/etc/passwd",
        ".x",
        "-x",
        "a b",
        "json:{}",
        "a\0",
    ] {
        assert!(ImageName::parse("image", bad).is_err(), "{bad:?}");
    }
}

#[test]
fn ids_have_one_spelling() {
    let text = "0190c2a4-6f1e-7c3a-9d2b-1f0e5a7b3c4d";
    let id: VmId = text.parse().unwrap();
    assert_eq!(id.to_string(), text);
    for bad in [
        "",
        "x",
        "0190c2a46f1e7c3a9d2b1f0e5a7b3c4d",
        "{0190c2a4-6f1e-7c3a-9d2b-1f0e5a7b3c4d}",
    ] {
        assert!(bad.parse::<VmId>().is_err(), "{bad:?}");
    }
}
