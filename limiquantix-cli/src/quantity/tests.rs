use super::*;

#[test]
fn memory_is_read_in_every_usual_spelling() {
    for (text, mib) in [
        ("512", 512),
        ("512M", 512),
        ("512MiB", 512),
        ("2G", 2048),
        ("2gb", 2048),
        ("1.5G", 1536),
        ("0.5 G", 512),
        ("1T", 1 << 20),
        ("2048K", 2),
    ] {
        assert_eq!(memory_mib(text), Ok(mib), "{text}");
    }
}

#[test]
fn a_bare_disk_size_is_in_gib() {
    assert_eq!(disk_gib("1"), Ok(1));
    assert_eq!(disk_gib("20G"), Ok(20));
    assert_eq!(disk_gib("2048M"), Ok(2));
    assert_eq!(disk_gib("1.5T"), Ok(1536));
}

#[test]
fn what_is_no_size_is_refused() {
    for text in [
        "",
        "G",
        ".5G",
        "1.",
        "-1G",
        "2X",
        "1e9",
        "1.2.3G",
        "99999999999T",
        "two",
    ] {
        assert!(memory_mib(text).is_err(), "{text}");
    }
    assert_eq!(
        disk_gib("1500M").unwrap_err(),
        "\"1500M\" is not a whole number of GiB"
    );
    assert_eq!(memory_mib("9999T").unwrap_err(), "\"9999T\" is too large");
}

#[test]
fn durations_are_read() {
    for (text, seconds) in [
        ("90", 90.0),
        ("1.5", 1.5),
        ("250ms", 0.25),
        ("30s", 30.0),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("1d", 86_400.0),
    ] {
        assert_eq!(duration(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
    }
    for text in ["", "s", "5x", "-1", "1h30", "inf", "nan"] {
        assert!(duration(text).is_err(), "{text}");
    }
}

#[test]
fn sizes_are_shown_short() {
    assert_eq!(show_mib(512), "512 MiB");
    assert_eq!(show_mib(2048), "2 GiB");
    assert_eq!(show_mib(1536), "1.5 GiB");
    assert_eq!(show_mib(-512), "-512 MiB");
    assert_eq!(show_bytes(0), "0 B");
    assert_eq!(show_bytes(1_500), "1.5 KiB");
}

#[test]
fn ages_are_shown_short() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(100 * 86_400);
    let age = |seconds: u64| show_age(Some(&Timestamp::from(now - Duration::from_secs(seconds))), now);
    assert_eq!(age(5), "5s");
    assert_eq!(age(200), "3m20s");
    assert_eq!(age(3000), "50m");
    assert_eq!(age(3 * 3600), "3h");
    assert_eq!(age(3 * 86_400 + 4 * 3600), "3d4h");
    assert_eq!(age(40 * 86_400), "40d");
    assert_eq!(show_age(None, now), "");
    // A clock that is behind the server's.
    assert_eq!(
        show_age(Some(&Timestamp::from(now + Duration::from_secs(9))), now),
        "0s"
    );
}

#[test]
fn elapsed_times_are_shown_short() {
    assert_eq!(show_elapsed(Duration::from_millis(1_100)), "1.1 s");
    assert_eq!(show_elapsed(Duration::from_millis(7)), "7 ms");
    assert_eq!(show_elapsed(Duration::from_secs(12)), "12 s");
    assert_eq!(show_elapsed(Duration::from_secs(200)), "3m20s");
    assert_eq!(show_elapsed(Duration::from_secs(7_260)), "2h01m");
}
