use std::cell::Cell;

use super::*;

fn vm(id: &str, name: &str) -> VirtualMachine {
    VirtualMachine {
        id: id.into(),
        name: name.into(),
        ..Default::default()
    }
}

fn names(found: &[&VirtualMachine]) -> Vec<String> {
    found.iter().map(|vm| vm.name.clone()).collect()
}

#[test]
fn globs_match_whole_names() {
    for (pattern, name) in [
        ("*", ""),
        ("web-*", "web-1"),
        ("*-1", "web-1"),
        ("w*b*1", "web-web-1"),
        ("web-?", "web-1"),
        ("web-[0-9]", "web-7"),
        ("web-[!0-9]", "web-a"),
        ("web-[a]", "web-a"),
        ("[]]", "]"),
        ("データ*", "データベース"),
    ] {
        assert!(glob::matches(pattern, name), "{pattern} {name}");
    }
    for (pattern, name) in [
        ("web-?", "web-10"),
        ("web-*", "db-1"),
        ("*a", "ab"),
        ("web-[0-9]", "web-a"),
        ("web-[!0-9]", "web-1"),
        ("", "a"),
        ("?", ""),
    ] {
        assert!(!glob::matches(pattern, name), "{pattern} {name}");
    }
}

#[test]
fn a_nasty_glob_takes_no_time() {
    let name = "a".repeat(255);
    assert!(!glob::matches(&format!("{}b", "a*".repeat(60)), &name));
}

#[test]
fn a_prefix_must_be_unique() {
    let all = [vm("01-a", "web-1"), vm("02-b", "web-2"), vm("03-c", "db")];
    assert_eq!(names(&choose("d", &all).unwrap()), ["db"]);
    assert_eq!(names(&choose("02", &all).unwrap()), ["web-2"]);
    assert_eq!(names(&choose("*-[12]", &all).unwrap()), ["web-1", "web-2"]);

    let failure = choose("web", &all).unwrap_err();
    assert_eq!(
        (failure.exit(), failure.reason()),
        (Exit::Usage, "AMBIGUOUS_NAME")
    );
    let text = failure.to_string();
    assert!(
        text.contains("web-1  01-a") && text.contains("web-2  02-b"),
        "{text}"
    );

    assert_eq!(choose("x", &all).unwrap_err().exit(), Exit::NotFound);
    assert_eq!(choose("x*", &all).unwrap_err().exit(), Exit::NotFound);
}

#[test]
fn a_long_list_of_candidates_is_cut() {
    let all: Vec<VirtualMachine> = (0..25)
        .map(|n| vm(&format!("id-{n}"), &format!("web-{n}")))
        .collect();
    let text = choose("web", &all).unwrap_err().to_string();
    assert!(text.contains("and 15 more"), "{text}");
}

#[tokio::test]
async fn exact_names_and_ids_list_nothing() {
    const ID: &str = "0190c2a4-6f1e-7c3a-9d2b-1f0e5a7b3c4d";
    let calls = Cell::new(0);
    let exact = async |by: By<'_>| {
        calls.set(calls.get() + 1);
        match by {
            By::Id(ID) | By::Name("web") => Ok(vm(ID, "web")),
            By::Name("web*") => Err(ConnectError::invalid_argument("no such names")),
            _ => Err(ConnectError::not_found("no")),
        }
    };
    let none = async || Err(Failure::internal("everything was listed"));
    let find = async |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        all_of(&names, exact, none).await
    };
    assert_eq!(
        find(&["web", "vm/web", ID]).await.unwrap().len(),
        1,
        "the same VM, named three ways"
    );
    assert_eq!(calls.get(), 3);
    assert_eq!(
        find(&["web*"]).await.unwrap_err().exit(),
        Exit::Internal,
        "a glob needs the list"
    );
    assert_eq!(find(&[""]).await.unwrap_err().exit(), Exit::Usage);
}

#[tokio::test]
async fn an_unreachable_server_is_not_an_absent_object() {
    let away = async |_: By<'_>| Err(ConnectError::unavailable("gone"));
    let none = async || Ok(Vec::<VirtualMachine>::new());
    let failure = all_of(&["web".to_owned()], away, none).await.unwrap_err();
    assert_eq!(failure.exit(), Exit::Unavailable);
}
