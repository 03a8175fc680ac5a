//! The control verbs under `/sim`: JSON in, JSON out, no authentication, loopback only. See the README for examples.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::sender;
use crate::server::Simulator;
use crate::verbs::{
    Act, Attempt, Batch, ChannelChange, ChannelMade, ChannelSpec, ChannelView, ClockChange, ClockView,
    FaultSpec, Followers, FollowersSpec, Identity, Oddness, PersonMade, PersonSpec, ProviderMade,
    ProviderSpec, Report, Seen, Settle,
};
use crate::world::{Account, Refusal, World};

type Sim = State<Arc<Simulator>>;
type Answer<T> = Result<Json<T>, Refusal>;

/// Longest control body: batches of odd webhooks may be large.
const MAX_BODY: usize = 64 * 1024 * 1024;

pub(crate) fn router() -> Router<Arc<Simulator>> {
    Router::new()
        .route("/providers", post(make_provider))
        .route("/channels", post(make_channel))
        .route("/channels/{channel_id}", get(view_channel).post(change_channel))
        .route("/channels/{channel_id}/followers", get(list_followers).post(add_followers))
        .route("/persons", post(make_person))
        .route("/identity", get(identity))
        .route("/act", post(act))
        .route("/deliver", post(deliver))
        .route("/faults", get(list_faults).post(arm_fault).delete(clear_faults))
        .route("/clock", get(view_clock).post(change_clock))
        .route("/log", get(log))
        .route("/outbox", get(outbox))
        .route("/settle", post(settle))
        .route("/reset", post(reset))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Unknown(message) => (StatusCode::NOT_FOUND, message),
            Self::Bad(message) => (StatusCode::BAD_REQUEST, message),
        };
        (status, Json(json!({"message": message}))).into_response()
    }
}

async fn make_provider(State(sim): Sim, Json(spec): Json<ProviderSpec>) -> Json<ProviderMade> {
    Json(ProviderMade { provider_id: sim.world().make_provider(spec.provider_id) })
}

async fn make_channel(State(sim): Sim, Json(spec): Json<ChannelSpec>) -> Answer<ChannelMade> {
    sim.world().make_account(spec).map(|account| Json(account.made()))
}

async fn view_channel(State(sim): Sim, Path(id): Path<String>) -> Answer<ChannelView> {
    let world = sim.world();
    Ok(Json(view(&world, world.account(&id)?)))
}

async fn change_channel(
    State(sim): Sim,
    Path(id): Path<String>,
    Json(change): Json<ChannelChange>,
) -> Answer<ChannelView> {
    let mut world = sim.world();
    world.change_account(&id, change)?;
    Ok(Json(view(&world, world.account(&id)?)))
}

fn view(world: &World, account: &Account) -> ChannelView {
    ChannelView {
        made: account.made(),
        tier: account.tier,
        webhook_url: account.webhook_url.clone(),
        webhook_active: account.webhook_active,
        redelivery: account.redelivery,
        known: account.known.len(),
        followers: account.known.iter().filter(|known| world.is_listed(known)).count(),
    }
}

async fn list_followers(State(sim): Sim, Path(id): Path<String>) -> Answer<Followers> {
    let world = sim.world();
    Ok(Json(Followers { user_ids: world.followers(world.account(&id)?) }))
}

async fn add_followers(
    State(sim): Sim,
    Path(id): Path<String>,
    Json(spec): Json<FollowersSpec>,
) -> Answer<Followers> {
    sim.world().add_followers(&id, &spec).map(|user_ids| Json(Followers { user_ids }))
}

async fn make_person(State(sim): Sim, Json(spec): Json<PersonSpec>) -> Json<PersonMade> {
    Json(PersonMade { person: sim.world().make_person(spec) })
}

#[derive(Deserialize)]
struct Whose {
    person: String,
    provider_id: String,
}

async fn identity(State(sim): Sim, Query(Whose { person, provider_id }): Query<Whose>) -> Answer<Identity> {
    match sim.world().user_id(&provider_id, &person) {
        Some(line_user_id) => Ok(Json(Identity { person, line_user_id })),
        None => Err(Refusal::Unknown(format!("there is no person {person}"))),
    }
}

