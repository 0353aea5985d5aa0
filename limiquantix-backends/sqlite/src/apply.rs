use std::collections::{BTreeMap, BTreeSet};

use limiquantix_core::contract::{Change, Changeset, Commit, Write};
use limiquantix_core::error::Result;
use limiquantix_core::resource::{Kind, Object, ObjectKey, Revision};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, SqliteConnection};

use crate::error::from_sqlx;
use crate::log;
use crate::row::{blob, decode, key, number, text};
use crate::script::Script;

const DELETE: &str = "DELETE FROM object WHERE kind = ? AND id = ?;";
const FREE_NAME: &str = "UPDATE object SET uniq = NULL WHERE kind = ? AND id = ?;";
const INSERT: &str = "INSERT INTO object (project, name, uniq, node, phase, revision, body, kind, id) \
                      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);";
const UPDATE: &str = "UPDATE object SET project = ?, name = ?, uniq = ?, node = ?, phase = ?, revision = ?, \
                      body = ? WHERE kind = ? AND id = ?;";
/// Where nothing changed by which the object is found: no index is touched.
const UPDATE_BODY: &str = "UPDATE object SET revision = ?, body = ? WHERE kind = ? AND id = ?;";
const DELETE_LABEL: &str = "DELETE FROM label WHERE kind = ? AND key = ? AND value = ? AND id = ?;";
const INSERT_LABEL: &str = "INSERT INTO label (kind, key, value, id, project) VALUES (?, ?, ?, ?, ?);";

/// One write with all that is needed to carry it out.
struct Step {
    change: Change,
    /// The stored forms of `before` and `after`.
    bytes: (Option<Vec<u8>>, Option<Vec<u8>>),
}

