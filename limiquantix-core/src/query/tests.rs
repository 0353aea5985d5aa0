#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::contract::Selector;
use crate::error::Reason;
use crate::lifecycle::fixture;
use crate::resource::{Resource as _, VmPhase};
use crate::time::Timestamp;

/// A running VM `web-1` of project `default` with some labels.
fn sample() -> Object {
    let mut vm = fixture::vm(VmPhase::Running);
    vm.name = fixture::name("web-1");
    vm.status.started_at = None;
    vm.description = "the (first) \"one\"".to_owned();
    vm.meta.created_at = Timestamp::parse_rfc3339("2026-05-01T12:00:00.5Z").unwrap();
    for (key, value) in [("app", "shop"), ("app.kubernetes.io/name", "cart"), ("empty", "")] {
        vm.meta.labels.insert(key.to_owned(), value.to_owned());
    }
    vm.into_object()
}

fn holds(text: &str) -> bool {
    let filter = Filter::parse(Kind::Vm, text).unwrap_or_else(|e| panic!("{text}: {e}"));
    filter.expect("not blank").matches(&sample())
}

#[test]
fn every_comparison_means_what_the_page_says() {
    for text in [
        "name = web-1",
        "name = \"web-1\"",
        "name = 'web-1'",
        "name=web-1",
        "name != db",
        "name = web*",
        "name = *-1",
        "name = w*b*1",
        "name = *",
        "name : eb-",
        "description = 'the (first) \"one\"'",
        "description = \"the (first) \\\"one\\\"\"",
        "description : \"(first)\"",
        "state = running",
        "state = RUNNING",
        "status.state != stopped",
        "project_id = default",
        "cores > 0",
        "spec.cpu.cores >= 1 AND cores <= 1024",
        "memory_mib != 7",
        "created_at = 2026-05-01T12:00:00.5Z",
        "created_at > 2026-05-01T12:00:00Z",
        "created_at < \"2026-05-01T14:00:01+02:00\"",
        "create_time >= 2026-05-01T12:00:00.500000Z",
        "deleting = false",
        "deleting != true",
        "labels.app = shop",
        "labels.app : ho",
        "labels.app.kubernetes.io/name = cart",
        "labels.empty = \"\"",
        "labels : app",
        "labels.app : *",
    ] {
        assert!(holds(text), "{text}");
        assert!(!holds(&format!("NOT ({text})")), "NOT ({text})");
        assert!(!holds(&format!("-({text})")), "-({text})");
    }
}

#[test]
fn what_is_missing_compares_with_nothing() {
    for text in [
        "started_at > 1970-01-01T00:00:00Z",
        "started_at != 2026-01-01T00:00:00Z",
        "message = *",
        "labels.none = x",
        "labels.none != x",
        "labels.none : *",
        "labels : none",
        "image : debian",
    ] {
        assert!(!holds(text), "{text}");
        assert!(holds(&format!("NOT {text}")), "NOT {text}");
    }
    assert!(!holds("name = \"web*\""), "in quotes an asterisk is an asterisk");
}

#[test]
fn or_binds_tighter_than_and_as_in_aip_160() {
    // (true) AND (false OR true), where it would be true OR (…) the other way round:
    assert!(holds("name = web-1 AND name = db OR state = running"));
    assert!(!holds("state = running OR name = web-1 AND name = db"));
    assert!(holds("state = running OR (name = web-1 AND name = db)"));
    assert!(!holds("name = web-1 state = stopped"), "side by side is AND");
    assert!(holds("NOT name = db AND -state = stopped"));
}

#[test]
fn a_blank_filter_is_none() {
    assert_eq!(Filter::parse(Kind::Vm, " \t\n").unwrap(), None);
}

