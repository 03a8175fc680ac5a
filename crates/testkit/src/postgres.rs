//! PostgreSQL for tests: a private cluster of this process, or the server that `ENMUSUBI_TEST_POSTGRES_URL` names, with
//! a database per test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};

mod account;
mod certificates;
pub mod citus;
mod cluster;

pub use certificates::Certificates;
pub use cluster::Cluster;

/// Names the server to test on: a URL whose database is only used to make and drop others. `cargo xtask test` sets it to
/// one cluster for all test programs; without it each program starts its own.
pub const URL_VARIABLE: &str = "ENMUSUBI_TEST_POSTGRES_URL";

/// The programs that a cluster needs; all lie in one folder.
const PROGRAMS: [&str; 5] = ["initdb", "pg_basebackup", "pg_ctl", "postgres", "psql"];

/// Where Debian puts them, one folder per major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder of PostgreSQL's programs: on PATH, else the newest that Debian's packages brought.
#[must_use]
pub fn find_programs() -> Option<PathBuf> {
    let has_all = |folder: &Path| PROGRAMS.iter().all(|program| folder.join(program).is_file());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_unstable();
    let installed = versions.into_iter().rev().map(|(_, folder)| folder);
    std::env::split_paths(&path).chain(installed).find(|folder| has_all(folder))
}

fn programs() -> Result<PathBuf> {
    find_programs().context(
        "PostgreSQL is not installed: run `cargo xtask test`, or `apt-get install postgresql` (its server need not run)",
    )
}

/// A database of one test. Dropped with it, whoever is still connected.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// An empty database on the server that the environment names, else on the cluster of this process.
    ///
    /// # Errors
    /// When there is no PostgreSQL, or the server refuses.
    pub fn create() -> Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let server = server()?;
        let name = format!("test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        // Left by an earlier process with our number that was killed.
        run_sql(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
        run_sql(&server, &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))?;
        Ok(Self { server, name })
    }

    /// `postgres://..`
    #[must_use]
    pub fn url(&self) -> String {
        with_database(&self.server, &self.name)
    }

    /// Runs statements on it; what they print, unaligned and without headers.
    ///
    /// # Errors
    /// When one fails.
    pub fn run(&self, sql: &str) -> Result<String> {
        run_sql(&self.url(), sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server that is gone took it along.
        let _ = run_sql(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// URL of the server to make databases on.
fn server() -> Result<String> {
    if let Some(url) = std::env::var(URL_VARIABLE).ok().filter(|url| !url.is_empty()) {
        return Ok(url);
    }
    // Never dropped: its janitor sees this process end, however it ends.
    static OWN: Mutex<Option<Cluster>> = Mutex::new(None);
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    if own.is_none() {
        *own = Some(Cluster::start()?);
    }
    own.as_ref().map(Cluster::url).context("no cluster")
}

/// The same server, another database.
fn with_database(server: &str, name: &str) -> String {
    let (place, parameters) =
        server.split_once('?').map_or((server, String::new()), |(place, rest)| (place, format!("?{rest}")));
    let scheme = place.find("://").map_or(0, |at| at + 3);
    let end = place[scheme..].find('/').map_or(place.len(), |at| scheme + at);
    format!("{}/{name}{parameters}", &place[..end])
}

/// Runs statements on a database; what they print, unaligned and without headers.
///
/// # Errors
/// When one fails.
pub fn run_sql(url: &str, sql: &str) -> Result<String> {
    let mut psql = Command::new(programs()?.join("psql"));
    psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
    let output = psql.args(["--dbname", url, "--command", sql]).output().context("psql")?;
    ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_of_the_same_server_is_named_by_its_path() {
        assert_eq!(with_database("postgres://u@h:1/postgres", "a"), "postgres://u@h:1/a");
        assert_eq!(with_database("postgres://u:p@h", "a"), "postgres://u:p@h/a");
        assert_eq!(with_database("postgres://h/x?sslmode=require", "a"), "postgres://h/a?sslmode=require");
    }

    #[test]
    fn a_database_is_made_used_and_dropped() {
        let database = Database::create().unwrap();
        database.run("CREATE TABLE t (a int); INSERT INTO t VALUES (7)").unwrap();
        assert_eq!(database.run("SELECT a FROM t").unwrap(), "7");
        assert!(database.run("SELECT nonsense").is_err());
        let (server, name) = (database.server.clone(), database.name.clone());
        drop(database);
        let left = run_sql(&server, &format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'"));
        assert_eq!(left.unwrap(), "0");
    }
}
