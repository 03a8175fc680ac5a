//! `cargo xtask bench`: rates beside a ceiling measured in the same run.
//!
//! The ceiling of a write is the bare engine: the same SQLite library through rusqlite with prepared statements and
//! `synchronous=FULL`, doing the same resolve, JSON merge and writes in groups of the same size. The ceiling of a
//! look-up or webhook is the same server answering a constant. Server and load share the machine's cores. Absolute
//! figures move with the machine; compare ratios of one run.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use line_simulator::verbs::{ChannelSpec, FollowersSpec, Tier};
use testkit::World;

use crate::run;

mod ceiling;
mod http;

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
    /// Also write the table as JSON to this file.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// One line of the table.
struct Line {
    name: &'static str,
    unit: &'static str,
    rate: f64,
    ceiling: f64,
    p99: Option<Duration>,
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
    run::step(root, "release build", &["build", "--release", "--package", "enmusubi"], &[])?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(root, wanted))
}

async fn measure(root: &Path, wanted: &Wanted) -> Result<()> {
    let spec = ChannelSpec { tier: Some(Tier::Verified), ..ChannelSpec::default() };
    let world = World::start_with(root.join("target/release/enmusubi"), spec).await?;
    world.wait_for_sync(world.connected["sync_id"].as_str().unwrap_or_default()).await?;
    let time = Duration::from_secs(wanted.seconds);
    let mut lines = Vec::new();

    let csv = http::customers(wanted.profiles);
    let file = csv.len();
    let began = Instant::now();
    import(&world, csv).await?;
    let rate = per_second(wanted.profiles, began.elapsed());
    let (rows, memory) = (wanted.profiles, peak_memory(&world)?);
    let bare = ceiling::Bare::open()?;
    let ceiling = tokio::task::spawn_blocking(move || bare.create(rows)).await??;
    let bare = ceiling.bare;
    lines.push(Line { name: "CSV import", unit: "rows/s", rate, ceiling: ceiling.rate, p99: None });

    let new = http::track(&world.caller, time, http::Objects::New).await?;
    let known = http::track(&world.caller, time, http::Objects::Known(wanted.profiles)).await?;
    let bare_new = tokio::task::spawn_blocking(move || bare.create_for(time)).await??;
    let (bare, profiles) = (bare_new.bare, wanted.profiles);
    let bare_known = tokio::task::spawn_blocking(move || bare.update_for(time, profiles)).await??;
    let rows =
        [("track, new profiles", new, bare_new.rate), ("track, existing profiles", known, bare_known.rate)];
    for (name, load, ceiling) in rows {
        lines.push(Line { name, unit: "objects/s", rate: load.rate, ceiling, p99: Some(load.p99) });
    }

    let constant = http::constant(&world.caller, time).await?;
    let found = http::look_up(&world.caller, time, wanted.profiles).await?;
    lines.push(Line {
        name: "look-up by LINE ID",
        unit: "requests/s",
        rate: found.rate,
        ceiling: constant.rate,
        p99: Some(found.p99),
    });
    let follows = http::follows(&world.webhook, time).await?;
    lines.push(Line {
        name: "webhook, one follow",
        unit: "requests/s",
        rate: follows.rate,
        ceiling: constant.rate,
        p99: Some(follows.p99),
    });

    let spec = FollowersSpec { count: wanted.followers, ..FollowersSpec::default() };
    world.line.add_followers(&world.channel.channel_id, spec).await?;
    let began = Instant::now();
    let run = world.sync().await?;
    let rate = per_second(run["seen"].as_u64().context("the sync saw nobody")?, began.elapsed());
    let followers = wanted.followers as u64;
    let bare = bare_known.bare;
    let bare = tokio::task::spawn_blocking(move || bare.followers(followers)).await??;
    lines.push(Line { name: "follower sync, new ids", unit: "ids/s", rate, ceiling: bare.rate, p99: None });

    print(&lines, file, memory, peak_memory(&world)?)?;
    if let Some(path) = &wanted.json {
        std::fs::write(path, as_json(&lines))?;
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

/// Peak resident memory of the server in MB, as the kernel counts it.
fn peak_memory(world: &World) -> Result<u64> {
    let pid = world.server.pid().context("the server has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? / 1024)
}

fn print(lines: &[Line], file: usize, after_import: u64, memory: u64) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n| scenario | rate | ceiling | ratio | p99 |\n| --- | --- | --- | --- | --- |")?;
    for line in lines {
        let p99 =
            line.p99.map_or_else(|| "-".to_owned(), |p99| format!("{:.1} ms", p99.as_secs_f64() * 1000.0));
        let (rate, ceiling, ratio) = (line.rate, line.ceiling, line.rate / line.ceiling);
        writeln!(out, "| {} | {rate:.0} {} | {ceiling:.0} | {ratio:.2} | {p99} |", line.name, line.unit)?;
    }
    writeln!(
        out,
        "\npeak memory of the server: {after_import} MB after the import of {} MB, {memory} MB at the end",
        file >> 20
    )?;
    Ok(())
}

fn as_json(lines: &[Line]) -> String {
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            serde_json::json!({
                "scenario": line.name, "unit": line.unit, "rate": line.rate.round(),
                "ceiling": line.ceiling.round(), "p99_ms": line.p99.map(|p99| p99.as_millis()),
            })
        })
        .collect();
    serde_json::Value::from(rows).to_string()
}
