//! The schema: its versions, and the gate that refuses one this binary does not know.

use std::borrow::Cow;

use profile_store::Fault;
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migrate as _, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Connection as _, SqliteConnection};

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "profiles", include_str!("../../../migrations/sqlite/0001_profiles.sql")),
    (2, "identity", include_str!("../../../migrations/sqlite/0002_identity.sql")),
    (3, "erasure", include_str!("../../../migrations/sqlite/0003_erasure.sql")),
    (4, "api", include_str!("../../../migrations/sqlite/0004_api.sql")),
    (5, "traces", include_str!("../../../migrations/sqlite/0005_traces.sql")),
    (6, "order of events", include_str!("../../../migrations/sqlite/0006_order_of_events.sql")),
    (7, "mentions", include_str!("../../../migrations/sqlite/0007_mentions.sql")),
];

/// The version this binary wants.
pub const SCHEMA_VERSION: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// Brings the schema to [`SCHEMA_VERSION`]; the version found before, 0 for an empty file.
///
/// Safe to run from several processes at once: sqlx takes no lock on SQLite, so what is missing is looked up and applied
/// under the write lock, in one transaction. Where nothing is missing nobody is locked out.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    let migrations = MIGRATIONS.iter().map(|(version, name, text)| {
        Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, (*text).into_sql_str(), false)
    });
    let migrator = Migrator { ignore_missing: true, ..Migrator::with_migrations(migrations.collect()) };
    if has_table(connection).await? && known(connection).await? == SCHEMA_VERSION {
        // Applies nothing, but compares what was applied with what this binary holds.
        migrator.run(&mut *connection).await.map_err(failed)?;
        return Ok(SCHEMA_VERSION);
    }
    let database = |error: sqlx::Error| crate::fault::to_fault(&error);
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(database)?;
    transaction.ensure_migrations_table(&migrator.table_name).await.map_err(failed)?;
    let found = known(&mut transaction).await?;
    migrator.run(&mut *transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(database)?;
    Ok(found)
}

fn failed(error: MigrateError) -> Fault {
    match error {
        MigrateError::Execute(error) => crate::fault::to_fault(&error),
        other => Fault::Inconsistent(format!("the schema cannot be migrated: {other}")),
    }
}

/// Whether any migration ever ran on the file.
async fn has_table(connection: &mut SqliteConnection) -> Result<bool, Fault> {
    let query = sqlx::query_scalar::<_, bool>(
        "-- has_schema\nSELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')",
    );
    query.fetch_one(connection).await.map_err(|error| crate::fault::to_fault(&error))
}

/// The newest version in the file, if this binary knows it.
async fn known(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    let found = version(connection).await?;
    if found > SCHEMA_VERSION {
        return Err(Fault::Inconsistent(format!(
            "the database has schema version {found}, this binary wants {SCHEMA_VERSION}: use a newer binary"
        )));
    }
    Ok(found)
}

/// The newest version in the file.
pub(crate) async fn version(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    let query = sqlx::query_scalar::<_, Option<i64>>(
        "-- schema_version\nSELECT max(version) FROM _sqlx_migrations WHERE success",
    );
    let found = query.fetch_one(connection).await.map_err(|error| crate::fault::to_fault(&error))?;
    Ok(found.unwrap_or(0))
}
