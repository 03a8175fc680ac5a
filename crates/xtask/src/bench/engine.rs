//! The engine that a run is about: a server on it, and the bare engine beside.

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use testkit::postgres::{Cluster, run_sql};
use testkit::{ServerOptions, World};

use super::ceiling::{Bare, postgres, sqlite};
use crate::tools;

/// Nothing is left out of a commit, and memory is that of a small server.
const DURABLE: &str = "\
fsync = on
full_page_writes = on
shared_buffers = 512MB
max_wal_size = 4GB
checkpoint_timeout = 15min
deadlock_timeout = 1s
";

/// What the server stores on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Engine {
    /// The embedded file.
    Sqlite,
    /// A cluster of its own with durable commits.
    Postgres,
}

/// A server with a connected channel, and its database.
pub(super) struct Stage {
    pub(super) world: World,
    // Dropped after the server that uses it.
    cluster: Option<(Cluster, String)>,
}

impl Stage {
    /// Starts both; installs PostgreSQL where it is missing.
    pub(super) async fn start(binary: &Path, engine: Engine) -> Result<Self> {
        let mut options = ServerOptions::in_a_file();
        let mut cluster = None;
        if engine == Engine::Postgres {
            tools::ensure_present(&[tools::POSTGRES])?;
            let made = Cluster::start_with(DURABLE)?;
            let url = made.database("server")?;
            options.environment = vec![("ENMUSUBI_DATABASE".to_owned(), url.clone())];
            cluster = Some((made, url));
        }
        Ok(Self { world: World::start_on(binary, options).await?, cluster })
    }

    pub(super) const fn is_postgres(&self) -> bool {
        self.cluster.is_some()
    }

    pub(super) const fn engine_name(&self) -> &'static str {
        if self.is_postgres() { "PostgreSQL" } else { "SQLite" }
    }

    /// The bare engine, empty.
    pub(super) fn bare(&self) -> Result<Bare> {
        Ok(match &self.cluster {
            None => Bare::Sqlite(Box::new(sqlite::Bare::open()?)),
            Some((cluster, _)) => Bare::Postgres(postgres::Bare::open(cluster)?),
        })
    }

    /// What autovacuum would do sooner or later after much was written is done now, for both databases: neither is
    /// measured while it happens.
    pub(super) fn settle(&self) -> Result<()> {
        let Some((cluster, server)) = &self.cluster else { return Ok(()) };
        run_sql(server, "VACUUM (ANALYZE)")?;
        run_sql(&cluster.url_of("bare"), "VACUUM (ANALYZE)")?;
        cluster.run("CHECKPOINT")?;
        Ok(())
    }

    /// Runs a statement on the server's database, behind its back.
    pub(super) fn run_on_database(&self, sql: &str) -> Result<String> {
        let (_, server) = self.cluster.as_ref().context("this is about PostgreSQL: say --engine postgres")?;
        run_sql(server, sql)
    }

    pub(super) fn database_process(&self) -> Result<Option<u32>> {
        self.cluster.as_ref().map(|(cluster, _)| cluster.process()).transpose()
    }
}
