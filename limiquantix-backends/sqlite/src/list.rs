use std::collections::BTreeSet;

use limiquantix_core::contract::{Page, PageRequest, Query, Selector};
use limiquantix_core::error::{Error, Result};
use limiquantix_core::query::OrderBy;
use limiquantix_core::resource::{Kind, Revision};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Encode, Sqlite, SqliteConnection, SqliteExecutor, SqlitePool, Type};

use crate::error::from_sqlx;
use crate::row::{decode, key, maybe_blob, maybe_text, number};

/// One page. Without a filter it is a single statement, hence a single snapshot: items, count and revision agree.
/// With one it is read chunk by chunk in one transaction, which is a snapshot too.
pub(crate) async fn list(readers: &SqlitePool, query: &Query) -> Result<Page> {
    let limit = query.page.limit;
    if limit == 0 || limit > PageRequest::MAX {
        let message = format!("limit is {limit}; it must be from 1 to {}", PageRequest::MAX);
        return Err(Error::invalid("limit", message));
    }
    if query.selector.filter.is_some() {
        return filtered(readers, query).await;
    }
    page(readers, query).await
}

async fn page(reader: impl SqliteExecutor<'_>, query: &Query) -> Result<Page> {
    let limit = query.page.limit;
    let Statement { sql, arguments } = statement(query)?;
    let rows = sqlx::query_with(AssertSqlSafe(sql), arguments)
        .fetch_all(reader)
        .await
        .map_err(|e| from_sqlx("reading a page", e))?;
    let mut page = Page {
        items: Vec::with_capacity(rows.len()),
        next: None,
        total: None,
        revision: Revision::ZERO,
    };
    for row in &rows {
        page.revision = Revision(number(row, 0)?);
        if query.page.count {
            page.total = Some(number(row, 1)?);
        }
        if let (Some(id), Some(body)) = (maybe_text(row, 2)?, maybe_blob(row, 3)?) {
            page.items.push(decode(&key(query.kind.as_str(), id)?, body)?);
        }
    }
    let order = query.page.order;
    page.items.sort_by_cached_key(|object| order.key(object));
    if order.descending {
        page.items.reverse();
    }
    // One more than asked for was read, to know whether there is a next page.
    if page.items.len() > limit as usize {
        page.items.truncate(limit as usize);
        page.next = page.items.last().map(|object| order.cursor(object));
    }
    Ok(page)
}

/// How many objects are read at a time to be looked at: enough that the statements do not weigh, few enough that
/// not much is read in vain.
const CHUNK: u32 = 250;

async fn filtered(readers: &SqlitePool, query: &Query) -> Result<Page> {
    let mut snapshot = readers
        .begin()
        .await
        .map_err(|e| from_sqlx("reading a page", e))?;
    let (selector, order, limit) = (&query.selector, query.page.order, query.page.limit as usize);
    let mut chunk = query.clone();
    chunk.selector.filter = None;
    chunk.page.limit = CHUNK;
    chunk.page.count = false;
    let mut found = Page {
        items: Vec::new(),
        next: None,
        total: None,
        revision: Revision::ZERO,
    };
    let mut looked_at = 0;
    'reading: loop {
        let part = page(&mut *snapshot, &chunk).await?;
        found.revision = part.revision;
        for object in part.items {
            looked_at += 1;
            let enough = (looked_at == PageRequest::LOOKED_AT).then(|| order.cursor(&object));
            if selector.matches(&object) {
                if found.items.len() == limit {
                    found.next = found.items.last().map(|last| order.cursor(last));
                    break 'reading;
                }
                found.items.push(object);
            }
            if enough.is_some() {
                found.next = enough;
                break 'reading;
            }
        }
        match part.next {
            Some(next) => chunk.page.after = Some(next),
            None => break,
        }
    }
    if query.page.count {
        found.total = Some(count(&mut snapshot, chunk, selector).await?);
    }
    Ok(found)
}

/// How many objects match in all: every one that the indexes give is looked at.
async fn count(snapshot: &mut SqliteConnection, mut chunk: Query, selector: &Selector) -> Result<u64> {
    chunk.page.after = None;
    let mut total = 0;
    loop {
        let part = page(&mut *snapshot, &chunk).await?;
        total += part
            .items
            .iter()
            .filter(|object| selector.matches(object))
            .count() as u64;
        match part.next {
            Some(next) => chunk.page.after = Some(next),
            None => return Ok(total),
        }
    }
}

/// SQL and the values for it.
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) arguments: SqliteArguments,
}

