-- Consent: every change of a subscription state, who made it and by which door.
CREATE TABLE consents (
    cid INTEGER PRIMARY KEY,
    sk INTEGER NOT NULL,
    kind INTEGER NOT NULL, -- 3 email, 4 phone: value is the address; 0: value is the id of a profile without one
    value TEXT NOT NULL,
    of TEXT NOT NULL, -- email, push, or the id of a group
    old TEXT,
    new TEXT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL -- JSON object
) STRICT;
CREATE INDEX consents_value ON consents (sk, kind, value);

-- Names in use: kind 1 event, 2 product, 3 custom attribute. data_type: that of the first value.
CREATE TABLE catalogue (
    sk INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    data_type TEXT,
    PRIMARY KEY (sk, kind, name)
) STRICT, WITHOUT ROWID;

-- Answers of requests with an Idempotency-Key, kept for 24 hours. key: SHA-256 of API key and key.
CREATE TABLE answers (
    sk INTEGER NOT NULL,
    key BLOB NOT NULL,
    request BLOB NOT NULL, -- SHA-256 of method, path and body
    at INTEGER NOT NULL,
    status INTEGER NOT NULL,
    sealed_body BLOB NOT NULL, -- sealed with the key of the request, which is not stored
    PRIMARY KEY (sk, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_at ON answers (at);
