use super::*;

#[test]
fn what_is_typed_before_the_escape_key_arrives() {
    assert_eq!(keys(b"ls\r", true), [Key::Typed(Bytes::from_static(b"ls\r"))]);
    assert_eq!(
        keys(b"ls\x1dx", true),
        [Key::Typed(Bytes::from_static(b"ls")), Key::Leave]
    );
    assert_eq!(keys(b"\x1d", true), [Key::Leave]);
}

#[test]
fn a_pipe_has_no_escape_key() {
    assert_eq!(
        keys(b"a\x1db", false),
        [Key::Typed(Bytes::from_static(b"a\x1db"))]
    );
}
