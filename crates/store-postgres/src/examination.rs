//! Looking a database over, for `doctor`: reads only.

use profile_store::{Examination, Fault};
use sqlx::{Connection as _, PgConnection};

use crate::connecting::{Options, connect};
use crate::fault::to_fault;
use crate::store::PostgresStore;

mod orphans;

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

/// A profile's bucket is the last byte of its id.
const ORPHANS: &str = "-- count_orphans\nSELECT count(*) FROM identifiers i WHERE NOT EXISTS (SELECT 1 FROM profiles p \
     WHERE p.sk = (i.sk >> 16 << 16 | get_byte(uuid_send(i.profile), 15)) AND p.id = i.profile)";

impl PostgresStore {
    /// Whether the database has a schema of ours, of whatever version.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn has_schema(url: &str, options: &Options) -> Result<bool, Fault> {
        let mut connection = connect(url, options).await?;
        let found = crate::migrations::has_table(&mut connection).await;
        let _ = connection.close().await;
        found
    }

    /// Looks the database over. Reads all look-up rows, changes nothing, and does not migrate. Damage on disk is for the
    /// server's own tools to find (`pg_amcheck`).
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub async fn examine(url: &str, options: &Options) -> Result<Examination, Fault> {
        // The whole look-up table is read, for as long as it takes.
        let options = Options { statement_timeout: std::time::Duration::ZERO, ..options.clone() };
        let mut connection = connect(url, &options).await?;
        let examined = examine(&mut connection).await;
        let _ = connection.close().await;
        examined
    }
}

async fn examine(connection: &mut PgConnection) -> Result<Examination, Fault> {
    let mut found = Examination {
        damage: Vec::new(),
        schema_version: 0,
        schema_wanted: crate::SCHEMA_VERSION,
        orphans: 0,
        counts: Vec::new(),
    };
    if !crate::migrations::has_table(connection).await? {
        return Ok(found);
    }
    found.schema_version = crate::migrations::version(connection).await?;
    if found.schema_version != crate::SCHEMA_VERSION {
        return Ok(found);
    }
    if crate::moving::is_unfinished(connection).await? {
        found.damage.push(profile_store::HALF_A_COPY.to_owned());
    }
    for (table, count) in COUNTS {
        found.counts.push((table, number(connection, count).await?));
    }
    found.orphans = if crate::distribution::is_distributed(connection).await? {
        orphans::count(connection).await?
    } else {
        number(connection, ORPHANS).await?
    };
    Ok(found)
}

async fn number(connection: &mut PgConnection, text: &'static str) -> Result<i64, Fault> {
    sqlx::query_scalar(text).fetch_one(connection).await.map_err(|error| to_fault(&error))
}
