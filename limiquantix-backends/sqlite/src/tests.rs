//! What cannot be seen from outside: which way the database answers.

use limiquantix_core::contract::{Query, Selector};
use limiquantix_core::resource::Kind;
use limiquantix_testkit::fixtures::{labels, node_id, project_id};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use crate::{Options, list, load, log, row, save, schema};

async fn database(directory: &std::path::Path) -> SqliteConnection {
    let writing = schema::writer(&directory.join(schema::FILE), &Options::default());
    let mut connection = SqliteConnection::connect_with(&writing).await.unwrap();
    schema::migrate(&mut connection).await.unwrap();
    connection
}

/// The steps by which SQLite would carry out a statement.
async fn plan(connection: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let rows = sqlx::query(explain)
        .fetch_all(connection)
        .await
        .unwrap_or_else(|e| panic!("{e}: {sql}"));
    rows.iter().map(|r| r.get("detail")).collect()
}

/// No step may read a whole table or sort what it read. The values of a lookup (`k`) and the rows of a page
/// (`p`) are tables too, but no larger than the request.
fn assert_direct(sql: &str, plan: &[String]) {
    const OF_THE_REQUEST: [&str; 4] = ["SCAN k", "SCAN p", "CONSTANT ROW", "VALUES CLAUSE"];
    for step in plan {
        let own = OF_THE_REQUEST.iter().any(|own| step.contains(own));
        assert!(
            own || !step.contains("SCAN"),
            "reads a whole table: {step}\n{sql}\n{plan:#?}"
        );
        assert!(!step.contains("TEMP B-TREE"), "sorts: {step}\n{sql}\n{plan:#?}");
    }
}

/// All combinations of conditions, one or several phases and labels each.
fn selectors() -> Vec<Selector> {
    let mut all = Vec::new();
    for bits in 0..32u8 {
        for several in [false, true] {
            let mut selector = Selector::default();
            if bits & 1 != 0 {
                selector.project = Some(project_id("lab"));
            }
            if bits & 2 != 0 {
                selector.name = Some("web".to_owned());
            }
            if bits & 4 != 0 {
                selector.node = Some(node_id("n"));
            }
            if bits & 8 != 0 {
                selector.phases = if several {
                    vec!["running", "stopped", "error"]
                } else {
                    vec!["running"]
                };
            }
            if bits & 16 != 0 {
                selector.labels = if several {
                    labels([("a", "1"), ("b", "2")])
                } else {
                    labels([("a", "1")])
                };
            }
            all.push(selector);
        }
    }
    all
}

/// "Nothing on a request path may be linear in the number of VMs": every page, whatever it asks for, walks
/// ranges of indexes in the order it returns them.
#[tokio::test]
async fn no_page_reads_a_whole_table() {
    let directory = tempfile::tempdir().unwrap();
    let mut connection = database(directory.path()).await;
    for selector in selectors() {
        for after in [None, Some("x".to_owned())] {
            for count in [false, true] {
                let mut query = Query::new(Kind::Vm, selector.clone());
                query.page.after = after.clone();
                query.page.count = count;
                let statement = list::statement(&query).unwrap();
                let plan = plan(&mut connection, &statement.sql).await;
                assert_direct(&statement.sql, &plan);
            }
        }
    }
}

/// The same for everything a commit or a follower does.
#[tokio::test]
async fn no_other_statement_reads_a_whole_table() {
    let directory = tempfile::tempdir().unwrap();
    let mut connection = database(directory.path()).await;
    let mut statements = [load::queries(), save::queries()].concat();
    let others = [row::GET, row::REVISION, log::READ, log::PRUNE, log::RAISE_FLOOR];
    statements.extend(others.map(str::to_owned));
    for sql in statements {
        let plan = plan(&mut connection, &sql).await;
        assert_direct(&sql, &plan);
    }
}

/// The page that consoles ask for most walks one index and nothing else.
#[tokio::test]
async fn a_page_by_project_and_phase_has_an_index_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let mut connection = database(directory.path()).await;
    let selector = Selector {
        project: Some(project_id("lab")),
        phases: vec!["running"],
        ..Selector::default()
    };
    let statement = list::statement(&Query::new(Kind::Vm, selector)).unwrap();
    let plan = plan(&mut connection, &statement.sql).await;
    let uses =
        |step: &String| step.contains("INDEX object_by_project_phase (kind=? AND project=? AND phase=?");
    assert!(plan.iter().any(uses), "{plan:#?}");
}

/// Positions order as commits do, and what does not fit is refused rather than wrapped.
#[test]
fn positions_in_the_log_are_ordered_and_bounded() {
    use limiquantix_core::resource::Revision;
    let at = |revision, place| log::position(Revision(revision), place);
    assert!(at(1, (1 << 20) - 1).unwrap() < at(2, 0).unwrap());
    assert!(at((1 << 43) - 1, (1 << 20) - 1).unwrap() > 0);
    assert!(at(1, 1 << 20).is_err());
    assert!(at(1 << 43, 0).is_err());
    assert!(at(u64::MAX, 0).is_err());
}
