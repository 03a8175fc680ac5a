//! The list of cases. Each takes a fresh, empty store.

use std::future::Future;
use std::pin::Pin;

use profile_model::{
    Actor, AddressState, Buckets, ChangeSet, Decision, ImportId, ImportKind, ImportRun, InboxKey, InboxRow,
    InboxState, Key, Keys, Lease, Loaded, Profile, Settings, Timestamp, Workspace, WorkspaceId,
};
use serde_json::{json, value::RawValue};

use super::lookups::{look_ups_at_once_get_their_own_answers, views_come_with_the_profile};
use super::parted::{
    an_undo_that_allows_a_rejoin_lifts_the_pair, events_since_a_merge_move_the_side_they_belong_to,
    states_set_since_a_merge_stay_with_whom_they_were_set_for,
    survivors_forget_the_line_id_of_an_erased_follower,
};
use super::past::{
    a_follower_that_was_kept_apart_says_from_whom, a_history_does_not_need_the_before_images,
    a_join_by_a_rule_says_what_the_two_share,
};
use super::traces::{
    a_disclosure_of_very_many_ids_is_whole, messages_of_others_that_mention_the_erased_are_emptied,
};
use super::waiting::what_waits_is_found_by_value_and_by_member;
use crate::{Fault, JobKind, ProfileStore, Work};

/// Runs a case on an empty store; the error says what did not hold.
pub type Run = for<'a> fn(&'a ProfileStore) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// A case: its name (a sentence) and what it does; an error text if it does not hold.
pub struct Case {
    /// Name.
    pub name: &'static str,
    /// Body.
    pub run: Run,
}

/// Cases that make the first workspace themselves.
const BARE: &[&str] = &["configuration_changes_raise_the_revision"];

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        /// Every case.
        pub const CASES: &[Case] = &[$(Case {
            name: stringify!($name),
            run: |store| Box::pin($name(store)),
        }),*];
    };
}

cases!(
    a_written_profile_is_found_by_every_identifier,
    a_rolled_back_unit_leaves_nothing,
    a_decision_may_ask_for_more_once,
    configuration_changes_raise_the_revision,
    an_inbox_row_is_stored_once_and_settled,
    address_states_are_put_by_address,
    leases_keep_others_away_until_they_end,
    scans_page_in_id_order,
    views_come_with_the_profile,
    look_ups_at_once_get_their_own_answers,
    a_disclosure_of_very_many_ids_is_whole,
    states_set_since_a_merge_stay_with_whom_they_were_set_for,
    survivors_forget_the_line_id_of_an_erased_follower,
    what_waits_is_found_by_value_and_by_member,
    events_since_a_merge_move_the_side_they_belong_to,
    an_undo_that_allows_a_rejoin_lifts_the_pair,
    a_history_does_not_need_the_before_images,
    a_follower_that_was_kept_apart_says_from_whom,
    a_join_by_a_rule_says_what_the_two_share,
    messages_of_others_that_mention_the_erased_are_emptied,
);

/// Runs every case on a fresh store each, in a workspace of so many buckets.
///
/// # Errors
/// The names and reasons of the cases that do not hold.
pub async fn run_cases<F, S>(buckets: Buckets, make: F) -> Result<usize, Vec<String>>
where
    F: Fn() -> S,
    S: Future<Output = ProfileStore>,
{
    let mut failed = Vec::new();
    for case in CASES {
        let store = make().await;
        if let Err(reason) = run_case(case, &store, buckets).await {
            failed.push(format!("{}: {reason}", case.name));
        }
        store.backend().close().await;
    }
    if failed.is_empty() { Ok(CASES.len()) } else { Err(failed) }
}

async fn run_case(case: &Case, store: &ProfileStore, buckets: Buckets) -> Result<(), String> {
    if !BARE.contains(&case.name) {
        store.create_huge_workspace("w", buckets).await.map_err(|error| error.to_string())?;
    }
    (case.run)(store).await
}

pub(super) const W: WorkspaceId = WorkspaceId(1);

pub(super) async fn write(store: &ProfileStore, change: ChangeSet) -> Result<(), String> {
    let decide = move |_: &Loaded| (Decision::from(change.clone()), ());
    store
        .decide(Work::new("test", W, Keys::default()), decide)
        .await
        .map(drop)
        .map_err(|fault| fault.to_string())
}

pub(super) async fn load(store: &ProfileStore, keys: Keys) -> Result<Loaded, String> {
    store.backend().load(W, &keys).await.map_err(|fault| fault.to_string())
}

