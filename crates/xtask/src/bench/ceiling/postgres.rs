//! The bare engine: PostgreSQL through pgbench, on our schema, doing the same resolve, merge and upsert in SQL.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use testkit::postgres::{Cluster, find_programs};

use super::{Measured, OBJECTS, ROWS};
use crate::bench::http::CLIENTS;

const SCHEMA: &str = include_str!("../../../../../migrations/postgres/0001_profiles.sql");

const CREATE: &str = include_str!("create.sql");
const UPDATE: &str = include_str!("update.sql");
const FOLLOWERS: &str = include_str!("followers.sql");

/// A bare database of a cluster that others also use.
pub(crate) struct Bare {
    program: PathBuf,
    database: String,
    folder: tempfile::TempDir,
}

/// How long one run of pgbench goes on.
#[derive(Clone, Copy)]
enum Until {
    Time(Duration),
    /// All clients together.
    Transactions(u64),
}

/// One run of pgbench.
struct Run<'r> {
    script: &'r str,
    clients: u64,
    /// Items per transaction.
    batch: u64,
    until: Until,
    variables: &'r [(&'r str, String)],
}

impl Bare {
    /// A database with our first schema.
    pub(crate) fn open(cluster: &Cluster) -> Result<Self> {
        let program = find_programs().context("PostgreSQL is not installed")?.join("pgbench");
        let database = cluster.database("bare")?;
        let folder = tempfile::tempdir()?;
        let schema = folder.path().join("schema.sql");
        std::fs::write(&schema, SCHEMA)?;
        let mut psql = Command::new(program.with_file_name("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", &database, "--file"]);
        let output = psql.arg(&schema).output().context("psql")?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        Ok(Self { program, database, folder })
    }

    pub(super) fn create(self, rows: u64) -> Result<Measured> {
        let until = Until::Transactions(rows.div_ceil(ROWS));
        let variables = [("prefix", "c".to_owned()), ("series", "1".to_owned())];
        self.run(&Run { script: CREATE, clients: 1, batch: ROWS, until, variables: &variables })
    }

    pub(super) fn create_for(self, time: Duration) -> Result<Measured> {
        let until = Until::Time(time);
        let variables = [("prefix", "n".to_owned()), ("series", "2".to_owned())];
        self.run(&Run { script: CREATE, clients: CLIENTS, batch: OBJECTS, until, variables: &variables })
    }

    pub(super) fn update_for(self, time: Duration, profiles: u64) -> Result<Measured> {
        let until = Until::Time(time);
        let variables = [("profiles", profiles.to_string())];
        self.run(&Run { script: UPDATE, clients: CLIENTS, batch: OBJECTS, until, variables: &variables })
    }

    pub(super) fn followers(self, count: u64) -> Result<Measured> {
        let until = Until::Transactions(count.div_ceil(ROWS));
        self.run(&Run { script: FOLLOWERS, clients: 1, batch: ROWS, until, variables: &[] })
    }

    fn run(self, run: &Run<'_>) -> Result<Measured> {
        let script = self.folder.path().join("script.sql");
        std::fs::write(&script, run.script)?;
        let mut pgbench = Command::new(&self.program);
        pgbench.args(["--no-vacuum", "--protocol=prepared", "--max-tries=5", "--file"]).arg(&script);
        pgbench.arg(format!("--client={}", run.clients)).arg(format!("--jobs={}", run.clients.min(2)));
        match run.until {
            Until::Time(time) => pgbench.arg(format!("--time={}", time.as_secs().max(1))),
            Until::Transactions(all) => pgbench.arg(format!("--transactions={}", all.div_ceil(run.clients))),
        };
        // `n` counts the transactions of a client, from 0.
        let numbers =
            [("n", -1_i64), ("clients", run.clients.cast_signed()), ("batch", run.batch.cast_signed())];
        for (name, number) in numbers {
            pgbench.arg("-D").arg(format!("{name}={number}"));
        }
        for (name, text) in run.variables {
            pgbench.arg("-D").arg(format!("{name}={text}"));
        }
        let output = pgbench.arg(&self.database).output().context("pgbench")?;
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success(), "pgbench: {}{told}", String::from_utf8_lossy(&output.stderr));
        let failed = number_after(&told, "number of failed transactions: ").unwrap_or_default();
        ensure!(failed == 0.0, "pgbench: {failed} transactions failed");
        let per_second = number_after(&told, "tps = ").context("pgbench told no rate")?;
        let rate = per_second * run.batch as f64;
        Ok(Measured { rate, cost: None, bare: super::Bare::Postgres(self) })
    }
}

/// The number that stands behind these words.
fn number_after(text: &str, words: &str) -> Option<f64> {
    let (_, rest) = text.split_once(words)?;
    rest.split(|c: char| c != '.' && !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::ceiling;

    /// Each script does what it says, to as many rows as its transactions have items.
    #[test]
    fn the_scripts_make_change_and_find_profiles() {
        let cluster = Cluster::start().unwrap();
        let bare = Bare::open(&cluster).unwrap();
        let database = bare.database.clone();
        let ask = |sql: &str| testkit::postgres::run_sql(&database, sql).unwrap();
        let made = bare.create(2_000).unwrap();
        assert!(made.rate > 0.0);
        assert_eq!(ask("SELECT count(*), count(native_line_id) FROM profiles"), "2000|1000");
        assert_eq!(
            ask("SELECT kind, count(*) FROM identifiers GROUP BY 1 ORDER BY 1"),
            "1|2000\n3|2000\n5|1000"
        );
        let ceiling::Bare::Postgres(bare) = made.bare else { unreachable!() };
        let changed = bare.run(&Run {
            script: UPDATE,
            clients: 2,
            batch: OBJECTS,
            until: Until::Transactions(4),
            variables: &[("profiles", "2000".to_owned())],
        });
        let ceiling::Bare::Postgres(bare) = changed.unwrap().bare else { unreachable!() };
        let many = "SELECT count(*) BETWEEN 200 AND 300 FROM profiles WHERE version > 1 AND attributes->>'k2' LIKE 'v%' \
             AND attributes->>'k10' LIKE 'value-%'";
        assert_eq!(ask(many), "t");
        bare.followers(1_000).unwrap();
        assert_eq!(ask("SELECT count(*) FROM line_friendships"), "1000");
        assert_eq!(ask("SELECT count(*) FROM identifiers WHERE kind = 2 AND label = 'line_id'"), "1000");
    }

    #[test]
    fn a_number_is_read_from_what_pgbench_tells() {
        assert_eq!(number_after("latency = 2 ms\ntps = 414.25 (without", "tps = "), Some(414.25));
        assert_eq!(number_after("nothing", "tps = "), None);
    }
}
