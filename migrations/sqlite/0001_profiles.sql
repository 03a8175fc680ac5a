-- The first schema. Every key starts with sk = workspace << 16 | bucket (bucket 0 on SQLite), so that PostgreSQL and
-- Citus can share it. Integer surrogate keys (pid) keep the look-up and event tables narrow; the public id is a UUIDv7.

-- Configuration: small, read whole by every process; config_revision in `meta` rises with each change.
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('config_revision', 0);

CREATE TABLE workspaces (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    settings TEXT NOT NULL, -- JSON
    created_at INTEGER NOT NULL -- microseconds UTC, like all times here
) STRICT;

CREATE TABLE api_keys (
    id BLOB PRIMARY KEY,
    workspace INTEGER NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL, -- SHA-256 of the key
    permissions TEXT NOT NULL, -- JSON array
    allowed_ips TEXT NOT NULL, -- JSON array
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE subscription_groups (
    id BLOB PRIMARY KEY,
    workspace INTEGER NOT NULL,
    name TEXT NOT NULL,
    channel TEXT NOT NULL, -- email, sms, whatsapp, line
    created_at INTEGER NOT NULL,
    archived_at INTEGER,
    UNIQUE (workspace, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE line_channels (
    id TEXT PRIMARY KEY, -- LINE's channel id
    workspace INTEGER NOT NULL,
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    bot_user_id TEXT NOT NULL,
    group_id BLOB NOT NULL,
    sealed_secrets TEXT NOT NULL, -- JSON array of sealed secrets
    sealed_token TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The row is the truth: it carries all identifiers of the profile.
CREATE TABLE profiles (
    pid INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE, -- braze_id, UUIDv7
    sk INTEGER NOT NULL,
    external_id TEXT,
    former_ids TEXT, -- JSON array; NULL when empty
    aliases TEXT, -- JSON array; NULL when empty
    email TEXT, -- as sent
    phone TEXT, -- as sent
    phone_e164 TEXT, -- NULL if not a valid number
    native_line_id TEXT,
    fields TEXT NOT NULL, -- JSON object
    attributes TEXT NOT NULL, -- JSON object
    own_states TEXT, -- JSON object; NULL when empty
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;

-- Look-up: kind 1 external id, 2 alias, 3 email, 4 phone, 5 LINE id. tie is 0 for unique kinds, the pid for shared ones.
CREATE TABLE identifiers (
    sk INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    label TEXT NOT NULL,
    value TEXT NOT NULL,
    tie INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    PRIMARY KEY (sk, kind, label, value, tie)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    eid INTEGER PRIMARY KEY,
    pid INTEGER NOT NULL,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    app_id TEXT,
    properties TEXT -- JSON object
) STRICT;
CREATE INDEX events_pid ON events (pid);

CREATE TABLE purchases (
    eid INTEGER PRIMARY KEY,
    pid INTEGER NOT NULL,
    product TEXT NOT NULL,
    currency TEXT NOT NULL,
    price TEXT NOT NULL, -- exact decimal
    quantity INTEGER NOT NULL,
    at INTEGER NOT NULL,
    app_id TEXT,
    properties TEXT
) STRICT;
CREATE INDEX purchases_pid ON purchases (pid);

-- kind 1 event, 2 purchase.
CREATE TABLE summaries (
    pid INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    count INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    revenue TEXT NOT NULL, -- exact decimal
    PRIMARY KEY (pid, kind, name)
) STRICT, WITHOUT ROWID;

-- States belong to the address, so that all who share it agree. kind 3 email, 4 phone; group_id empty: the global state.
CREATE TABLE address_states (
    sk INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    group_id BLOB NOT NULL,
    state TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (sk, kind, value, group_id)
) STRICT, WITHOUT ROWID;

-- One row per LINE user and channel, whatever the number of profiles that share the id.
CREATE TABLE line_friendships (
    sk INTEGER NOT NULL,
    line_user_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    state TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    evidence_at INTEGER NOT NULL,
    event TEXT, -- webhookEventId of the newest evidence; NULL: a followers page
    PRIMARY KEY (sk, line_user_id, channel)
) STRICT, WITHOUT ROWID;

-- state 0 pending, 1 applied, 2 kept without effect.
CREATE TABLE line_inbox (
    channel TEXT NOT NULL,
    event TEXT NOT NULL,
    sk INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    line_user_id TEXT,
    kind TEXT NOT NULL,
    state INTEGER NOT NULL,
    note TEXT,
    body TEXT NOT NULL, -- as received
    PRIMARY KEY (channel, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX line_inbox_pending ON line_inbox (channel, event) WHERE state = 0;

-- Identity changes only; creation lives on the profile.
CREATE TABLE journal (
    jid INTEGER PRIMARY KEY,
    sk INTEGER NOT NULL,
    profile BLOB NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL, -- JSON object
    other BLOB,
    detail TEXT NOT NULL -- JSON
) STRICT;
CREATE INDEX journal_profile ON journal (profile);

-- Long jobs: rows with a lease. kind 1 follower sync, 2 import; open 1 while in work.
CREATE TABLE jobs (
    id BLOB PRIMARY KEY,
    sk INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    channel TEXT,
    open INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    run TEXT NOT NULL, -- JSON object
    lease_owner TEXT,
    lease_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_open ON jobs (kind, started_at) WHERE open = 1;
CREATE INDEX jobs_channel ON jobs (channel, started_at) WHERE channel IS NOT NULL;

CREATE TABLE import_issues (
    iid INTEGER PRIMARY KEY,
    import BLOB NOT NULL,
    line INTEGER NOT NULL,
    level TEXT NOT NULL,
    field TEXT NOT NULL,
    reason TEXT NOT NULL,
    cells TEXT NOT NULL -- JSON array: the row as it was
) STRICT;
CREATE INDEX import_issues_import ON import_issues (import, iid);
