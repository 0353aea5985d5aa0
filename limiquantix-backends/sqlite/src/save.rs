use std::collections::BTreeMap;

use limiquantix_core::error::Result;
use limiquantix_core::resource::{Object, ObjectKey, Revision};

use crate::batch::{Batch, Effect, Entry, Written};
use crate::log;
use crate::script::Script;

const DELETE: &str = "DELETE FROM object WHERE kind = ? AND id = ?";
const FREE_NAME: &str = "UPDATE object SET uniq = NULL WHERE kind = ? AND id = ?";
const INSERT: (&str, &str) = (
    "INSERT INTO object (project, name, uniq, node, phase, revision, body, kind, id) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
);
const UPDATE: &str = "UPDATE object SET project = ?, name = ?, uniq = ?, node = ?, phase = ?, revision = ?, \
                      body = ? WHERE kind = ? AND id = ?";
/// Where nothing changed by which the object is found: no index is touched.
const UPDATE_BODY: &str = "UPDATE object SET revision = ?, body = ? WHERE kind = ? AND id = ?";
const DELETE_LABEL: &str = "DELETE FROM label WHERE kind = ? AND key = ? AND value = ? AND id = ?";
const INSERT_LABEL: (&str, &str) = (
    "INSERT INTO label (kind, key, value, id, project) VALUES ",
    "(?, ?, ?, ?, ?)",
);
const INSERT_LOG: (&str, &str) = (
    "INSERT INTO log (position, kind, id, before, after) VALUES ",
    "(?, ?, ?, ?, ?)",
);
const REVISION: &str = "UPDATE store SET revision = ? WHERE id = 1";

type Effects = BTreeMap<ObjectKey, Effect>;

/// Adds all that has to be written of what became of a batch, which brings the store to `revision`.
pub(crate) fn save(script: &mut Script, batch: &Batch, revision: Revision) -> Result<()> {
    objects(script, &batch.effects)?;
    labels(script, &batch.effects)?;
    script.insert(INSERT_LOG, &batch.log, bind_entry)?;
    script.add(REVISION, 1).bind(log::signed(revision)?);
    Ok(())
}

fn objects(script: &mut Script, effects: &Effects) -> Result<()> {
    // First all that goes, then all that comes: a name may pass from one object to another.
    for (key, Effect { before, after }) in effects {
        let Some(before) = before else { continue };
        let statement = match after {
            None => DELETE,
            Some(after) if after.object.index().unique != before.index().unique => FREE_NAME,
            Some(_) => continue,
        };
        script.add(statement, 1).bind(key.kind.as_str()).bind(&*key.id);
    }
    let mut new = Vec::new();
    for (key, Effect { before, after }) in effects {
        match (before, after) {
            (Some(before), Some(after)) if before.index() == after.object.index() => {
                script.add(UPDATE_BODY, 1);
                bind_version(script, key, after)?;
            }
            (Some(_), Some(after)) => {
                script.add(UPDATE, 1);
                bind_object(script, key, after)?;
            }
            (None, Some(after)) => new.push((key, after)),
            (_, None) => {}
        }
    }
    script.insert(INSERT, &new, |script, (key, after)| {
        bind_object(script, key, after)
    })
}

fn bind_object(script: &mut Script, key: &ObjectKey, written: &Written) -> Result<()> {
    let index = written.object.index();
    script
        .bind(index.project.map(|p| p.as_str()))
        .bind(index.name)
        .bind(index.unique)
        .bind(index.node.map(|n| n.to_string()))
        .bind(index.phase);
    bind_version(script, key, written)
}

fn bind_version(script: &mut Script, key: &ObjectKey, written: &Written) -> Result<()> {
    script
        .bind(log::signed(written.object.meta().revision)?)
        .bind(&*written.body)
        .bind(key.kind.as_str())
        .bind(&*key.id);
    Ok(())
}

fn labels(script: &mut Script, effects: &Effects) -> Result<()> {
    let project = |object: &Object| object.index().project.map_or("", |p| p.as_str()).to_owned();
    let mut new = Vec::new();
    for (key, Effect { before, after }) in effects {
        let after = after.as_ref().map(|w| &w.object);
        if let (Some(before), Some(after)) = (before, after)
            && before.labels() == after.labels()
            && before.index().project == after.index().project
        {
            continue;
        }
        for (label, value) in before.iter().flat_map(|o| o.labels()) {
            script.add(DELETE_LABEL, 1).bind(key.kind.as_str());
            script.bind(label.as_str()).bind(value.as_str()).bind(&*key.id);
        }
        let rows = |object| {
            Object::labels(object)
                .iter()
                .map(move |label| (key, label, project(object)))
        };
        new.extend(after.into_iter().flat_map(rows));
    }
    script.insert(INSERT_LABEL, &new, |script, (key, (label, value), project)| {
        script
            .bind(key.kind.as_str())
            .bind(label.as_str())
            .bind(value.as_str());
        script.bind(&*key.id).bind(project.as_str());
        Ok(())
    })
}

fn bind_entry(script: &mut Script, entry: &Entry) -> Result<()> {
    script
        .bind(log::position(entry.revision, entry.place)?)
        .bind(entry.key.kind.as_str())
        .bind(&*entry.key.id)
        .bind(entry.before.as_deref())
        .bind(entry.after.as_deref());
    Ok(())
}

/// The statements of this module that look for rows, for the test that none of them reads a whole table.
#[cfg(test)]
pub(crate) fn queries() -> Vec<String> {
    let all = [DELETE, FREE_NAME, UPDATE, UPDATE_BODY, DELETE_LABEL, REVISION];
    all.map(str::to_owned).into()
}
