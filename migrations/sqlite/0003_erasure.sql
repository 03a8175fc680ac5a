-- Erasure: what goes with a person, and the little that remains.

ALTER TABLE workspaces ADD COLUMN has_erasures INTEGER NOT NULL DEFAULT 0;

-- mark: HMAC-SHA-256 of the identifier under a secret that is not in the database. kind as in identifiers.
CREATE TABLE erased_identifiers (
    sk INTEGER NOT NULL,
    mark BLOB NOT NULL,
    kind INTEGER NOT NULL,
    erasure BLOB NOT NULL,
    erased_at INTEGER NOT NULL,
    opted_out INTEGER NOT NULL,
    suppressed INTEGER NOT NULL,
    PRIMARY KEY (sk, mark)
) STRICT, WITHOUT ROWID;
CREATE INDEX erased_identifiers_suppressed ON erased_identifiers (sk, erasure) WHERE suppressed = 1;

-- Receipts: that somebody was erased, when, by whom, and how much; not who.
CREATE TABLE erasures (
    id BLOB PRIMARY KEY,
    sk INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL, -- JSON object
    profiles INTEGER NOT NULL,
    occurrences INTEGER NOT NULL,
    suppressed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX journal_other ON journal (other) WHERE other IS NOT NULL;
CREATE INDEX line_inbox_user ON line_inbox (line_user_id) WHERE line_user_id IS NOT NULL;
CREATE INDEX merges_kept_apart ON merges (kept_apart) WHERE kept_apart IS NOT NULL;
