//! Profiles whose document is large: what a change of one attribute costs, and what it costs those beside it.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};
use testkit::Caller;

use super::ceiling::{OBJECTS, sqlite};
use super::engine::Stage;
use super::http::{self, line_id};
use super::machine::Spent;
use super::table::{Line, Table};

/// Large profiles: as many as keep 16 clients apart.
const COUNT: u64 = 64;

/// Custom attributes of each, of 50 bytes: 100 KB.
const ATTRIBUTES: u64 = 2_000;

/// Objects that one group of the server's holds when 16 clients send one each.
const GROUP: u64 = 16;

/// One attribute of a small profile, one of a large profile, and batches with one large profile among 75. The ceiling is
/// that of SQLite, and only measured there.
pub(super) async fn large(stage: &Stage, time: Duration, profiles: u64, table: &mut Table) -> Result<()> {
    let world = &stage.world;
    for number in 0..COUNT {
        let mut object = document();
        object.insert("external_id".into(), json!(name(number)));
        let answer = world.caller.track(&json!({"attributes": [object]})).await?;
        ensure!(answer.status == 201, "a large profile was refused: {}", answer.text);
    }
    for (what, is_large) in [("a small profile", false), ("a profile of 100 KB", true)] {
        let spent = Spent::start(world)?;
        let load = one(&world.caller, time, move |number| match is_large {
            true => name(number % COUNT),
            false => format!("c{}", number % profiles),
        })
        .await?;
        let cost = spent.per(load.count)?;
        let mut line = Line::new(format!("one attribute of {what}"), "requests/s", load.rate);
        if !stage.is_postgres() {
            let attributes = if is_large { document() } else { small() };
            let bare = tokio::task::spawn_blocking(move || {
                sqlite::Bare::open()?.documents(time, COUNT, GROUP, &Value::Object(attributes).to_string())
            })
            .await??;
            line = line.under(bare.rate).ceiling_cost(bare.cost);
        }
        table.add(line.p99(load.p99).cost(cost));
    }
    for (what, larges) in [("none", 0), ("one", 1)] {
        let spent = Spent::start(world)?;
        let load = batches(&world.caller, time, profiles, larges).await?;
        let cost = spent.per(load.count)?;
        let line = Line::new(format!("75 objects, {what} of 100 KB"), "objects/s", load.rate);
        table.add(line.p99(load.p99).cost(cost));
    }
    Ok(())
}

fn name(number: u64) -> String {
    format!("large{number}")
}

fn document() -> Map<String, Value> {
    let value = |number| json!(format!("a value of so many characters, {number:04}"));
    (0..ATTRIBUTES).map(|number| (format!("attribute_{number:04}"), value(number))).collect()
}

fn small() -> Map<String, Value> {
    (0..11).map(|number| (format!("k{number}"), json!("value-1"))).collect()
}

async fn one(
    caller: &Caller,
    time: Duration,
    whom: impl Fn(u64) -> String + Send + Sync + 'static,
) -> Result<http::Load> {
    let caller = caller.clone();
    http::load(time, 1, move |number| {
        let body = json!({"attributes": [{"external_id": whom(number), "changed": line_id(number)}]});
        let caller = caller.clone();
        async move { Ok(caller.post("/users/track", &body).await?.status) }
    })
    .await
}

async fn batches(caller: &Caller, time: Duration, profiles: u64, larges: u64) -> Result<http::Load> {
    let caller = caller.clone();
    http::load(time, OBJECTS, move |request| {
        let object = |place: u64| {
            let number = request * OBJECTS + place;
            let whom = if place < larges { name(request % COUNT) } else { format!("c{}", number % profiles) };
            json!({"external_id": whom, "k1": number})
        };
        let body = json!({"attributes": (0..OBJECTS).map(object).collect::<Vec<_>>()});
        let caller = caller.clone();
        async move { Ok(caller.post("/users/track", &body).await?.status) }
    })
    .await
}
