//! What is measured: load over HTTP, each beside its ceiling.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use line_simulator::verbs::FollowersSpec;
use testkit::{Caller, World};

use super::ceiling::Bare;
use super::machine::{self, Spent};
use super::table::{Line, Table};
use super::{Scenario, Wanted, http, per_second};

/// The import that makes the profiles, beside the bare engine making as many.
pub(super) async fn create(world: &World, wanted: &Wanted, bare: Bare, table: &mut Table) -> Result<Bare> {
    let csv = http::customers("c", wanted.profiles);
    let size = csv.len() >> 20;
    let (began, spent) = (Instant::now(), Spent::start(world)?);
    import(&world.caller, csv).await?;
    let (rate, cost) = (per_second(wanted.profiles, began.elapsed()), spent.per(wanted.profiles)?);
    let memory = machine::peak_memory(world)?;
    table.note(format!("peak memory of the server after the import of {size} MB: {memory} MB"));
    let rows = wanted.profiles;
    let ceiling = tokio::task::spawn_blocking(move || bare.create(rows)).await??;
    let line = Line::new("CSV import", "rows/s", rate).under(ceiling.rate).wanted(0.8);
    table.add(line.cost(cost).ceiling_cost(ceiling.cost));
    Ok(ceiling.bare)
}

pub(super) async fn track(world: &World, wanted: &Wanted, bare: Bare, table: &mut Table) -> Result<Bare> {
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

pub(super) async fn against_a_constant(world: &World, wanted: &Wanted, table: &mut Table) -> Result<()> {
    let time = wanted.time();
    let spent = Spent::start(world)?;
    let constant = http::constant(&world.caller, time).await?;
    let (ceiling, ceiling_cost) = (constant.rate, spent.per(constant.count)?);
    if wanted.includes(Scenario::LookUp) {
        let spent = Spent::start(world)?;
        let found = http::look_up(&world.caller, time, wanted.profiles).await?;
        let cost = spent.per(found.count)?;
        let line = Line::new("look-up by LINE ID", "requests/s", found.rate).under(ceiling).wanted(0.5);
        table.add(line.p99(found.p99).cost(cost).ceiling_cost(Some(ceiling_cost)));
    }
    if wanted.includes(Scenario::Webhook) {
        let spent = Spent::start(world)?;
        let follows = http::follows(&world.webhook, time).await?;
        let cost = spent.per(follows.count)?;
        let line = Line::new("webhook, one follow, 16 clients", "requests/s", follows.rate).under(ceiling);
        table.add(line.p99(follows.p99).cost(cost).ceiling_cost(Some(ceiling_cost)));
    }
    Ok(())
}

pub(super) async fn sync(world: &World, wanted: &Wanted, bare: Bare, table: &mut Table) -> Result<()> {
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

/// How long acknowledged events may take to have their effect.
const SOON: Duration = Duration::from_secs(300);

/// 1,000 single-event webhooks a second, sent when they are due whether or not the ones before were answered.
pub(super) async fn burst(world: &World, wanted: &Wanted, table: &mut Table) -> Result<()> {
    let time = Duration::from_secs(wanted.burst_seconds);
    let load = http::burst(&world.webhook, time).await?;
    let ended = Instant::now();
    // What could not be applied in time waits in the inbox: acknowledged, and soon there.
    let mut lost = http::missing(&world.caller, load.sent).await?;
    while lost > load.refused && ended.elapsed() < SOON {
        lost = http::missing(&world.caller, load.sent).await?;
    }
    table.add(Line::new("burst of 1,000 webhooks a second", "requests/s", load.rate).p99(load.p99));
    table.note(format!(
        "burst: {} follows in {} s, {} not answered with 200, {lost} lost (their LINE ID finds nobody afterwards), all \
         there {:.1} s after the last answer at most, slowest answer {:.0} ms after it was due",
        load.sent,
        wanted.burst_seconds,
        load.refused,
        ended.elapsed().as_secs_f64(),
        load.slowest.as_secs_f64() * 1000.0
    ));
    ensure!(lost == 0 || load.refused > 0, "{lost} acknowledged follows are lost");
    Ok(())
}

/// Small track requests at a constant rate, alone and beside an import.
pub(super) async fn beside(world: &World, wanted: &Wanted, table: &mut Table) -> Result<()> {
    let rows = wanted.seconds * 20_000;
    let alone = http::interactive(&world.caller, wanted.time(), wanted.profiles).await?;
    let began = Instant::now();
    let importing = async {
        import(&world.caller, http::customers("beside", rows)).await?;
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
pub(super) async fn shared(world: &World, wanted: &Wanted, table: &mut Table) -> Result<()> {
    for holders in [10_u64, 1_000, 10_000, 100_000] {
        let email = format!("info{holders}@example.com");
        import(&world.caller, http::sharing(&email, holders)).await?;
        let load = http::by_email(&world.caller, wanted.time(), &email).await?;
        let name = format!("track by an email that {holders} share");
        table.add(Line::new(name, "requests/s", load.rate).p99(load.p99));
    }
    Ok(())
}

pub(super) async fn import(caller: &Caller, csv: Vec<u8>) -> Result<()> {
    let answer = caller.post_csv("/imports/users", csv).await?;
    let path = format!("/imports/{}", answer.json["import_id"].as_str().context("the upload was refused")?);
    testkit::eventually("the import ends", 3600, async || {
        let state = caller.get(&path).await.ok()?.json;
        (state["status"] == "Complete").then_some(())
    })
    .await
}
