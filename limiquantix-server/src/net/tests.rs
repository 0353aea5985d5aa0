use super::caller_host::is_harmless;

#[test]
fn a_page_whose_name_was_pointed_at_this_machine_is_refused() {
    for own in [
        "localhost",
        "localhost:8080",
        "LOCALHOST:8080",
        "127.0.0.1",
        "127.0.0.1:8080",
        "[::1]",
        "[::1]:8080",
    ] {
        assert!(is_harmless(own), "{own}");
    }
    for strange in [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example:8080",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "",
        ":8080",
        "[evil]:80",
        "?",
    ] {
        assert!(!is_harmless(strange), "{strange}");
    }
}
