//! `cargo xtask bench`: rates beside a ceiling measured in the same run.
//!
//! The ceiling of a write is the bare engine: the same SQLite library through rusqlite with prepared statements and
//! `synchronous=FULL`, doing the same resolve, JSON merge and writes in groups of the same size. The ceiling of a
//! look-up or webhook is the same server answering a constant. Server and load share the machine's cores. Absolute
//! figures move with the machine; compare ratios of one run.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use line_simulator::verbs::{ChannelSpec, FollowersSpec, Tier};
use testkit::World;

use crate::run;

mod ceiling;
mod duplicates;
mod http;
mod large;
mod machine;
mod steady;
mod table;

use ceiling::Bare;
use machine::{Spent, Watch};
use table::{Line, Table};

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
    /// Only these scenarios (the import always runs: it makes the profiles). `shared` and `large` run only if named.
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
}

impl Wanted {
    fn includes(&self, scenario: Scenario) -> bool {
        let is_usual = !matches!(scenario, Scenario::Shared | Scenario::Large);
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
    let spec = ChannelSpec { tier: Some(Tier::Verified), ..ChannelSpec::default() };
    let mut table = Table::new(machine::describe()?);
    let world = World::start_with(binary, spec).await?;
    world.wait_for_sync(world.connected["sync_id"].as_str().unwrap_or_default()).await?;
    table.note(format!("server: process {}", world.server.pid().unwrap_or_default()));

    let watch = Watch::start(&world)?;
    let mut bare = create(&world, wanted, &mut table).await?;
    table.note(format!("others took {} % of the processors during the import", watch.others()?));
    if wanted.includes(Scenario::Track) {
        let watch = Watch::start(&world)?;
        bare = track(&world, wanted, bare, &mut table).await?;
        table.note(format!("others took {} % during track", watch.others()?));
    }
    if wanted.includes(Scenario::LookUp) || wanted.includes(Scenario::Webhook) {
        let watch = Watch::start(&world)?;
        against_a_constant(&world, wanted, &mut table).await?;
        table.note(format!("others took {} % during look-ups and webhooks", watch.others()?));
    }
    if wanted.includes(Scenario::Sync) {
        let watch = Watch::start(&world)?;
        sync(&world, wanted, bare, &mut table).await?;
        table.note(format!("others took {} % during the sync", watch.others()?));
    }
    if wanted.includes(Scenario::Burst) {
        let watch = Watch::start(&world)?;
        burst(&world, wanted, &mut table).await?;
        table.note(format!("others took {} % during the burst", watch.others()?));
    }
    if wanted.includes(Scenario::Beside) {
        let watch = Watch::start(&world)?;
        beside(&world, wanted, &mut table).await?;
        table.note(format!("others took {} % during interactive load", watch.others()?));
    }
    if wanted.includes(Scenario::Duplicates) {
        let watch = Watch::start(&world)?;
        duplicates::duplicates(&world, wanted, &mut table).await?;
        table.note(format!("others took {} % while duplicates were merged", watch.others()?));
    }
    if wanted.includes(Scenario::Shared) {
        shared(&world, wanted, &mut table).await?;
    }
    if wanted.includes(Scenario::Large) {
        let watch = Watch::start(&world)?;
        large::large(&world, wanted.time(), wanted.profiles, &mut table).await?;
        table.note(format!("others took {} % while large profiles were changed", watch.others()?));
    }
    table.note(format!("peak memory of the server at the end: {} MB", machine::peak_memory(&world)?));
    table.print()?;
    if let Some(path) = &wanted.json {
        std::fs::write(path, table.as_json())?;
    }
    Ok(())
}

/// The import that makes the profiles, beside the bare engine making as many.
async fn create(world: &World, wanted: &Wanted, table: &mut Table) -> Result<Bare> {
    let csv = http::customers("c", wanted.profiles);
    let size = csv.len() >> 20;
    let (began, spent) = (Instant::now(), Spent::start(world)?);
    import(world, csv).await?;
    let (rate, cost) = (per_second(wanted.profiles, began.elapsed()), spent.per(wanted.profiles)?);
    let memory = machine::peak_memory(world)?;
    table.note(format!("peak memory of the server after the import of {size} MB: {memory} MB"));
    let (bare, rows) = (Bare::open()?, wanted.profiles);
    let ceiling = tokio::task::spawn_blocking(move || bare.create(rows)).await??;
    let line = Line::new("CSV import", "rows/s", rate).under(ceiling.rate).wanted(0.8);
    table.add(line.cost(cost).ceiling_cost(ceiling.cost));
    Ok(ceiling.bare)
}

async fn track(world: &World, wanted: &Wanted, bare: Bare, table: &mut Table) -> Result<Bare> {
    let (time, profiles) = (wanted.time(), wanted.profiles);
    let spent = Spent::start(world)?;
    let new = http::track(&world.caller, time, http::Objects::New).await?;
    let new_cost = spent.per(new.count)?;
    let spent = Spent::start(world)?;
    let known = http::track(&world.caller, time, http::Objects::Known(profiles)).await?;
    let known_cost = spent.per(known.count)?;
    let bare_new = tokio::task::spawn_blocking(move || bare.create_for(time)).await??;
    let bare = bare_new.bare;
    let bare_known = tokio::task::spawn_blocking(move || bare.update_for(time, profiles)).await??;
    let line = Line::new("track, new profiles", "objects/s", new.rate).under(bare_new.rate);
    table.add(line.wanted(0.75).p99(new.p99).cost(new_cost).ceiling_cost(bare_new.cost));
    let line = Line::new("track, existing profiles", "objects/s", known.rate).under(bare_known.rate);
    table.add(line.wanted(0.75).p99(known.p99).cost(known_cost).ceiling_cost(bare_known.cost));
    Ok(bare_known.bare)
}

async fn against_a_constant(world: &World, wanted: &Wanted, table: &mut Table) -> Result<()> {
    let time = wanted.time();
    let spent = Spent::start(world)?;
    let constant = http::constant(&world.caller, time).await?;
    let (ceiling, ceiling_cost) = (constant.rate, spent.per(constant.count)?);
    if wanted.includes(Scenario::LookUp) {
        let spent = Spent::start(world)?;
        let found = http::look_up(&world.caller, time, wanted.profiles).await?;
        let cost = spent.per(found.count)?;
        let line = Line::new("look-up by LINE ID", "requests/s", found.rate).under(ceiling).wanted(0.5);
        table.add(line.p99(found.p99).cost(cost).ceiling_cost(ceiling_cost));
    }
    if wanted.includes(Scenario::Webhook) {
        let spent = Spent::start(world)?;
        let follows = http::follows(&world.webhook, time).await?;
        let cost = spent.per(follows.count)?;
        let line = Line::new("webhook, one follow, 16 clients", "requests/s", follows.rate).under(ceiling);
        table.add(line.p99(follows.p99).cost(cost).ceiling_cost(ceiling_cost));
    }
    Ok(())
}

async fn sync(world: &World, wanted: &Wanted, bare: Bare, table: &mut Table) -> Result<()> {
    let spec = FollowersSpec { count: wanted.followers, ..FollowersSpec::default() };
    world.line.add_followers(&world.channel.channel_id, spec).await?;
    let (began, spent) = (Instant::now(), Spent::start(world)?);
    let run = world.sync().await?;
    let seen = run["seen"].as_u64().context("the sync saw nobody")?;
    let (rate, cost) = (per_second(seen, began.elapsed()), spent.per(seen)?);
    let followers = wanted.followers as u64;
    let bare = tokio::task::spawn_blocking(move || bare.followers(followers)).await??;
    let line = Line::new("follower sync, new ids", "ids/s", rate).under(bare.rate).wanted(0.8);
    table.add(line.cost(cost).ceiling_cost(bare.cost));
    Ok(())
}

/// 1,000 single-event webhooks a second, sent when they are due whether or not the ones before were answered.
async fn burst(world: &World, wanted: &Wanted, table: &mut Table) -> Result<()> {
    let time = Duration::from_secs(wanted.burst_seconds);
    let load = http::burst(&world.webhook, time).await?;
    let lost = http::missing(&world.caller, load.sent).await?;
    table.add(Line::new("burst of 1,000 webhooks a second", "requests/s", load.rate).p99(load.p99));
    table.note(format!(
        "burst: {} follows in {} s, {} not answered with 200, {lost} lost (their LINE ID finds nobody afterwards), \
         slowest answer {:.0} ms after it was due",
        load.sent,
        wanted.burst_seconds,
        load.refused,
        load.slowest.as_secs_f64() * 1000.0
    ));
    ensure!(lost == 0 || load.refused > 0, "{lost} acknowledged follows are lost");
    Ok(())
}

/// Small track requests at a constant rate, alone and beside an import.
async fn beside(world: &World, wanted: &Wanted, table: &mut Table) -> Result<()> {
    let rows = wanted.seconds * 20_000;
    let alone = http::interactive(&world.caller, wanted.time(), wanted.profiles).await?;
    let began = Instant::now();
    let importing = async {
        import(world, http::customers("beside", rows)).await?;
        anyhow::Ok(per_second(rows, began.elapsed()))
    };
    let (rate, beside) =
        tokio::join!(importing, http::interactive(&world.caller, wanted.time(), wanted.profiles));
    let (rate, beside) = (rate?, beside?);
    for (name, load) in [("interactive track, alone", alone), ("interactive track beside an import", beside)]
    {
        ensure!(load.refused == 0, "{} of {} requests were not answered with 2xx", load.refused, load.sent);
        table.add(Line::new(name, "requests/s", load.rate).p99(load.p99));
    }
    table.add(Line::new("that import", "rows/s", rate));
    Ok(())
}

/// Requests by an email address that more and more profiles share.
async fn shared(world: &World, wanted: &Wanted, table: &mut Table) -> Result<()> {
    for holders in [10_u64, 1_000, 10_000, 100_000] {
        let email = format!("info{holders}@example.com");
        import(world, http::sharing(&email, holders)).await?;
        let load = http::by_email(&world.caller, wanted.time(), &email).await?;
        let name = format!("track by an email that {holders} share");
        table.add(Line::new(name, "requests/s", load.rate).p99(load.p99));
    }
    Ok(())
}

async fn import(world: &World, csv: Vec<u8>) -> Result<()> {
    let answer = world.caller.post_csv("/imports/users", csv).await?;
    let path = format!("/imports/{}", answer.json["import_id"].as_str().context("the upload was refused")?);
    testkit::eventually("the import ends", 3600, async || {
        let state = world.caller.get(&path).await.ok()?.json;
        (state["status"] == "Complete").then_some(())
    })
    .await
}

fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
