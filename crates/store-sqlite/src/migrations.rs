//! The schema: its versions, and the gate that refuses one this binary does not know.

use std::borrow::Cow;

use profile_store::Fault;
use sqlx::SqlSafeStr as _;
use sqlx::SqliteConnection;
use sqlx::migrate::{Migrate as _, Migration, MigrationType, Migrator};

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "profiles", include_str!("../../../migrations/sqlite/0001_profiles.sql")),
    (2, "identity", include_str!("../../../migrations/sqlite/0002_identity.sql")),
    (3, "erasure", include_str!("../../../migrations/sqlite/0003_erasure.sql")),
];

/// The version this binary wants.
pub const SCHEMA_VERSION: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// Brings the schema to [`SCHEMA_VERSION`]; the version found before, 0 for an empty file. Safe to run from several
/// processes: each migration is a transaction.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    let failed = |error: sqlx::migrate::MigrateError| match error {
        sqlx::migrate::MigrateError::Execute(error) => crate::fault::to_fault(&error),
        other => Fault::Inconsistent(format!("the schema cannot be migrated: {other}")),
    };
    let migrations = MIGRATIONS.iter().map(|(version, name, text)| {
        Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, (*text).into_sql_str(), false)
    });
    let migrator = Migrator { ignore_missing: true, ..Migrator::with_migrations(migrations.collect()) };
    connection.ensure_migrations_table(&migrator.table_name).await.map_err(failed)?;
    let found = version(connection).await?;
    if found > SCHEMA_VERSION {
        return Err(Fault::Inconsistent(format!(
            "the database has schema version {found}, this binary wants {SCHEMA_VERSION}: use a newer binary"
        )));
    }
    migrator.run(&mut *connection).await.map_err(failed)?;
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
