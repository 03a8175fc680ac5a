//! The schema: its versions, and the gate that refuses one this binary does not know.

use std::borrow::Cow;

use profile_store::Fault;
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migrate as _, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Connection as _, PgConnection};

use crate::fault::to_fault;

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "profiles", include_str!("../../../migrations/postgres/0001_profiles.sql")),
    (2, "identity", include_str!("../../../migrations/postgres/0002_identity.sql")),
    (3, "erasure", include_str!("../../../migrations/postgres/0003_erasure.sql")),
    (4, "api", include_str!("../../../migrations/postgres/0004_api.sql")),
    (5, "traces", include_str!("../../../migrations/postgres/0005_traces.sql")),
    (6, "order of events", include_str!("../../../migrations/postgres/0006_order_of_events.sql")),
    (7, "mentions", include_str!("../../../migrations/postgres/0007_mentions.sql")),
];

/// The version this binary wants.
pub const SCHEMA_VERSION: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// "enmusubi" as a number: processes that migrate at once wait for each other here. Held by the transaction, not by the
/// session, so that it works behind a pooler; nothing but migrations takes it.
pub(crate) const LOCK: &str = "-- lock_migrations\nSELECT pg_advisory_xact_lock(7308332046081745257)";

/// Brings the schema to [`SCHEMA_VERSION`]; the version found before, 0 for an empty database.
///
/// Safe to run from several processes at once: what is missing is looked up and applied under one lock, in one
/// transaction. Where nothing is missing nothing is locked and nothing is written, so that a user who may only use the
/// tables can start the server.
pub(crate) async fn migrate(connection: &mut PgConnection) -> Result<i64, Fault> {
    let migrations = MIGRATIONS.iter().map(|(version, name, text)| {
        Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, (*text).into_sql_str(), false)
    });
    let migrations: Vec<_> = migrations.collect();
    if has_table(connection).await? && known(connection).await? == SCHEMA_VERSION {
        compare(connection, &migrations).await?;
        return Ok(SCHEMA_VERSION);
    }
    let migrator = Migrator { ignore_missing: true, locking: false, ..Migrator::with_migrations(migrations) };
    let database = |error: sqlx::Error| to_fault(&error);
    let mut transaction = connection.begin().await.map_err(database)?;
    sqlx::query(LOCK).execute(&mut *transaction).await.map_err(database)?;
    transaction.ensure_migrations_table(&migrator.table_name).await.map_err(failed)?;
    let found = known(&mut transaction).await?;
    migrator.run(&mut *transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(database)?;
    // On Citus, tables that this version made join those that are distributed.
    if crate::distribution::is_distributed(connection).await? {
        crate::distribution::place(connection).await?;
    }
    Ok(found)
}

fn failed(error: MigrateError) -> Fault {
    match error {
        MigrateError::Execute(error) => to_fault(&error),
        other => Fault::Inconsistent(format!("the schema cannot be migrated: {other}")),
    }
}

/// Whether what was applied is what this binary holds.
async fn compare(connection: &mut PgConnection, migrations: &[Migration]) -> Result<(), Fault> {
    let query = sqlx::query_as::<_, (i64, Vec<u8>)>(
        "-- applied_migrations\nSELECT version, checksum FROM _sqlx_migrations",
    );
    let applied = query.fetch_all(connection).await.map_err(|error| to_fault(&error))?;
    for (version, checksum) in &applied {
        let ours = migrations.iter().find(|migration| migration.version == *version);
        if ours.is_none_or(|ours| *ours.checksum != **checksum) {
            return Err(Fault::Inconsistent(format!(
                "migration {version} of the database is not the one this binary has"
            )));
        }
    }
    Ok(())
}

/// Whether any migration ever ran on the database.
pub(crate) async fn has_table(connection: &mut PgConnection) -> Result<bool, Fault> {
    let query =
        sqlx::query_scalar::<_, bool>("-- has_schema\nSELECT to_regclass('_sqlx_migrations') IS NOT NULL");
    query.fetch_one(connection).await.map_err(|error| to_fault(&error))
}

/// The newest version in the database, if this binary knows it.
async fn known(connection: &mut PgConnection) -> Result<i64, Fault> {
    let found = version(connection).await?;
    if found > SCHEMA_VERSION {
        return Err(Fault::Inconsistent(format!(
            "the database has schema version {found}, this binary wants {SCHEMA_VERSION}: use a newer binary"
        )));
    }
    Ok(found)
}

/// The newest version in the database.
pub(crate) async fn version(connection: &mut PgConnection) -> Result<i64, Fault> {
    let query = sqlx::query_scalar::<_, Option<i64>>(
        "-- schema_version\nSELECT max(version) FROM _sqlx_migrations WHERE success",
    );
    let found = query.fetch_one(connection).await.map_err(|error| to_fault(&error))?;
    Ok(found.unwrap_or(0))
}
