-- Erasure: what goes with a person, and the little that remains.

ALTER TABLE workspaces ADD COLUMN has_erasures boolean NOT NULL DEFAULT false;

-- mark: HMAC-SHA-256 of the identifier under a secret that is not in the database; its first byte decides the bucket.
-- kind as in identifiers.
CREATE TABLE erased_identifiers (
    sk bigint NOT NULL,
    mark bytea NOT NULL,
    kind smallint NOT NULL,
    erasure uuid NOT NULL,
    erased_at bigint NOT NULL,
    opted_out boolean NOT NULL,
    suppressed boolean NOT NULL,
    PRIMARY KEY (sk, mark)
);
CREATE INDEX erased_identifiers_suppressed ON erased_identifiers (sk, erasure) WHERE suppressed;

-- Receipts: that somebody was erased, when, by whom, and how much; not who. All in bucket 0.
CREATE TABLE erasures (
    sk bigint NOT NULL,
    id uuid NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL, -- JSON object
    profiles bigint NOT NULL,
    occurrences bigint NOT NULL,
    suppressed boolean NOT NULL,
    PRIMARY KEY (sk, id)
);

CREATE INDEX journal_other ON journal (sk, other) WHERE other IS NOT NULL;
CREATE INDEX line_inbox_user ON line_inbox (sk, line_user_id) WHERE line_user_id IS NOT NULL;
CREATE INDEX merges_kept_apart ON merges (sk, kept_apart) WHERE kept_apart IS NOT NULL;