/// Where a query begins: the one condition that an index answers. The others are checked on what it gives.
///
/// Chosen by rule rather than by the database's estimates, so that a query takes the same path on every
/// installation: names are nearly unique, a node has hundreds of objects, a label may have any number but
/// fewer than a phase or a project. A selector of project and phases alone needs no further check: it has an
/// index of its own, one range per phase, merged. In the order of names, the few objects that have one name or are on
/// one node are sorted; otherwise an index that is in that order is walked.
enum Path<'a> {
    Name(&'a str),
    Node(String),
    Label(Option<&'a str>, &'a str, &'a str),
    Phases(Option<&'a str>, Vec<&'static str>),
    Project(&'a str),
    Kind,
    /// All names of the project, or of the kind, in order.
    Names(Option<&'a str>),
}

impl<'a> Path<'a> {
    fn choose(query: &'a Query) -> Self {
        let selector = &query.selector;
        let project = selector.project.as_ref().map(|p| p.as_str());
        let phases: BTreeSet<_> = selector.phases.iter().copied().collect();
        if let Some(name) = &selector.name {
            Self::Name(name)
        } else if let Some(node) = selector.node {
            Self::Node(node.to_string())
        } else if query.page.order.by == OrderBy::Name {
            Self::Names(project)
        } else if let Some((key, value)) = selector.labels.iter().next() {
            Self::Label(project, key, value)
        } else if !phases.is_empty() {
            Self::Phases(project, phases.into_iter().collect())
        } else if let Some(project) = project {
            Self::Project(project)
        } else {
            Self::Kind
        }
    }
}

/// The statement for a page. Its rows: revision, count (or NULL), id, body; a row without an id if the page
/// is empty.
pub(crate) fn statement(query: &Query) -> Result<Statement> {
    let mut sql = Sql::default();
    let order = query.page.order;
    sql.push("SELECT s.revision, ");
    if query.page.count {
        sql.push("(SELECT count(*) FROM ");
        matches(&mut sql, query, &Path::choose(query), Part::Count);
        sql.push(")");
    } else {
        sql.push("NULL");
    }
    sql.push(", p.id, p.body FROM store AS s LEFT JOIN (");
    match Path::choose(query) {
        // Each phase is a range in order of ids; SQLite merges them as it goes, reading no more than it
        // returns.
        Path::Phases(project, phases) => {
            for (n, phase) in phases.into_iter().enumerate() {
                sql.push(if n == 0 { "" } else { " UNION ALL " });
                sql.push("SELECT o.id AS id, o.body AS body FROM ");
                matches(&mut sql, query, &Path::Phases(project, vec![phase]), Part::Page);
            }
            sql.push(" ORDER BY id");
        }
        path => {
            sql.push("SELECT o.id AS id, o.body AS body FROM ");
            matches(&mut sql, query, &path, Part::Page);
            sql.push(match (path, order.by, order.descending) {
                (Path::Label(..), OrderBy::Id, _) => " ORDER BY l.id",
                (_, OrderBy::Id, _) => " ORDER BY o.id",
                (_, OrderBy::Name, false) => " ORDER BY o.name, o.id",
                (_, OrderBy::Name, true) => " ORDER BY o.name DESC, o.id",
            });
        }
    }
    if order.descending {
        sql.push(" DESC");
    }
    sql.push(" LIMIT ");
    sql.bind(i64::from(query.page.limit) + 1);
    sql.push(") AS p ON true WHERE s.id = 1");
    sql.done()
}

/// What a list of matches is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A page: those after the position asked for.
    Page,
    /// A count: all of them.
    Count,
}

/// `table WHERE conditions` for the objects that match, found by `path`.
fn matches<'a>(sql: &mut Sql, query: &'a Query, path: &Path<'a>, part: Part) {
    let (kind, selector) = (query.kind, &query.selector);
    let mut rest = Rest::all();
    let position = match path {
        Path::Kind => {
            sql.through("object_by_key", kind);
            "o.id"
        }
        Path::Names(Some(project)) => {
            sql.through("object_by_project_name", kind);
            sql.equal("o.project", *project);
            rest.project = false;
            "o.id"
        }
        Path::Names(None) => {
            sql.through("object_by_name", kind);
            "o.id"
        }
        Path::Name(name) => {
            sql.through("object_by_name", kind);
            sql.equal("o.name", *name);
            rest.name = false;
            "o.id"
        }
        Path::Node(node) => {
            sql.through("object_by_node", kind);
            sql.equal("o.node", node.clone());
            rest.node = false;
            "o.id"
        }
        Path::Project(project) => {
            sql.through("object_by_project", kind);
            sql.equal("o.project", *project);
            rest.project = false;
            "o.id"
        }
        Path::Phases(project, phases) => {
            match project {
                Some(project) => {
                    sql.through("object_by_project_phase", kind);
                    sql.equal("o.project", *project);
                }
                None => sql.through("object_by_phase", kind),
            }
            sql.any_of("o.phase", phases);
            (rest.project, rest.phases) = (false, false);
            "o.id"
        }
        Path::Label(project, label, value) => {
            sql.through_labels(kind, *project);
            sql.equal("l.key", *label);
            sql.equal("l.value", *value);
            rest.project = false;
            rest.first_label = false;
            "l.id"
        }
    };
    let order = query.page.order;
    if order.by == OrderBy::Name {
        sql.push(" AND o.name IS NOT NULL");
    }
    if let (Part::Page, Some(after)) = (part, &query.page.after) {
        let (name, id) = order.place(after);
        let beyond = if order.descending { " < " } else { " > " };
        sql.push(" AND ");
        match order.by {
            OrderBy::Id => {
                sql.push(position);
                sql.push(beyond);
                sql.bind(id);
            }
            OrderBy::Name => {
                sql.push("(o.name, o.id)");
                sql.push(beyond);
                sql.push("(");
                sql.bind(name);
                sql.push(", ");
                sql.bind(id);
                sql.push(")");
            }
        }
    }
    rest.check(sql, selector);
}

/// The conditions that the path did not answer.
struct Rest {
    project: bool,
    name: bool,
    node: bool,
    phases: bool,
    first_label: bool,
}

impl Rest {
    fn all() -> Self {
        Self {
            project: true,
            name: true,
            node: true,
            phases: true,
            first_label: true,
        }
    }

    fn check(&self, sql: &mut Sql, selector: &Selector) {
        if let (true, Some(project)) = (self.project, &selector.project) {
            sql.equal("o.project", project.as_str());
        }
        if let (true, Some(name)) = (self.name, &selector.name) {
            sql.equal("o.name", name.as_str());
        }
        if let (true, Some(node)) = (self.node, &selector.node) {
            sql.equal("o.node", node.to_string());
        }
        if self.phases && !selector.phases.is_empty() {
            sql.any_of("o.phase", &selector.phases);
        }
        for (label, value) in selector.labels.iter().skip(usize::from(!self.first_label)) {
            sql.push(
                " AND EXISTS (SELECT 1 FROM label AS x WHERE x.kind = o.kind AND x.id = o.id AND x.key = ",
            );
            sql.bind(label.as_str());
            sql.push(" AND x.value = ");
            sql.bind(value.as_str());
            sql.push(")");
        }
    }
}

/// A statement being written. Text is constants of this module only; every value is bound.
#[derive(Default)]
struct Sql {
    text: String,
    arguments: SqliteArguments,
    failed: bool,
}

impl Sql {
    fn push(&mut self, text: &'static str) {
        self.text.push_str(text);
    }

    fn bind<'v, T>(&mut self, value: T)
    where
        T: Encode<'v, Sqlite> + Type<Sqlite>,
    {
        self.push("?");
        self.failed |= self.arguments.add(value).is_err();
    }

    /// Objects of a kind through an index. Named, so that it is this one, with or without statistics.
    fn through(&mut self, index: &'static str, kind: Kind) {
        self.push("object AS o INDEXED BY ");
        self.push(index);
        self.push(" WHERE o.kind = ");
        self.bind(kind.as_str());
    }

    /// Objects of a kind through their labels.
    fn through_labels(&mut self, kind: Kind, project: Option<&str>) {
        self.push("label AS l ");
        if project.is_some() {
            self.push("INDEXED BY label_by_project ");
        }
        self.push("CROSS JOIN object AS o INDEXED BY object_by_key ON o.kind = l.kind AND o.id = l.id");
        self.push(" WHERE l.kind = ");
        self.bind(kind.as_str());
        if let Some(project) = project {
            self.equal("l.project", project);
        }
    }

    fn equal<'v, T>(&mut self, column: &'static str, value: T)
    where
        T: Encode<'v, Sqlite> + Type<Sqlite>,
    {
        self.push(" AND ");
        self.push(column);
        self.push(" = ");
        self.bind(value);
    }

    fn any_of(&mut self, column: &'static str, values: &[&'static str]) {
        self.push(" AND ");
        self.push(column);
        self.push(" IN (");
        for (n, value) in values.iter().enumerate() {
            self.push(if n == 0 { "" } else { ", " });
            self.bind(*value);
        }
        self.push(")");
    }

    fn done(self) -> Result<Statement> {
        if self.failed {
            return Err(Error::internal("a value cannot be bound to a query"));
        }
        Ok(Statement {
            sql: self.text,
            arguments: self.arguments,
        })
    }
}
