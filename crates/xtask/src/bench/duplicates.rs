//! Finding duplicates among all profiles and merging them, with small requests beside.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::{Caller, World};

use super::scenarios::import;
use super::table::{Line, Table};
use super::{Wanted, http, per_second};

/// One pair of profiles with the same email for so many profiles that are there.
const PROFILES_PER_PAIR: u64 = 100;

/// Imports pairs among the profiles, looks for them by email, and merges them.
pub(super) async fn duplicates(world: &World, wanted: &Wanted, table: &mut Table) -> Result<()> {
    let pairs = (wanted.profiles / PROFILES_PER_PAIR).max(1);
    import(&world.caller, csv(pairs)).await?;
    let began = Instant::now();
    let looking = async {
        let groups = count(&world.caller).await?;
        ensure!(groups >= pairs, "{groups} groups were found of {pairs}");
        anyhow::Ok(per_second(wanted.profiles, began.elapsed()))
    };
    let (rate, beside) =
        tokio::join!(looking, http::interactive(&world.caller, wanted.time(), wanted.profiles));
    table.add(Line::new("duplicates: profiles looked through", "profiles/s", rate?));
    let beside = beside?;
    table.add(Line::new("interactive track beside that", "requests/s", beside.rate).p99(beside.p99));
    let began = Instant::now();
    let merging = async {
        let merged = merge(&world.caller).await?;
        ensure!(merged >= pairs, "{merged} profiles were merged of {pairs}");
        anyhow::Ok(per_second(merged, began.elapsed()))
    };
    let (rate, beside) =
        tokio::join!(merging, http::interactive(&world.caller, wanted.time(), wanted.profiles));
    table.add(Line::new("duplicates: profiles merged", "profiles/s", rate?));
    let beside = beside?;
    table.add(Line::new("interactive track beside that", "requests/s", beside.rate).p99(beside.p99));
    Ok(())
}

fn csv(pairs: u64) -> Vec<u8> {
    let mut text = String::from("user_alias_label,user_alias_name,email\n");
    for number in 0..pairs {
        for side in ["a", "b"] {
            let _ = writeln!(text, "pair,{side}{number},pair{number:09}@example.com");
        }
    }
    text.into_bytes()
}

/// Groups on all pages of the list.
async fn count(caller: &Caller) -> Result<u64> {
    let (mut groups, mut cursor) = (0, String::new());
    loop {
        let page = caller.get(&format!("/users/duplicates?by=email&limit=1000{cursor}")).await?.json;
        groups += page["groups"].as_array().context("no page of duplicates")?.len() as u64;
        let Some(next) = page["next_cursor"].as_str() else { return Ok(groups) };
        cursor = format!("&cursor={next}");
    }
}

/// Runs the rule; profiles merged.
async fn merge(caller: &Caller) -> Result<u64> {
    let started = caller.post("/users/duplicates/merge", &json!({"by": "email"})).await?;
    let path = format!("/users/duplicates/jobs/{}", started.json["job_id"].as_str().context("no job")?);
    let ended: Value = testkit::eventually("the duplicates are merged", 3600, async || {
        let job = caller.get(&path).await.ok()?.json;
        (job["state"] == "complete").then_some(job)
    })
    .await?;
    ended["merged_profiles"].as_u64().context("no count")
}
