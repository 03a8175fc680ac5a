//! The bare engine: SQLite through rusqlite, on our schema, doing the same resolve, merge and writes.

use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Map, Value, json};

use super::Measured;
use crate::bench::http::line_id;
use crate::bench::machine::of_thread;
use crate::bench::per_second;

const SCHEMA: &str = include_str!("../../../../../migrations/sqlite/0001_profiles.sql");

/// Shard key of the one workspace.
const SK: i64 = 1 << 16;

/// Objects per transaction: 16 requests of 75, as many as 16 clients give one group.
const GROUP: u64 = 16 * super::OBJECTS;

/// A bare database in a folder of its own.
pub(crate) struct Bare {
    connection: Connection,
    next: i64,
    // Dropped last: the file lives in it.
    _folder: tempfile::TempDir,
}

/// Time and processor time of this thread since a moment.
struct Clock {
    began: Instant,
    spent: f64,
}

impl Clock {
    fn start() -> Result<Self> {
        Ok(Self { began: Instant::now(), spent: of_thread()? })
    }

    fn measured(&self, count: u64, bare: Bare) -> Result<Measured> {
        let cost = (of_thread()? - self.spent) / count.max(1) as f64;
        let rate = per_second(count, self.began.elapsed());
        Ok(Measured { rate, cost: Some(cost), bare: super::Bare::Sqlite(Box::new(bare)) })
    }
}

impl Bare {
    pub(crate) fn open() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let connection = Connection::open(folder.path().join("bare.db"))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 65536; \
             PRAGMA cache_size = -32768; PRAGMA temp_store = memory;",
        )?;
        connection.execute_batch(SCHEMA)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self { connection, next: 1, _folder: folder })
    }

    /// Creates `rows` profiles with 1.0 external ids, 1.0 emails and 0.5 LINE ids.
    pub(crate) fn create(mut self, rows: u64) -> Result<Measured> {
        let clock = Clock::start()?;
        for first in (0..rows).step_by(usize::try_from(GROUP)?) {
            self.create_group("c", first, (first + GROUP).min(rows))?;
        }
        clock.measured(rows, self)
    }

    /// Creates groups for a while.
    pub(crate) fn create_for(mut self, time: Duration) -> Result<Measured> {
        let (clock, mut made) = (Clock::start()?, 0);
        while clock.began.elapsed() < time {
            self.create_group("n", made, made + GROUP)?;
            made += GROUP;
        }
        clock.measured(made, self)
    }

    fn create_group(&mut self, prefix: &str, from: u64, to: u64) -> Result<()> {
        let transaction = self.connection.transaction()?;
        for number in from..to {
            let id = format!("{prefix}{number}");
            let email = format!("{id}@example.com");
            let found: Option<i64> = transaction
                .prepare_cached(
                    "SELECT pid FROM identifiers WHERE sk = ? AND kind = 1 AND label = '' AND value = ?",
                )?
                .query_row(params![SK, id], |row| row.get(0))
                .optional()?;
            if found.is_some() {
                continue;
            }
            let mut attributes = Map::new();
            for column in 0..11 {
                attributes.insert(format!("k{column}"), json!(format!("value-{number}")));
            }
            let line = (number % 2 == 0).then(|| line_id(number | u64::from(prefix == "n") << 40));
            let pid = self.next;
            self.next += 1;
            insert(
                &transaction,
                pid,
                Some(&id),
                Some(&email),
                line.as_deref(),
                &Value::Object(attributes).to_string(),
            )?;
        }
        Ok(transaction.commit()?)
    }

    /// Resolves, merges 3 of 11 keys and writes back, for a while.
    pub(crate) fn update_for(mut self, time: Duration, profiles: u64) -> Result<Measured> {
        let (clock, mut done) = (Clock::start()?, 0_u64);
        while clock.began.elapsed() < time {
            let transaction = self.connection.transaction()?;
            for number in done..done + GROUP {
                let known = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % profiles;
                let changes = [
                    ("k1", json!(number)),
                    ("k2", json!(format!("v{number}"))),
                    ("k3", json!(number % 2 == 0)),
                ];
                change(&transaction, &format!("c{known}"), number, &changes)?;
            }
            transaction.commit()?;
            done += GROUP;
        }
        clock.measured(done, self)
    }

    /// Makes `count` profiles with this document, then changes one attribute of one after the other, `group` per commit.
    pub(crate) fn documents(
        mut self,
        time: Duration,
        count: u64,
        group: u64,
        document: &str,
    ) -> Result<Measured> {
        let transaction = self.connection.transaction()?;
        for number in 0..count {
            let (pid, id) = (self.next, format!("d{number}"));
            self.next += 1;
            insert(&transaction, pid, Some(&id), None, None, document)?;
        }
        transaction.commit()?;
        let (clock, mut done) = (Clock::start()?, 0_u64);
        while clock.began.elapsed() < time {
            let transaction = self.connection.transaction()?;
            for number in done..done + group {
                change(
                    &transaction,
                    &format!("d{}", number % count),
                    number,
                    &[("changed", json!(line_id(number)))],
                )?;
            }
            transaction.commit()?;
            done += group;
        }
        clock.measured(done, self)
    }

    /// Looks up and creates followers: profile, LINE id, alias, friendship.
    pub(crate) fn followers(mut self, count: u64) -> Result<Measured> {
        let clock = Clock::start()?;
        for first in (0..count).step_by(1000) {
            let transaction = self.connection.transaction()?;
            for number in first..(first + 1000).min(count) {
                let user = line_id(number | 1 << 45);
                let found: Option<i64> = transaction
                    .prepare_cached(
                        "SELECT pid FROM identifiers WHERE sk = ? AND kind = 5 AND label = '' AND value = ?",
                    )?
                    .query_row(params![SK, user], |row| row.get(0))
                    .optional()?;
                if found.is_none() {
                    let pid = self.next;
                    self.next += 1;
                    insert(&transaction, pid, None, None, Some(&user), "{}")?;
                    key(&transaction, 2, "line_id", &user, 0, pid)?;
                }
                transaction
                    .prepare_cached(
                        "INSERT INTO line_friendships (sk, line_user_id, channel, state, changed_at, evidence_at) \
                         VALUES (?, ?, '1', 'subscribed', 1, 1)",
                    )?
                    .execute(params![SK, user])?;
            }
            transaction.commit()?;
        }
        clock.measured(count, self)
    }
}

