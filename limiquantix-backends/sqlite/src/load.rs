use std::collections::BTreeSet;

use limiquantix_core::contract::{Changeset, Write};
use limiquantix_core::error::{Error, Result};
use limiquantix_core::resource::{Kind, ObjectKey, Revision};
use sqlx::sqlite::SqliteRow;

use crate::batch::{Batch, Stored};
use crate::row::{blob, key, maybe_text, number, text};
use crate::script::{Script, repeated};

/// What a row of the lookups is about, as its first column says. The columns are the same for all.
const STORE: u64 = 0;
const OBJECT: u64 = 1;

/// The store's revision.
const REVISION: &str = "SELECT 0, '', '', NULL, revision, x'' FROM store WHERE id = 1";
/// Objects by kind and id, the pairs being the table `k`.
const OBJECTS: (&str, &str) = (
    "SELECT 1, o.kind, o.id, o.uniq, o.revision, o.body FROM (VALUES ",
    ") AS k CROSS JOIN object AS o INDEXED BY object_by_key ON o.kind = k.column1 AND o.id = k.column2",
);
/// Who has a unique name, by kind and name.
const OWNERS: (&str, &str) = (
    "SELECT 2, o.kind, o.id, o.uniq, o.revision, x'' FROM (VALUES ",
    ") AS k CROSS JOIN object AS o INDEXED BY object_by_unique ON o.kind = k.column1 AND o.uniq = k.column2",
);

/// How many pairs a lookup can have. The last pair is repeated until there are so many: then there are few
/// different statements, which stay prepared, and a row that comes twice does no harm.
const LENGTHS: [usize; 5] = [1, 4, 16, 64, 256];

/// Asks for all that the changesets write and depend on, and for who has the names that they give.
pub(crate) fn ask(script: &mut Script, changesets: &[&Changeset]) {
    let mut keys: BTreeSet<ObjectKey> = BTreeSet::new();
    let mut names: BTreeSet<(Kind, String)> = BTreeSet::new();
    for changes in changesets {
        keys.extend(changes.guards.iter().map(|g| g.key().clone()));
        for write in &changes.writes {
            keys.insert(write.key());
            if let Write::Create(object) | Write::Update(object) = write {
                names.extend(object.index().unique.map(|name| (object.kind(), name)));
            }
        }
    }
    let keys: Vec<_> = keys.iter().map(|key| (key.kind, &*key.id)).collect();
    let names: Vec<_> = names.iter().map(|(kind, name)| (*kind, name.as_str())).collect();
    script.add(REVISION, 1);
    lookup(script, OBJECTS, &keys);
    lookup(script, OWNERS, &names);
}

/// Takes the answer, having checked that the database is at `revision`: the last fence against a second
/// writer that got past the lock.
pub(crate) fn answer(rows: &[SqliteRow], revision: Revision) -> Result<Batch> {
    let mut batch = Batch::default();
    for row in rows {
        let version = Revision(number(row, 4)?);
        let about = number(row, 0)?;
        if about == STORE {
            if version != revision {
                let message = format!(
                    "the database is at revision {version} instead of {revision}: another process writes to it"
                );
                return Err(Error::internal(message));
            }
            continue;
        }
        let key = key(text(row, 1)?, text(row, 2)?)?;
        if let Some(name) = maybe_text(row, 3)? {
            batch.owners.insert((key.kind, name.to_owned()), key.clone());
        }
        if about == OBJECT {
            let (revision, body) = (version, blob(row, 5)?.into());
            batch.stored.insert(key, Stored { revision, body });
        }
    }
    Ok(batch)
}

fn lookup(script: &mut Script, query: (&'static str, &'static str), pairs: &[(Kind, &str)]) {
    let longest = LENGTHS[LENGTHS.len() - 1];
    for piece in pairs.chunks(longest) {
        let length = LENGTHS.into_iter().find(|l| *l >= piece.len()).unwrap_or(longest);
        // A lookup is one row's worth: what counts is that the few of them go together.
        script.add(&sql(query, length), 1);
        let last = piece.last().into_iter().cycle();
        for (kind, value) in piece.iter().chain(last).take(length) {
            script.bind(kind.as_str()).bind(*value);
        }
    }
}

fn sql((head, tail): (&str, &str), length: usize) -> String {
    repeated(head, "(?, ?)", tail, length)
}

/// The queries of this module, for the test that none of them reads a whole table.
#[cfg(test)]
pub(crate) fn queries() -> Vec<String> {
    let lookups = [OBJECTS, OWNERS].map(|query| [sql(query, 1), sql(query, 16)]);
    let mut all = lookups.concat();
    all.push(REVISION.to_owned());
    all
}
