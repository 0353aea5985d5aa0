use std::collections::VecDeque;
use std::sync::Arc;

use limiquantix_core::contract::{Change, Commit};
use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::resource::{ObjectKey, Revision};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteRow;

use crate::error::from_sqlx;
use crate::recent::expired;
use crate::row::{decode, key, maybe_blob, maybe_text, number};
use crate::script::Script;

/// A row's position in the log is its commit's revision, then its place in the commit, in this many bits:
/// room for a million changes in a commit, and for 2^43 commits (a thousand per second for 278 years).
pub(crate) const PLACE_BITS: u32 = 20;

/// How many rows a follower that is behind reads at once: about a megabyte.
const ROWS: i64 = 512;

/// The floor, and rows from a position on. Rows or not, there is one with the floor.
pub(crate) const READ: &str = "SELECT s.floor, p.position, p.kind, p.id, p.before, p.after FROM store AS s \
    LEFT JOIN (SELECT * FROM log WHERE position >= ? ORDER BY position LIMIT ?) AS p ON true WHERE s.id = 1";

pub(crate) const PRUNE: &str = "DELETE FROM log WHERE position IN \
    (SELECT position FROM log WHERE position < ? ORDER BY position LIMIT ?)";

pub(crate) const RAISE_FLOOR: &str = "UPDATE store SET floor = max(floor, ?) WHERE id = 1";

/// A revision as SQLite has it.
pub(crate) fn signed(revision: Revision) -> Result<i64> {
    let fits = revision.0 >> (63 - PLACE_BITS) == 0;
    i64::try_from(revision.0)
        .ok()
        .filter(|_| fits)
        .ok_or_else(|| Error::internal("a revision exceeds what the log has room for"))
}

/// Where a change is in the log.
pub(crate) fn position(revision: Revision, place: usize) -> Result<i64> {
    let place = i64::try_from(place)
        .ok()
        .filter(|place| place >> PLACE_BITS == 0)
        .ok_or_else(|| Error::internal("a changeset has more writes than the log has room for"))?;
    Ok((signed(revision)? << PLACE_BITS) | place)
}

/// Removes at most `limit` rows of commits up to `floor`, the oldest first; what is left, a later call
/// removes.
pub(crate) fn prune(script: &mut Script, floor: Revision, limit: u64) -> Result<()> {
    script.add(RAISE_FLOOR, 1).bind(signed(floor)?);
    let end = position(floor.next(), 0)?;
    script
        .add(PRUNE, 1)
        .bind(end)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX));
    Ok(())
}

/// Some commits after `position`, at least one if there is one. `REVISION_EXPIRED` if the next is gone.
pub(crate) async fn read(readers: &SqlitePool, after: Revision) -> Result<VecDeque<Arc<Commit>>> {
    let mut limit = ROWS;
    loop {
        let rows = sqlx::query(READ)
            .bind(position(after.next(), 0)?)
            .bind(limit)
            .fetch_all(readers)
            .await
            .map_err(|e| from_sqlx("reading the log", e))?;
        let cut = i64::try_from(rows.len()).is_ok_and(|n| n == limit);
        let mut commits = collect(&rows, after)?;
        if cut {
            // The last may go on beyond what was read. Where it is all there is, read more.
            let _ = commits.pop_back();
            if commits.is_empty() {
                limit = limit.saturating_mul(8);
                continue;
            }
        }
        return Ok(commits.into_iter().map(Arc::new).collect());
    }
}

fn collect(rows: &[SqliteRow], after: Revision) -> Result<VecDeque<Commit>> {
    let mut commits: VecDeque<Commit> = VecDeque::new();
    for row in rows {
        let floor = Revision(number(row, 0)?);
        if after < floor {
            return Err(expired(after, floor));
        }
        let (Some(kind), Some(id)) = (maybe_text(row, 2)?, maybe_text(row, 3)?) else {
            continue;
        };
        let revision = Revision(number(row, 1)? >> PLACE_BITS);
        let last = commits.back().map_or(after, |c| c.revision);
        if revision != last && revision != last.next() {
            let message =
                format!("the stored log/{revision} follows log/{last}: commits between are missing");
            return Err(Error::new(Reason::Corrupt, message).with("key", format!("log/{revision}")));
        }
        let change = change(row, key(kind, id)?)?;
        match commits.back_mut() {
            Some(commit) if commit.revision == revision => commit.changes.push(change),
            _ => commits.push_back(Commit {
                revision,
                changes: vec![change],
            }),
        }
    }
    Ok(commits)
}

fn change(row: &SqliteRow, key: ObjectKey) -> Result<Change> {
    let object = |column| -> Result<_> {
        maybe_blob(row, column)?
            .map(|bytes| decode(&key, bytes))
            .transpose()
    };
    let (before, after) = (object(4)?, object(5)?);
    Ok(Change { key, before, after })
}