async fn act(State(sim): Sim, Json(act): Json<Act>) -> Answer<Report> {
    let happened = sim.world().act(&act)?;
    let silent = act.silent.then_some("silent");
    let nothing = silent.or(happened.events.is_empty().then_some("no_event"));
    Ok(Json(
        tell(sim, act.channel_id, happened.line_user_id, happened.events, act.odd, act.no_wait, nothing)
            .await,
    ))
}

async fn deliver(State(sim): Sim, Json(batch): Json<Batch>) -> Answer<Report> {
    let events = sim.world().batch(&batch)?;
    Ok(Json(tell(sim, batch.channel_id, String::new(), events, batch.odd, batch.no_wait, None).await))
}

/// Sends events and reports on it. Always in a task of its own: a caller who hangs up must not stop LINE from sending.
async fn tell(
    sim: Arc<Simulator>,
    channel_id: String,
    line_user_id: String,
    mut events: Vec<Value>,
    odd: Vec<Oddness>,
    no_wait: bool,
    nothing: Option<&'static str>,
) -> Report {
    if let Some(reason) = nothing {
        return Report { line_user_id, events, deliveries: Vec::new(), not_sent: Some(reason.to_owned()) };
    }
    let as_made = events.clone();
    let open = sim.begin();
    let sending = tokio::spawn(async move {
        let sent = sender::send(&sim, &channel_id, &mut events, &odd).await;
        drop(open);
        (events, sent)
    });
    if no_wait {
        return Report { line_user_id, events: as_made, deliveries: Vec::new(), not_sent: None };
    }
    match sending.await {
        Ok((events, Ok(deliveries))) => Report { line_user_id, events, deliveries, not_sent: None },
        Ok((events, Err(reason))) => {
            Report { line_user_id, events, deliveries: Vec::new(), not_sent: Some(reason.to_owned()) }
        }
        Err(_) => Report {
            line_user_id,
            events: as_made,
            deliveries: Vec::new(),
            not_sent: Some("failed".to_owned()),
        },
    }
}

async fn list_faults(State(sim): Sim) -> Json<Vec<FaultSpec>> {
    Json(sim.world().faults.list())
}

async fn arm_fault(State(sim): Sim, Json(spec): Json<FaultSpec>) -> Json<Vec<FaultSpec>> {
    let mut world = sim.world();
    world.faults.arm(spec);
    Json(world.faults.list())
}

async fn clear_faults(State(sim): Sim) -> Json<Vec<FaultSpec>> {
    let mut world = sim.world();
    world.faults.clear();
    Json(world.faults.list())
}

async fn view_clock(State(sim): Sim) -> Json<ClockView> {
    Json(clock_of(&sim.world()))
}

async fn change_clock(State(sim): Sim, Json(change): Json<ClockChange>) -> Json<ClockView> {
    let mut world = sim.world();
    if let Some(frozen) = change.frozen {
        world.clock.freeze(frozen);
    }
    if let Some(ms) = change.set_ms {
        world.clock.set(ms);
    }
    if let Some(ms) = change.advance_ms {
        world.clock.advance(ms);
    }
    Json(clock_of(&world))
}

fn clock_of(world: &World) -> ClockView {
    let now_ms = world.clock.now_ms();
    ClockView { now_ms, now: rfc3339(now_ms), frozen: world.clock.is_frozen() }
}

async fn log(State(sim): Sim) -> Json<Vec<Seen>> {
    Json(sim.world().seen.clone())
}

async fn outbox(State(sim): Sim) -> Json<Vec<Attempt>> {
    Json(sim.world().outbox.clone())
}

/// Waits until no delivery is under way and no redelivery is due.
async fn settle(State(sim): Sim, Json(settle): Json<Settle>) -> Response {
    if sim.settled(Duration::from_millis(settle.timeout_ms)).await {
        return Json(json!({"open": 0})).into_response();
    }
    let body = json!({"message": "deliveries are still open", "open": sim.open()});
    (StatusCode::REQUEST_TIMEOUT, Json(body)).into_response()
}

/// Forgets everything but the seed; redeliveries that are due are not sent.
async fn reset(State(sim): Sim) -> Json<Value> {
    let mut world = sim.world();
    let seed = world.ids.seed().to_owned();
    let epoch = world.epoch + 1;
    *world = World { epoch, ..World::new(&seed) };
    Json(json!({}))
}
