use serde_json::json;

use super::*;

fn select(path: &str, document: &Value) -> Vec<String> {
    let path: Path = path.parse().unwrap();
    path.select(document)
        .into_iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn paths_select() {
    let document = json!({
        "vms": [
            {"name": "a", "labels": {"app.kubernetes.io/name": "x"}, "ips": ["1", "2"]},
            {"name": "b", "ips": ["3"]},
        ],
        "revision": "7",
    });
    assert_eq!(select(".vms[*].name", &document), [r#""a""#, r#""b""#]);
    assert_eq!(select("{.vms[*].name}", &document), [r#""a""#, r#""b""#]);
    assert_eq!(select("$.vms[0].name", &document), [r#""a""#]);
    assert_eq!(select(".vms[-1].name", &document), [r#""b""#]);
    assert_eq!(
        select(".vms[*].ips[*]", &document),
        [r#""1""#, r#""2""#, r#""3""#]
    );
    assert_eq!(
        select(".vms[0].labels['app.kubernetes.io/name']", &document),
        [r#""x""#]
    );
    assert_eq!(select(".revision", &document), [r#""7""#]);
    assert_eq!(select(".vms[1].*", &document), [r#"["3"]"#, r#""b""#]);
    assert_eq!(select(".[\"revision\"]", &document), [r#""7""#]);
    assert_eq!(select(".", &document).len(), 1);
    assert_eq!(select("", &document).len(), 1);
}

#[test]
fn what_is_not_there_selects_nothing() {
    let document = json!({"a": [1]});
    for path in [".b", ".a[1]", ".a[-2]", ".a.b", "[0]", ".a[0].c[*]"] {
        assert!(select(path, &document).is_empty(), "{path}");
    }
}

#[test]
fn what_is_no_path_is_refused() {
    for path in [
        "a",
        ".a..b",
        ".a[",
        ".a[x]",
        ".a['b",
        ".a]",
        ".a[?(@.b)]",
        "..",
        ".a b",
    ] {
        assert!(path.parse::<Path>().is_err(), "{path}");
    }
}