pub(super) fn holds(condition: bool, what: &str) -> Result<(), String> {
    if condition { Ok(()) } else { Err(what.to_owned()) }
}

pub(super) async fn track(store: &ProfileStore, body: serde_json::Value) -> Result<(), String> {
    let answer = store.track(W, Actor::new("api", "test"), body).await;
    answer.map(drop).map_err(|error| format!("{error:?}"))
}

async fn a_written_profile_is_found_by_every_identifier(store: &ProfileStore) -> Result<(), String> {
    let line_id = format!("U{:032x}", 7);
    track(
        store,
        json!({"attributes": [{
            "external_id": "c-1", "email": "Ann@Example.com", "phone": "+819012345678", "native_line_id": line_id,
            "first_name": "Ann", "points": 7, "big": 12_345_678_901_234_567_890_u64, "note": "ü\u{1f600}",
        }]}),
    )
    .await?;
    let body = json!({"external_ids": ["c-1"]});
    let by_id = store.export_ids(W, body).await.map_err(|error| format!("{error:?}"))?;
    for body in [
        json!({"email_address": "ann@example.COM"}),
        json!({"phone": "+819012345678"}),
        json!({"native_line_ids": [line_id]}),
    ] {
        let found = store.export_ids(W, body).await.map_err(|error| format!("{error:?}"))?;
        holds(found.users == by_id.users && found.users.len() == 1, "an identifier finds another answer")?;
    }
    let attributes = &by_id.users[0]["custom_attributes"];
    holds(
        attributes["big"].as_number().map(serde_json::Number::as_str) == Some("12345678901234567890"),
        "a 20-digit integer changed",
    )?;
    holds(attributes["note"] == "ü\u{1f600}", "text changed")
}

async fn a_rolled_back_unit_leaves_nothing(store: &ProfileStore) -> Result<(), String> {
    let now = store.now();
    let mut fresh = store.fresh(now);
    let [first, second] = [fresh.profile_id(0), fresh.profile_id(0)];
    let key = Key::external_id("twice");
    let profile =
        |id| std::sync::Arc::new(Profile { external_id: Some("twice".into()), ..Profile::new(id, now) });
    let change = ChangeSet {
        created: vec![profile(first), profile(second)],
        claimed: vec![(key.clone(), first), (key.clone(), second)],
        ..ChangeSet::default()
    };
    holds(write(store, change).await.is_err(), "one external id was given to two profiles")?;
    let keys = Keys { identifiers: vec![key.clone()], profiles: vec![first, second], ..Keys::default() };
    let loaded = load(store, keys).await?;
    holds(loaded.profiles.is_empty() && loaded.holders[&key].is_empty(), "half of a unit stayed")
}

async fn a_decision_may_ask_for_more_once(store: &ProfileStore) -> Result<(), String> {
    track(store, json!({"attributes": [{"external_id": "more"}]})).await?;
    let key = Key::external_id("more");
    let asked = key.clone();
    let decide = move |loaded: &Loaded| match loaded.holders.get(&asked) {
        Some(holders) => (Decision::Nothing, holders.len()),
        None => {
            (Decision::NeedMore(Box::new(Keys { identifiers: vec![asked.clone()], ..Keys::default() })), 0)
        }
    };
    let found = store.decide(Work::new("test", W, Keys::default()), decide).await;
    holds(found.map_err(|fault| fault.to_string())?.0 == 1, "the second round was not loaded")?;
    let greedy = |_: &Loaded| {
        (
            Decision::NeedMore(Box::new(Keys {
                identifiers: vec![Key::external_id("x")],
                ..Keys::default()
            })),
            (),
        )
    };
    let endless = store.decide(Work::new("test", W, Keys::default()), greedy).await;
    holds(matches!(endless, Err(Fault::Internal(_))), "an endless decision was not ended")
}

async fn configuration_changes_raise_the_revision(store: &ProfileStore) -> Result<(), String> {
    let fault = |fault: Fault| fault.to_string();
    let before = store.backend().config_revision().await.map_err(fault)?;
    let first = store.bootstrap(Some("secret".into())).await.map_err(fault)?;
    holds(first.is_some(), "an empty database was not set up")?;
    holds(store.bootstrap(Some("other".into())).await.map_err(fault)?.is_none(), "it was set up twice")?;
    holds(store.backend().config_revision().await.map_err(fault)? > before, "the revision did not rise")?;
    let config = store.backend().load_config().await.map_err(fault)?;
    let workspace: Option<&Workspace> = config.workspace_named("default");
    holds(workspace.is_some_and(|workspace| workspace.settings == Settings::default()), "settings changed")?;
    holds(store.authenticate("secret").await.map_err(fault)?.is_some(), "the key is not known")?;
    holds(store.authenticate("other").await.map_err(fault)?.is_none(), "an unknown key is accepted")
}

