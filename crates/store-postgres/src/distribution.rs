//! Citus: which tables are spread over its nodes, and spreading those that are not.

use profile_store::Fault;
use sqlx::{Connection as _, PgConnection};

use crate::connecting::{Options, connect};
use crate::fault::to_fault;
use crate::migrations::LOCK;
use crate::statement::Placement;
use crate::store::PostgresStore;

/// One statement per table, behind a comment with its name.
const PLACEMENTS: &str = include_str!("../../../migrations/citus/0001_distribute.sql");

const HAS_CITUS: &str = "-- has_citus\nSELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')";

const IS_PLACED: &str =
    "-- is_placed\nSELECT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = to_regclass($1))";

const SHARDS: &str = "-- count_shards\nSELECT count(*), count(DISTINCT nodename || ':' || nodeport) \
     FROM citus_shards WHERE table_name = 'profiles'::regclass";

/// Milliseconds between two looks at commits that broke off between their phases; -1: the cluster never looks.
const SETTLES: &str = "-- find_settle_interval\nSELECT CAST(setting AS bigint) FROM pg_settings \
     WHERE name = 'citus.recover_2pc_interval'";

/// Tables one after the other, on one connection per node: many at once would take more connections than nodes have.
const ONE_BY_ONE: &str = "-- place_one_by_one\nSET LOCAL citus.multi_shard_modify_mode TO 'sequential'";

const CLEAR: &str =
    "-- clear_local_copy\nSELECT truncate_local_data_after_distributing_table(to_regclass($1))";

/// What distributing found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// Tables that were distributed now.
    pub placed: Vec<String>,
    /// Tables that were distributed before.
    pub already: usize,
    /// Shards of each distributed table.
    pub shards: i64,
    /// Nodes that hold them.
    pub nodes: i64,
    /// How long what a commit wrote may stay unseen on a worker that was cut off between its two phases, in
    /// milliseconds; `None`: until somebody settles it by hand.
    pub settles_within: Option<i64>,
}

impl PostgresStore {
    /// Brings the schema up to date and distributes every table that is not distributed yet. What is stored moves to its
    /// shards; writes wait meanwhile. Safe to run again, and from several processes at once. `None`: the database has no
    /// Citus, and nothing was done.
    ///
    /// # Errors
    /// As [`PostgresStore::migrate`]; when Citus refuses, or a node is gone.
    pub async fn distribute(
        url: &str,
        options: &Options,
    ) -> Result<Option<((i64, i64), Distribution)>, Fault> {
        let mut connection = connect(url, &options.patient()).await?;
        if !has_citus(&mut connection).await? {
            return Ok(None);
        }
        let versions = Self::migrate(url, options).await?;
        let done = place(&mut connection).await?;
        connection.close().await.map_err(|error| to_fault(&error))?;
        Ok(Some((versions, done)))
    }
}

impl PostgresStore {
    /// Where the tables of a database are.
    pub(crate) async fn placement(url: &str, options: &Options) -> Result<Placement, Fault> {
        let mut connection = connect(url, options).await?;
        let distributed = is_distributed(&mut connection).await;
        let _ = connection.close().await;
        Ok(if distributed? { Placement::Distributed } else { Placement::Together })
    }
}

/// Name and statement of every table.
fn placements() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut name = "";
    PLACEMENTS.lines().filter_map(move |line| match line.strip_prefix("-- ") {
        Some(comment) => {
            name = comment;
            None
        }
        None => line.starts_with("SELECT").then_some((name, line)),
    })
}

pub(crate) async fn has_citus(connection: &mut PgConnection) -> Result<bool, Fault> {
    sqlx::query_scalar(HAS_CITUS).fetch_one(connection).await.map_err(|error| to_fault(&error))
}

/// Whether our tables are distributed: then those that a newer schema makes must be, too.
pub(crate) async fn is_distributed(connection: &mut PgConnection) -> Result<bool, Fault> {
    Ok(has_citus(connection).await? && is_placed(connection, "profiles").await?)
}

async fn is_placed(connection: &mut PgConnection, table: &str) -> Result<bool, Fault> {
    let query = sqlx::query_scalar(IS_PLACED).bind(table.to_owned());
    query.fetch_one(connection).await.map_err(|error| to_fault(&error))
}

/// Places what is not placed, a transaction for each table: what was done before an interruption stays done.
pub(crate) async fn place(connection: &mut PgConnection) -> Result<Distribution, Fault> {
    let database = |error: sqlx::Error| to_fault(&error);
    let mut done = Distribution { placed: Vec::new(), already: 0, shards: 0, nodes: 0, settles_within: None };
    for (table, statement) in placements() {
        let mut transaction = connection.begin().await.map_err(database)?;
        sqlx::query(LOCK).execute(&mut *transaction).await.map_err(database)?;
        if is_placed(&mut transaction, table).await? {
            done.already += 1;
            continue;
        }
        sqlx::query(ONE_BY_ONE).execute(&mut *transaction).await.map_err(database)?;
        sqlx::query(statement).execute(&mut *transaction).await.map_err(database)?;
        transaction.commit().await.map_err(database)?;
        sqlx::query(CLEAR).bind(table).execute(&mut *connection).await.map_err(database)?;
        done.placed.push(table.to_owned());
    }
    let settles: Option<i64> =
        sqlx::query_scalar(SETTLES).fetch_optional(&mut *connection).await.map_err(database)?;
    done.settles_within = settles.filter(|interval| *interval >= 0);
    (done.shards, done.nodes) = sqlx::query_as(SHARDS).fetch_one(connection).await.map_err(database)?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table that nobody places stays on the coordinator.
    #[test]
    fn every_table_of_the_schema_is_placed_once() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
        let mut made = Vec::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            made.extend(text.lines().filter_map(|line| {
                let name = line.strip_prefix("CREATE TABLE ")?;
                name.split(' ').next().map(str::to_owned)
            }));
        }
        let mut placed: Vec<_> = placements().map(|(table, _)| table.to_owned()).collect();
        made.sort();
        placed.sort();
        assert_eq!(placed, made);
    }

    #[test]
    fn each_statement_is_about_the_table_it_is_named_after() {
        for (table, statement) in placements() {
            assert!(statement.contains(&format!("_table('{table}'")), "{table}: {statement}");
            assert!(statement.ends_with(';') && !statement.contains("'sk, "), "{statement}");
        }
    }
}