fn refusal(kind: Kind, text: &str) -> String {
    let e = Filter::parse(kind, text).expect_err(text);
    assert_eq!(
        (e.reason(), e.get("field")),
        (Reason::InvalidField, Some("filter"))
    );
    e.message().to_owned()
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (text, says) in [
        (
            "nmae = x",
            "at character 1: \"nmae\" is not a field of a vm; there are id, name,",
        ),
        ("name = x AND", "at character 13: a field is expected"),
        (
            "name x",
            "at character 6: after \"name\" one of = != < <= > >= : is expected",
        ),
        ("name =", "at character 7: a value is expected"),
        ("name = é AND nmae = x", "at character 14: \"nmae\""),
        ("(name = x", "at character 10: a closing parenthesis is expected"),
        ("name = x)", "at character 9: nothing may follow here"),
        (
            "name = 'x",
            "at character 8: the text that begins here has no closing '",
        ),
        (
            "state = runing",
            "at character 9: \"runing\" is not a value of status.state; there are pending,",
        ),
        (
            "state > running",
            "status.state can only be compared with = and !=",
        ),
        ("name < x", "text can only be compared with"),
        (
            "cores = many",
            "spec.cpu.cores is a whole number, and \"many\" is none",
        ),
        (
            "cores : 1",
            "spec.cpu.cores can only be compared with = != < <= > >=",
        ),
        ("deleting = maybe", "deleting is true or false"),
        (
            "created_at > yesterday",
            "created_at is a time such as 2026-05-01T12:00:00Z",
        ),
        (
            "network = default",
            "can only be compared with the operator : (one of them is)",
        ),
        ("labels. = x", "the key of the label is missing"),
        ("= x", "at character 1: a field is expected"),
        ("NOT", "at character 4: a field is expected"),
        ("OR name = x", "after \"OR\" one of"),
    ] {
        let message = refusal(Kind::Vm, text);
        assert!(
            message.contains(says),
            "{text}\n  says    {message}\n  and not {says}"
        );
    }
    assert!(refusal(Kind::Node, "cores = x AND state = ready").contains("cores"));
}

#[test]
fn what_would_be_too_much_is_refused() {
    let deep = format!("{}name = x{}", "(".repeat(17), ")".repeat(17));
    assert!(refusal(Kind::Vm, &deep).contains("levels within each other"));
    assert!(refusal(Kind::Vm, &"-".repeat(200)).contains("levels within each other"));
    assert!(refusal(Kind::Vm, &"cores=1 ".repeat(65)).contains("comparisons"));
    assert!(refusal(Kind::Vm, &"x".repeat(FILTER_MAX + 1)).contains("bytes"));
}

#[test]
fn a_filter_tells_the_indexes_what_it_demands_of_all() {
    let node = "0190c2a4-6f1e-7c3a-9d2b-1f0e5a7b3c4d";
    let narrowed = |text: &str| {
        let mut selector = Selector::default();
        Filter::parse(Kind::Vm, text)
            .unwrap()
            .unwrap()
            .narrow(&mut selector);
        assert_eq!(selector.filter.take().unwrap().text(), text);
        selector
    };
    let all = narrowed(&format!(
        "name = web project_id = lab AND state = RUNNING node_id = {node} labels.app = shop cores > 2"
    ));
    assert_eq!(all.name.as_deref(), Some("web"));
    assert_eq!(all.project.unwrap().as_str(), "lab");
    assert_eq!(all.phases, ["running"]);
    assert_eq!(all.node.unwrap().to_string(), node);
    assert_eq!(all.labels.get("app").map(String::as_str), Some("shop"));
    for nothing in [
        "name = web OR name = db",
        "NOT name = web",
        "name = web*",
        "name != web",
        "node_id = x",
    ] {
        assert_eq!(narrowed(nothing), Selector::default(), "{nothing}");
    }
}

#[test]
fn every_field_is_documented_and_every_documented_field_exists() {
    let page = include_str!("../../../docs/filters.md");
    for kind in [Kind::Vm, Kind::Node, Kind::Task] {
        let section = page
            .split("\n### ")
            .find(|s| s.starts_with(&format!("`{kind}`")))
            .expect("a section");
        let rows: Vec<_> = section
            .lines()
            .filter_map(|l| l.strip_prefix("| `")?.split('`').next())
            .collect();
        let paths: Vec<_> = fields(kind).iter().map(|f| f.path).collect();
        assert_eq!(rows, paths, "{kind}");
    }
}

