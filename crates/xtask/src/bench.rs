//! `cargo xtask bench`: rates beside a ceiling measured in the same run.
//!
//! The ceiling of a write is the bare engine (SQLite through rusqlite, PostgreSQL through pgbench; prepared statements,
//! durable commits) doing the same resolve, JSON merge and writes in groups of the same size. The ceiling of a look-up or
//! webhook is the same server answering a constant. Server, engine and load share the machine's cores. Absolute figures
//! move with the machine; compare ratios of one run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::run;

mod ceiling;
mod duplicates;
mod engine;
mod http;
mod large;
mod machine;
mod scenarios;
mod steady;
mod table;
mod unseen;

use engine::{Engine, Stage};
use machine::Watch;
use table::Table;

/// What to measure.
#[derive(Args)]
pub(crate) struct Wanted {
    /// Profiles that are there before look-ups and updates are measured.
    #[arg(long, default_value_t = 1_000_000)]
    profiles: u64,
    /// Seconds per scenario.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Followers to sync.
    #[arg(long, default_value_t = 50_000)]
    followers: usize,
    /// Seconds of the burst of 1,000 webhooks a second.
    #[arg(long, default_value_t = 60)]
    burst_seconds: u64,
    /// The engine that the server stores on; `postgres` starts a durable cluster of its own.
    #[arg(long, value_enum, default_value_t = Engine::Sqlite)]
    engine: Engine,
    /// Only these scenarios (the import always runs: it makes the profiles). `shared`, `large` and `unseen` run only if
    /// named.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Scenario>,
    /// Measure this server instead of building one.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Also write the table as JSON to this file.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// What can be measured after the import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// `/users/track` with new profiles, then with existing ones.
    Track,
    /// Who is this LINE ID?
    LookUp,
    /// One follow per webhook, as fast as 16 clients go.
    Webhook,
    /// A follower sync of new ids.
    Sync,
    /// 1,000 webhooks a second.
    Burst,
    /// Interactive requests alone, then beside an import.
    Beside,
    /// Finding duplicates among all profiles, and merging them.
    Duplicates,
    /// Requests that name an email address which very many profiles share.
    Shared,
    /// Profiles of 100 KB, alone and among others.
    Large,
    /// A workspace that PostgreSQL's statistics do not know.
    Unseen,
}

impl Wanted {
    fn includes(&self, scenario: Scenario) -> bool {
        let is_usual = !matches!(scenario, Scenario::Shared | Scenario::Large | Scenario::Unseen);
        self.only.contains(&scenario) || (self.only.is_empty() && is_usual)
    }

    fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

/// Builds the server, measures, prints.
pub(crate) fn bench(root: &Path, wanted: &Wanted) -> Result<()> {
    if cfg!(debug_assertions) {
        // An unoptimised ceiling would flatter us: measure from a release build of this command.
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let mut command = vec!["run", "--release", "--package", "xtask", "--"];
        command.extend(arguments.iter().map(String::as_str));
        return run::step(root, "release build of the bench", &command, &[]);
    }
    let binary = match &wanted.binary {
        Some(binary) => std::path::absolute(binary)?,
        None => {
            run::step(root, "release build", &["build", "--release", "--package", "enmusubi"], &[])?;
            root.join("target/release/enmusubi")
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(&binary, wanted))
}

async fn measure(binary: &Path, wanted: &Wanted) -> Result<()> {
    let mut table = Table::new(machine::describe()?);
    let stage = Stage::start(binary, wanted.engine).await?;
    let world = &stage.world;
    table.note(format!(
        "server: process {}, on {}",
        world.server.pid().unwrap_or_default(),
        stage.engine_name()
    ));

    let measured = measure_all(&stage, wanted, &mut table).await;
    table.note(format!("peak memory of the server at the end: {} MB", machine::peak_memory(world)?));
    // Also what was measured before something failed.
    table.print()?;
    if let Some(path) = &wanted.json {
        std::fs::write(path, table.as_json())?;
    }
    measured
}

async fn measure_all(stage: &Stage, wanted: &Wanted, table: &mut Table) -> Result<()> {
    let world = &stage.world;
    let watch = Watch::start(stage)?;
    let mut bare = scenarios::create(world, wanted, stage.bare()?, table).await?;
    table.note(format!("others took {} % of the processors during the import", watch.others()?));
    stage.settle()?;
    if wanted.includes(Scenario::Track) {
        let watch = Watch::start(stage)?;
        bare = scenarios::track(world, wanted, bare, table).await?;
        table.note(format!("others took {} % during track", watch.others()?));
    }
    if wanted.includes(Scenario::LookUp) || wanted.includes(Scenario::Webhook) {
        let watch = Watch::start(stage)?;
        scenarios::against_a_constant(world, wanted, table).await?;
        table.note(format!("others took {} % during look-ups and webhooks", watch.others()?));
    }
    if wanted.includes(Scenario::Sync) {
        let watch = Watch::start(stage)?;
        scenarios::sync(world, wanted, bare, table).await?;
        table.note(format!("others took {} % during the sync", watch.others()?));
    }
    if wanted.includes(Scenario::Burst) {
        let watch = Watch::start(stage)?;
        scenarios::burst(world, wanted, table).await?;
        table.note(format!("others took {} % during the burst", watch.others()?));
    }
    if wanted.includes(Scenario::Beside) {
        let watch = Watch::start(stage)?;
        scenarios::beside(world, wanted, table).await?;
        table.note(format!("others took {} % during interactive load", watch.others()?));
    }
    if wanted.includes(Scenario::Duplicates) {
        let watch = Watch::start(stage)?;
        duplicates::duplicates(world, wanted, table).await?;
        table.note(format!("others took {} % while duplicates were merged", watch.others()?));
    }
    if wanted.includes(Scenario::Shared) {
        scenarios::shared(world, wanted, table).await?;
    }
    if wanted.includes(Scenario::Large) {
        let watch = Watch::start(stage)?;
        large::large(stage, wanted.time(), wanted.profiles, table).await?;
        table.note(format!("others took {} % while large profiles were changed", watch.others()?));
    }
    if wanted.includes(Scenario::Unseen) {
        let watch = Watch::start(stage)?;
        unseen::unseen(stage, wanted, table).await?;
        table.note(format!("others took {} % during work in two workspaces", watch.others()?));
    }
    Ok(())
}

fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
