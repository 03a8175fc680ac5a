//! Looking a database over, for `doctor`: reads only.

use std::path::Path;

use profile_store::{Examination, Fault};
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use crate::connecting::{Options, connect_options};
use crate::fault::to_fault;
use crate::store::SqliteStore;

const COUNTS: &[(&str, &str)] = &[
    ("profiles", "-- count_profiles\nSELECT count(*) FROM profiles"),
    ("identifiers", "-- count_identifiers\nSELECT count(*) FROM identifiers"),
    ("events", "-- count_events\nSELECT count(*) FROM events"),
    ("purchases", "-- count_purchases\nSELECT count(*) FROM purchases"),
    ("line_channels", "-- count_line_channels\nSELECT count(*) FROM line_channels"),
    ("line_friendships", "-- count_line_friendships\nSELECT count(*) FROM line_friendships"),
    ("line_inbox", "-- count_line_inbox\nSELECT count(*) FROM line_inbox"),
    ("merges", "-- count_merges\nSELECT count(*) FROM merges"),
    ("erasures", "-- count_erasures\nSELECT count(*) FROM erasures"),
    (
        "line_events_dropped",
        "-- count_line_events_dropped\nSELECT count(*) FROM line_inbox WHERE note IN ('erased_before', 'suppressed')",
    ),
    ("jobs", "-- count_jobs\nSELECT count(*) FROM jobs"),
];

impl SqliteStore {
    /// Looks the file over. Reads all of it, changes nothing, and does not migrate.
    ///
    /// # Errors
    /// When the file cannot be read as a database at all.
    pub async fn examine(path: &Path, options: &Options) -> Result<Examination, Fault> {
        let options = connect_options(path, options)?.create_if_missing(false).pragma("query_only", "on");
        let mut connection = options.connect().await.map_err(|error| to_fault(&error))?;
        let examined = examine(&mut connection).await.map_err(|error| to_fault(&error));
        let _ = connection.close().await;
        examined
    }
}

async fn examine(connection: &mut SqliteConnection) -> Result<Examination, sqlx::Error> {
    let mut damage = Vec::new();
    for row in sqlx::query("-- integrity_check\nPRAGMA integrity_check").fetch_all(&mut *connection).await? {
        let said: String = row.try_get(0)?;
        if said != "ok" {
            damage.push(said);
        }
    }
    let mut found = Examination {
        damage,
        schema_version: 0,
        schema_wanted: crate::SCHEMA_VERSION,
        orphans: 0,
        counts: Vec::new(),
    };
    let known = "-- has_schema\nSELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
    if number(connection, known).await? == 0 {
        return Ok(found);
    }
    let version = "-- schema_version\nSELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success";
    found.schema_version = number(connection, version).await?;
    if found.schema_version != crate::SCHEMA_VERSION {
        return Ok(found);
    }
    if number(connection, crate::moving::IS_UNFINISHED).await? != 0 {
        found.damage.push(profile_store::HALF_A_COPY.to_owned());
    }
    for (table, count) in COUNTS {
        found.counts.push((table, number(connection, count).await?));
    }
    let orphans = "-- count_orphans\nSELECT count(*) FROM identifiers \
                   WHERE NOT EXISTS (SELECT 1 FROM profiles WHERE profiles.pid = identifiers.pid)";
    found.orphans = number(connection, orphans).await?;
    Ok(found)
}

async fn number(connection: &mut SqliteConnection, text: &'static str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(text).fetch_one(connection).await
}