#[test]
fn orders_are_read_as_the_api_spells_them() {
    let order = |by, descending| Order { by, descending };
    for (text, expected) in [
        ("", order(OrderBy::Id, false)),
        ("create_time", order(OrderBy::Id, false)),
        ("create_time desc", order(OrderBy::Id, true)),
        (" name  asc ", order(OrderBy::Name, false)),
        ("name desc", order(OrderBy::Name, true)),
    ] {
        assert_eq!(Order::parse(text).unwrap(), expected, "{text:?}");
    }
    for text in [
        "size",
        "name down",
        "name desc please",
        "name, create_time",
        "desc",
    ] {
        let e = Order::parse(text).unwrap_err();
        assert_eq!(
            (e.reason(), e.get("field")),
            (Reason::InvalidField, Some("order_by")),
            "{text:?}"
        );
    }
}

#[test]
fn a_cursor_says_the_place_that_it_was_made_of() {
    let object = sample();
    let id = object.key().id;
    for by in [OrderBy::Id, OrderBy::Name] {
        let order = Order {
            by,
            descending: false,
        };
        let cursor = order.cursor(&object);
        let name = if by == OrderBy::Name { "web-1" } else { "" };
        assert_eq!(order.place(&cursor), (name, &*id));
        assert_eq!(order.key(&object), (name.to_owned(), id.clone()));
    }
}

/// An expression of comparisons whose truth about the sample is known, as text and as its truth.
fn known() -> impl Strategy<Value = (String, bool)> {
    let leaf = prop::sample::select(vec![
        ("name = web-1", true),
        ("name=db", false),
        ("labels.app : ho", true),
        ("cores > 100000", false),
        ("state = Running", true),
        ("created_at < 2000-01-01T00:00:00Z", false),
    ]);
    let leaf = leaf.prop_map(|(text, truth)| (text.to_owned(), truth));
    leaf.prop_recursive(4, 24, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            several.clone().prop_map(|parts| {
                let text: Vec<_> = parts.iter().map(|(text, _)| format!("({text})")).collect();
                (text.join(" AND "), parts.iter().all(|(_, truth)| *truth))
            }),
            several.prop_map(|parts| {
                let text: Vec<_> = parts.iter().map(|(text, _)| format!("({text})")).collect();
                (text.join(" OR "), parts.iter().any(|(_, truth)| *truth))
            }),
            inner.prop_map(|(text, truth)| (format!("NOT ({text})"), !truth)),
        ]
    })
}

proptest! {
    #[test]
    fn an_expression_is_as_true_as_its_parts((text, truth) in known()) {
        prop_assert_eq!(holds(&text), truth, "{}", text);
    }

    /// What a filter demands of all objects must not exclude one that it matches.
    #[test]
    fn narrowing_never_loses_a_match((text, truth) in known()) {
        let mut selector = Selector::default();
        Filter::parse(Kind::Vm, &text).unwrap().unwrap().narrow(&mut selector);
        prop_assert_eq!(selector.matches(&sample()), truth, "{}", text);
    }

    #[test]
    fn whatever_is_typed_gets_an_answer(text in "[a-z =!<>:()\"'\\\\.*é0-9-]{0,60}|\\PC{0,60}") {
        if let Ok(Some(filter)) = Filter::parse(Kind::Vm, &text) {
            let _ = filter.matches(&sample());
        }
        let _ = Order::parse(&text);
    }

    #[test]
    fn a_pattern_matches_what_a_naive_matcher_does(pattern in "[ab*]{0,8}", text in "[ab]{0,8}") {
        fn naive(pattern: &[u8], text: &[u8]) -> bool {
            match pattern.split_first() {
                None => text.is_empty(),
                Some((b'*', rest)) => (0..=text.len()).any(|n| naive(rest, &text[n..])),
                Some((letter, rest)) => text.split_first().is_some_and(|(t, tail)| t == letter && naive(rest, tail)),
            }
        }
        prop_assume!(pattern.contains('*'));
        let pieces: Vec<_> = pattern.split('*').map(str::to_owned).collect();
        let wanted = compare::Wanted::Pattern(pieces);
        let value = field::Value::text(&text);
        let fits = compare::holds(&value, compare::Operator::Equal, &wanted);
        prop_assert_eq!(fits, naive(pattern.as_bytes(), text.as_bytes()));
    }
}