async fn an_inbox_row_is_stored_once_and_settled(store: &ProfileStore) -> Result<(), String> {
    let key = InboxKey { channel: profile_model::ChannelId("1".into()), event: "e".into(), user: None };
    let row = InboxRow {
        key: key.clone(),
        received_at: store.now(),
        user: None,
        kind: "follow".into(),
        state: InboxState::Pending,
        note: None,
        body: RawValue::from_string("{\"a\":1}".into()).map_err(|error| error.to_string())?,
    };
    let insert = ChangeSet { inbox: vec![row], ..ChangeSet::default() };
    write(store, insert.clone()).await?;
    holds(write(store, insert).await.is_err(), "an event was stored twice")?;
    let pending = store.backend().scan_inbox_pending(None, 10).await.map_err(|fault| fault.to_string())?;
    holds(pending.len() == 1 && pending[0].1.body.get() == "{\"a\":1}", "the pending row is not as stored")?;
    let settled = vec![(key.clone(), InboxState::Applied, None)];
    write(store, ChangeSet { inbox_settled: settled, ..ChangeSet::default() }).await?;
    let loaded = load(store, Keys { inbox: vec![key.clone()], ..Keys::default() }).await?;
    holds(loaded.inbox.get(&key) == Some(&Some(InboxState::Applied)), "the row was not settled")?;
    let pending = store.backend().scan_inbox_pending(None, 10).await.map_err(|fault| fault.to_string())?;
    holds(pending.is_empty(), "a settled row is still pending")
}

async fn address_states_are_put_by_address(store: &ProfileStore) -> Result<(), String> {
    let address =
        profile_model::Address { kind: profile_model::AddressKind::Email, value: "a@example.com".into() };
    for state in [profile_model::GlobalState::OptedIn, profile_model::GlobalState::Unsubscribed] {
        let row = AddressState {
            address: address.clone(),
            of: profile_model::StateOf::Global,
            state,
            changed_at: store.now(),
        };
        write(store, ChangeSet { address_states: vec![row.clone()], ..ChangeSet::default() }).await?;
        let loaded = load(store, Keys { addresses: vec![address.clone()], ..Keys::default() }).await?;
        holds(loaded.addresses[&address] == vec![row], "the state is not as written")?;
    }
    Ok(())
}

async fn leases_keep_others_away_until_they_end(store: &ProfileStore) -> Result<(), String> {
    let now = store.now();
    let id = ImportId(store.fresh(now).uuid());
    let run = ImportRun::new(id, ImportKind::Users, "x.csv".into(), now);
    write(store, ChangeSet { import: Some(run), ..ChangeSet::default() }).await?;
    let until = now.plus_micros(1_000_000);
    let claim = async |owner: &str, now: Timestamp| {
        let lease = Lease { owner: owner.to_owned(), until };
        let jobs = store.backend().claim_jobs(JobKind::Import, &lease, now, 5).await;
        jobs.map(|jobs| jobs.len()).map_err(|fault| fault.to_string())
    };
    holds(claim("a", now).await? == 1, "a free job was not given")?;
    holds(claim("a", now).await? == 1, "an own lease was not extended")?;
    holds(claim("b", now).await? == 0, "a held job was given to another")?;
    holds(claim("b", until.plus_micros(1)).await? == 1, "an ended lease was not taken over")?;
    store.backend().release_jobs("b").await.map_err(|fault| fault.to_string())?;
    holds(claim("a", now).await? == 1, "a released job was not given")
}

async fn scans_page_in_id_order(store: &ProfileStore) -> Result<(), String> {
    let many: Vec<_> = (0..75).map(|number| json!({"external_id": format!("n{number}")})).collect();
    track(store, json!({"attributes": many})).await?;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.backend().scan_profiles(W, after, 20).await.map_err(|fault| fault.to_string())?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.iter().map(|profile| profile.id));
    }
    holds(seen.len() == 75 && seen.windows(2).all(|pair| pair[0] < pair[1]), "pages overlap or miss rows")
}
