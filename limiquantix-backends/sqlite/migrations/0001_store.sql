-- The store's own numbers; always exactly one row.
CREATE TABLE store (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,  -- of the last commit
    floor    INTEGER NOT NULL   -- commits up to this one may be missing from the log
) STRICT;

INSERT INTO store (id, revision, floor) VALUES (1, 0, 0);

-- What is. `body` is the object's stored form; the other columns repeat what queries look for.
CREATE TABLE object (
    kind     TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    project  TEXT,
    name     TEXT,
    uniq     TEXT,
    node     TEXT,
    phase    TEXT,
    revision INTEGER NOT NULL,
    body     BLOB    NOT NULL
) STRICT;

-- Every index ends in `id`, so that a page in order of ids is one range of one index. Those that usually
-- hold few objects per value carry the columns that narrow them further, so that objects which do not match
-- are passed over without being read.
CREATE UNIQUE INDEX object_by_key ON object (kind, id);
CREATE UNIQUE INDEX object_by_unique ON object (kind, uniq) WHERE uniq IS NOT NULL;
CREATE INDEX object_by_project ON object (kind, project, id) WHERE project IS NOT NULL;
CREATE INDEX object_by_project_phase ON object (kind, project, phase, id)
    WHERE project IS NOT NULL AND phase IS NOT NULL;
CREATE INDEX object_by_phase ON object (kind, phase, id) WHERE phase IS NOT NULL;
CREATE INDEX object_by_node ON object (kind, node, id, phase, project) WHERE node IS NOT NULL;
CREATE INDEX object_by_name ON object (kind, name, id, phase, project) WHERE name IS NOT NULL;

-- One row per label of an object. An object without a project has '' here, which no project is called.
CREATE TABLE label (
    kind    TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    id      TEXT NOT NULL,
    project TEXT NOT NULL,
    PRIMARY KEY (kind, key, value, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX label_by_project ON label (kind, project, key, value, id);

-- What happened. `position` is revision * 2^20 + place in the commit: in order of time, and a range of
-- commits is a range of the table itself, without an index to maintain.
CREATE TABLE log (
    position INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL,
    id       TEXT NOT NULL,
    before   BLOB,
    after    BLOB
) STRICT;
