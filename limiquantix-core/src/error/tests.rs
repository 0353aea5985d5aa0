use super::*;
use std::collections::BTreeSet;
use std::error::Error as _;

#[test]
fn every_reason_has_a_distinct_code_and_advice() {
    let mut codes = BTreeSet::new();
    for reason in Reason::ALL {
        assert!(codes.insert(reason.code()), "{} is used twice", reason.code());
        assert!(!reason.fix().is_empty());
        assert!(
            reason.code().chars().all(|c| c.is_ascii_uppercase() || c == '_'),
            "{}",
            reason.code()
        );
        assert_eq!(Reason::from_code(reason.code()), Some(*reason));
    }
}

#[test]
fn display_does_not_repeat_the_source() {
    let e = Error::new(Reason::StorageFailed, "cannot create volume")
        .caused_by(std::io::Error::other("disk full"));
    assert_eq!(e.to_string(), "cannot create volume");
    assert_eq!(e.source().map(ToString::to_string).as_deref(), Some("disk full"));
}

#[test]
fn an_error_is_one_pointer() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}