/// Resolves an external id, merges into its document and writes it back.
fn change(
    transaction: &rusqlite::Transaction<'_>,
    external_id: &str,
    at: u64,
    changes: &[(&str, Value)],
) -> Result<()> {
    let (pid, text): (i64, String) = transaction
        .prepare_cached(
            "SELECT p.pid, p.attributes FROM identifiers i JOIN profiles p ON p.pid = i.pid \
             WHERE i.sk = ? AND i.kind = 1 AND i.label = '' AND i.value = ?",
        )?
        .query_row(params![SK, external_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut attributes: Map<String, Value> = serde_json::from_str(&text)?;
    for (name, value) in changes {
        attributes.insert((*name).to_owned(), value.clone());
    }
    transaction
        .prepare_cached(
            "UPDATE profiles SET attributes = ?, updated_at = ?, version = version + 1 WHERE pid = ?",
        )?
        .execute(params![Value::Object(attributes).to_string(), at.cast_signed(), pid])?;
    Ok(())
}

fn insert(
    transaction: &rusqlite::Transaction<'_>,
    pid: i64,
    external_id: Option<&str>,
    email: Option<&str>,
    line: Option<&str>,
    attributes: &str,
) -> Result<()> {
    // As a UUIDv7: rising, 16 bytes.
    let mut id = [7_u8; 16];
    id[..8].copy_from_slice(&pid.to_be_bytes());
    transaction
        .prepare_cached(
            "INSERT INTO profiles (pid, id, sk, external_id, email, native_line_id, fields, attributes, created_at, \
             updated_at, version) VALUES (?, ?, ?, ?, ?, ?, '{}', ?, ?, ?, 1)",
        )?
        .execute(params![pid, id, SK, external_id, email, line, attributes, pid, pid])?;
    for (kind, value, tie) in [(1, external_id, 0), (3, email, pid), (5, line, pid)] {
        if let Some(value) = value {
            key(transaction, kind, "", value, tie, pid)?;
        }
    }
    Ok(())
}

fn key(
    transaction: &rusqlite::Transaction<'_>,
    kind: i64,
    label: &str,
    value: &str,
    tie: i64,
    pid: i64,
) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO identifiers (sk, kind, label, value, tie, pid) VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![SK, kind, label, value, tie, pid])?;
    Ok(())
}