/// Applies one changeset as commit `revision`, inside a transaction that somebody else ends.
///
/// The outer error says that the database failed: the transaction must be rolled back, as part of the
/// changeset may have been written. The inner error refuses the changeset: nothing of it was written.
pub(crate) async fn apply(
    connection: &mut SqliteConnection,
    changes: &Changeset,
    revision: Revision,
) -> Result<Result<Commit>> {
    let mut stored = load(connection, changes).await?;
    if let Err(refusal) = admit(changes, &stored) {
        return Ok(Err(refusal));
    }
    let mut steps = Vec::with_capacity(changes.writes.len());
    for write in &changes.writes {
        match step(write, stored.remove(&write.key()), revision) {
            Ok(step) => steps.push(step),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    if let Err(refusal) = check_names(connection, &steps).await? {
        return Ok(Err(refusal));
    }
    script(&steps, revision)?.run(connection).await?;
    let changes = steps.into_iter().map(|step| step.change).collect();
    Ok(Ok(Commit { revision, changes }))
}

/// An object as it is stored.
struct Stored {
    revision: Revision,
    body: Vec<u8>,
}

/// Reads every object that the changeset writes or depends on.
async fn load(connection: &mut SqliteConnection, changes: &Changeset) -> Result<BTreeMap<ObjectKey, Stored>> {
    let mut keys: BTreeSet<ObjectKey> = changes.writes.iter().map(Write::key).collect();
    keys.extend(changes.guards.iter().map(|g| g.key().clone()));
    let pairs: Vec<_> = keys.iter().map(|key| (key.kind, &*key.id)).collect();
    let mut stored = BTreeMap::new();
    let mut take = |row: &SqliteRow| -> Result<()> {
        let revision = Revision(number(row, 2)?);
        let body = blob(row, 3)?.to_vec();
        stored.insert(key(text(row, 0)?, text(row, 1)?)?, Stored { revision, body });
        Ok(())
    };
    lookup(connection, LOAD, &pairs, &mut take).await?;
    Ok(stored)
}

/// The first condition that does not hold.
fn admit(changes: &Changeset, stored: &BTreeMap<ObjectKey, Stored>) -> Result<()> {
    let version = |key: &ObjectKey| stored.get(key).map(|s| s.revision);
    for guard in &changes.guards {
        guard.admit(version(guard.key()))?;
    }
    for write in &changes.writes {
        write.admit(version(&write.key()))?;
    }
    Ok(())
}

fn step(write: &Write, stored: Option<Stored>, revision: Revision) -> Result<Step> {
    let key = write.key();
    let before = stored.as_ref().map(|s| decode(&key, &s.body)).transpose()?;
    let after = match write {
        Write::Create(object) | Write::Update(object) => Some(object.clone().at_revision(revision)),
        Write::Delete(..) => None,
    };
    let encoded = after.as_ref().map(Object::encode).transpose()?;
    Ok(Step {
        change: Change { key, before, after },
        bytes: (stored.map(|s| s.body), encoded),
    })
}

/// Unique names, on the outcome: an owner that is itself written has the name that it is written with.
async fn check_names(connection: &mut SqliteConnection, steps: &[Step]) -> Result<Result<()>> {
    let unique = |object: &Option<Object>| object.as_ref().and_then(|o| o.index().unique);
    let mut claimed: BTreeMap<(Kind, String), &Object> = BTreeMap::new();
    let mut new = Vec::new();
    for Step { change, .. } in steps {
        let (Some(after), Some(name)) = (&change.after, unique(&change.after)) else {
            continue;
        };
        if unique(&change.before).as_ref() != Some(&name) {
            new.push((change.key.kind, name.clone()));
        }
        if claimed.insert((change.key.kind, name), after).is_some() {
            return Ok(Err(after.name_taken()));
        }
    }
    let written: BTreeSet<&ObjectKey> = steps.iter().map(|s| &s.change.key).collect();
    let mut taken = None;
    let pairs: Vec<_> = new.iter().map(|(kind, name)| (*kind, name.as_str())).collect();
    let mut find = |row: &SqliteRow| -> Result<()> {
        let owner = key(text(row, 0)?, text(row, 1)?)?;
        if !written.contains(&owner) {
            taken = Some((owner.kind, text(row, 2)?.to_owned()));
        }
        Ok(())
    };
    lookup(connection, OWNERS, &pairs, &mut find).await?;
    match taken.and_then(|name| claimed.get(&name)) {
        Some(object) => Ok(Err(object.name_taken())),
        None => Ok(Ok(())),
    }
}

/// All writes of a changeset.
fn script(steps: &[Step], revision: Revision) -> Result<Script> {
    let mut script = Script::default();
    // First all that goes, then all that comes: a name may pass from one object to another.
    for Step { change, .. } in steps {
        let Change { key, before, after } = change;
        if let Some(before) = before {
            remove_labels(&mut script, before, after.as_ref())?;
            let leaves_name = |o: &Object| o.index().unique != before.index().unique;
            let statement = match after {
                None => Some(DELETE),
                Some(after) => leaves_name(after).then_some(FREE_NAME),
            };
            if let Some(statement) = statement {
                script
                    .add(statement)
                    .bind(key.kind.as_str())
                    .bind(&*key.id)
                    .done()?;
            }
        }
    }
    for Step { change, bytes } in steps {
        if let (Some(after), Some(body)) = (&change.after, &bytes.1) {
            put(&mut script, change.before.as_ref(), after, body, revision)?;
            add_labels(&mut script, change.before.as_ref(), after)?;
        }
    }
    for (place, Step { change, bytes }) in steps.iter().enumerate() {
        let (before, after) = (bytes.0.as_deref(), bytes.1.as_deref());
        script
            .add(log::INSERT)
            .bind(log::position(revision, place)?)
            .bind(change.key.kind.as_str())
            .bind(&*change.key.id)
            .bind(before)
            .bind(after)
            .done()?;
    }
    Ok(script)
}

fn put(
    script: &mut Script,
    before: Option<&Object>,
    after: &Object,
    body: &[u8],
    revision: Revision,
) -> Result<()> {
    let (key, index) = (after.key(), after.index());
    let revision = log::signed(revision)?;
    let values = match before {
        Some(before) if before.index() == index => script.add(UPDATE_BODY),
        known => script
            .add(if known.is_some() { UPDATE } else { INSERT })
            .bind(index.project.map(|p| p.as_str()))
            .bind(index.name)
            .bind(index.unique)
            .bind(index.node.map(|n| n.to_string()))
            .bind(index.phase),
    };
    values
        .bind(revision)
        .bind(body)
        .bind(key.kind.as_str())
        .bind(&*key.id)
        .done()
}

/// By what an object's rows in the table of labels are found.
fn label_rows(object: &Object) -> (&str, impl Iterator<Item = (&String, &String)>) {
    let project = object.index().project.map_or("", |p| p.as_str());
    (project, object.labels().iter())
}

fn same_labels(one: &Object, other: &Object) -> bool {
    one.labels() == other.labels() && one.index().project == other.index().project
}

fn remove_labels(script: &mut Script, before: &Object, after: Option<&Object>) -> Result<()> {
    if after.is_some_and(|after| same_labels(before, after)) {
        return Ok(());
    }
    let (key, (_, labels)) = (before.key(), label_rows(before));
    for (label, value) in labels {
        let row = script.add(DELETE_LABEL).bind(key.kind.as_str());
        row.bind(label.as_str())
            .bind(value.as_str())
            .bind(&*key.id)
            .done()?;
    }
    Ok(())
}

fn add_labels(script: &mut Script, before: Option<&Object>, after: &Object) -> Result<()> {
    if before.is_some_and(|before| same_labels(before, after)) {
        return Ok(());
    }
    let (key, (project, labels)) = (after.key(), label_rows(after));
    for (label, value) in labels {
        let row = script.add(INSERT_LABEL).bind(key.kind.as_str());
        row.bind(label.as_str())
            .bind(value.as_str())
            .bind(&*key.id)
            .bind(project)
            .done()?;
    }
    Ok(())
}

/// The end of a query for many pairs at once; the pairs are the table `k` before it.
const LOAD: (&str, &str) = (
    "SELECT o.kind, o.id, o.revision, o.body FROM (VALUES ",
    ") AS k CROSS JOIN object AS o INDEXED BY object_by_key ON o.kind = k.column1 AND o.id = k.column2",
);
const OWNERS: (&str, &str) = (
    "SELECT o.kind, o.id, o.uniq FROM (VALUES ",
    ") AS k CROSS JOIN object AS o INDEXED BY object_by_unique ON o.kind = k.column1 AND o.uniq = k.column2",
);

/// Runs `query` for all pairs, in pieces. The last pair is repeated until the piece has one of few lengths,
/// so that there are few different statements to prepare; a row may therefore come more than once.
async fn lookup(
    connection: &mut SqliteConnection,
    query: (&'static str, &'static str),
    pairs: &[(Kind, &str)],
    take: &mut (dyn FnMut(&SqliteRow) -> Result<()> + Send),
) -> Result<()> {
    const LENGTHS: [usize; 5] = [1, 4, 16, 64, 256];
    let longest = LENGTHS[LENGTHS.len() - 1];
    for piece in pairs.chunks(longest) {
        let length = LENGTHS.into_iter().find(|l| *l >= piece.len()).unwrap_or(longest);
        let mut arguments = SqliteArguments::default();
        let last = piece.last().into_iter().cycle();
        for (kind, value) in piece.iter().chain(last).take(length) {
            let bound = arguments.add(kind.as_str()).and_then(|()| arguments.add(*value));
            bound.map_err(|e| from_sqlx("binding a key", sqlx::Error::Encode(e)))?;
        }
        let rows = sqlx::query_with(AssertSqlSafe(lookup_sql(query, length)), arguments)
            .fetch_all(&mut *connection)
            .await
            .map_err(|e| from_sqlx("reading what a changeset depends on", e))?;
        for row in &rows {
            take(row)?;
        }
    }
    Ok(())
}

fn lookup_sql((head, tail): (&str, &str), length: usize) -> String {
    let mut sql = String::with_capacity(head.len() + 7 * length + tail.len());
    sql.push_str(head);
    for n in 0..length {
        sql.push_str(if n == 0 { "(?, ?)" } else { ", (?, ?)" });
    }
    sql.push_str(tail);
    sql
}

/// The queries of this module, for the test that none of them reads a whole table.
#[cfg(test)]
pub(crate) fn queries() -> Vec<String> {
    let writes = [DELETE, FREE_NAME, UPDATE, UPDATE_BODY, DELETE_LABEL];
    let mut all: Vec<_> = writes.map(|s| s.trim_end_matches(';').to_owned()).into();
    for length in [1, 16] {
        all.extend([lookup_sql(LOAD, length), lookup_sql(OWNERS, length)]);
    }
    all
}
