-- Identity: merges that explain themselves and can be undone.

ALTER TABLE profiles ADD COLUMN merged TEXT; -- JSON array of merged sides; NULL when empty
ALTER TABLE profiles ADD COLUMN origin TEXT; -- JSON object: who made it

-- Profiles that became part of another: their events and summaries stay under their pid.
CREATE TABLE retired_profiles (
    id BLOB PRIMARY KEY,
    sk INTEGER NOT NULL,
    pid INTEGER NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

-- images: personal data; NULL when the merge can no longer be undone.
CREATE TABLE merges (
    id BLOB PRIMARY KEY,
    sk INTEGER NOT NULL,
    kept BLOB NOT NULL,
    removed BLOB NOT NULL,
    at INTEGER NOT NULL,
    undo_until INTEGER NOT NULL,
    how TEXT NOT NULL,
    actor TEXT NOT NULL, -- JSON object
    kept_image TEXT,
    removed_image TEXT,
    states TEXT NOT NULL, -- JSON array: states of addresses as they were
    kept_apart BLOB,
    alias_from BLOB,
    undone_at INTEGER,
    erased INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX merges_kept ON merges (kept);
CREATE INDEX merges_removed ON merges (removed);
CREATE INDEX merges_undo_until ON merges (undo_until) WHERE kept_image IS NOT NULL;

-- Writes to survivors while a merge can be undone.
CREATE TABLE merge_log (
    lid INTEGER PRIMARY KEY,
    sk INTEGER NOT NULL,
    survivor BLOB NOT NULL,
    at INTEGER NOT NULL,
    write TEXT NOT NULL -- JSON object
) STRICT;
CREATE INDEX merge_log_survivor ON merge_log (survivor, at);

-- Pairs that are never the same person; smaller id first.
CREATE TABLE never_same (
    sk INTEGER NOT NULL,
    low BLOB NOT NULL,
    high BLOB NOT NULL,
    PRIMARY KEY (sk, low, high)
) STRICT, WITHOUT ROWID;
CREATE INDEX never_same_high ON never_same (high);

-- Groups of duplicates that wait for a person; one per shared value. kind as in identifiers.
CREATE TABLE parked (
    sk INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    label TEXT NOT NULL,
    value TEXT NOT NULL,
    id BLOB NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    state TEXT NOT NULL, -- open, released, dismissed
    members TEXT NOT NULL, -- JSON array of ids
    reasons TEXT NOT NULL, -- JSON array
    PRIMARY KEY (sk, kind, label, value)
) STRICT, WITHOUT ROWID;
