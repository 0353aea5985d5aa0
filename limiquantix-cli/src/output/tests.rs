use super::table::{clipped, printable};
use super::*;

fn table() -> Table {
    let mut table = Table::new(["NAME", "STATE", "MEMORY"]);
    table.add([
        Cell::new("web"),
        Cell::new("running").tone(Tone::Good),
        Cell::both("2 GiB", "2048"),
    ]);
    table.add([
        Cell::new("データベース"),
        Cell::new("error").tone(Tone::Bad),
        Cell::both("", ""),
    ]);
    table
}

#[test]
fn a_table_for_people() {
    let expected = "\
NAME          STATE    MEMORY
web           running  2 GiB
データベース  error    -";
    assert_eq!(table().text(false), expected);
}

#[test]
fn colour_does_not_move_columns() {
    let text = table().text(true);
    assert!(
        text.contains("web           \x1b[32mrunning\x1b[0m  2 GiB"),
        "{text}"
    );
}

#[test]
fn a_table_for_programs() {
    let mut table = table();
    table.add([Cell::new("a,b"), Cell::new("say \"hi\""), Cell::new("two\nlines")]);
    let expected = "\
name,state,memory
web,running,2048
データベース,error,
\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"";
    assert_eq!(table.csv(), expected);
}

#[test]
fn what_a_guest_wrote_does_not_move_the_cursor() {
    assert_eq!(printable("a\x1b[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
}

#[test]
fn a_live_line_fits_the_screen() {
    assert_eq!(clipped("starting", 5), "start");
    assert_eq!(clipped("データ", 5), "デー");
    assert_eq!(clipped("\x1b[32m✔\x1b[0m done", 3), "\x1b[32m✔\x1b[0m d");
}

#[test]
fn fields_are_aligned_and_empty_ones_left_out() {
    let lines = [
        ("Name", "web".to_owned()),
        ("Description", String::new()),
        ("Disks", "root 20 GiB\ndata 1 TiB".to_owned()),
    ];
    let expected = "\
Name:   web
Disks:  root 20 GiB
        data 1 TiB
";
    assert_eq!(fields(&lines), expected);
}

#[test]
fn every_format_is_its_own_name() {
    for text in [
        "table",
        "wide",
        "json",
        "yaml",
        "csv",
        "name",
        "jsonpath=.vms[*].name",
    ] {
        assert_eq!(text.parse::<Format>().unwrap().to_string(), text);
    }
    assert!("xml".parse::<Format>().unwrap_err().contains("there are table"));
}
