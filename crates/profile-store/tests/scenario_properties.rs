//! Properties of the LINE scenario table over random histories: follow, unfollow, message, track, CSV row and sync, in
//! any order, with any repetition. No database: the decisions run on the backend in memory.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use profile_model::{
    Alias, ChannelId, Delivery, Evidence, GroupState, LINE_ALIAS_LABEL, LineUserId, Meaning, Profile, Source,
    Timestamp, WorkspaceId,
};
use profile_store::conformance::{Memory, Operation, exported_state, operations, perform};
use profile_store::model::ModelBackend;
use profile_store::{Backend, FixedClock, ProfileStore};
use proptest::prelude::*;
use serde_json::{Value, json, value::RawValue};

const W: WorkspaceId = WorkspaceId(1);
const START: i64 = 1_700_000_020_000;

struct World {
    store: ProfileStore,
    clock: Arc<FixedClock>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(FixedClock::at(Timestamp::from_millis(START)));
        let backend: Arc<dyn Backend> = Arc::new(ModelBackend::default());
        let store = ProfileStore::new(backend, Arc::clone(&clock) as Arc<_>, std::env::temp_dir());
        Self { store, clock }
    }

    async fn perform(&self, operation: &Operation) {
        self.clock.advance_micros(1_000_000);
        perform(&self.store, W, operation.clone(), &mut Memory::default()).await.unwrap();
    }

    async fn profiles(&self) -> BTreeMap<profile_model::ProfileId, Arc<Profile>> {
        let page = self.store.backend().scan_profiles(W, None, 10_000).await.unwrap();
        page.into_iter().map(|profile| (profile.id, profile)).collect()
    }

    async fn holders(&self, user: &LineUserId) -> Vec<Arc<Profile>> {
        self.profiles().await.into_values().filter(|profile| profile.line_id.as_ref() == Some(user)).collect()
    }

    async fn state(&self) -> Value {
        exported_state(&self.store, W).await.unwrap()
    }
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(test);
}

fn users_of(operation: &Operation) -> BTreeSet<LineUserId> {
    match operation {
        Operation::Deliver(deliveries) => {
            deliveries.iter().filter_map(|delivery| delivery.user.clone()).collect()
        }
        Operation::Page(page) => page.users.iter().cloned().collect(),
        Operation::Track(_) | Operation::Csv(_) | Operation::Identity(_) => BTreeSet::new(),
    }
}

type Register = BTreeMap<(LineUserId, ChannelId), (Timestamp, Source, GroupState)>;

/// The oracle of (b): the newest evidence by LINE's time, kept apart from the code under test.
fn witness(register: &mut Register, seen: &mut BTreeSet<(ChannelId, String)>, operation: &Operation) {
    let mut weigh = |user: &LineUserId, channel: &ChannelId, evidence: Evidence| {
        let known = register.entry((user.clone(), channel.clone()));
        let new = (evidence.at, evidence.source, evidence.state);
        known
            .and_modify(|known| {
                if (new.0, &new.1) > (known.0, &known.1) {
                    *known = new.clone();
                }
            })
            .or_insert_with(|| new.clone());
    };
    match operation {
        Operation::Deliver(deliveries) => {
            for delivery in deliveries {
                let first = seen.insert((delivery.key.channel.clone(), delivery.key.event.clone()));
                if let (true, Meaning::Friendship(state)) = (first, delivery.meaning) {
                    let source = Source::Event(delivery.key.event.clone());
                    let evidence = Evidence { state, at: delivery.at.unwrap(), source };
                    weigh(delivery.user.as_ref().unwrap(), &delivery.key.channel, evidence);
                }
            }
        }
        Operation::Page(page) => {
            for user in &page.users {
                let at = page.requested_at.plus_micros(-60_000_000);
                let evidence = Evidence { state: GroupState::Subscribed, at, source: Source::Snapshot };
                weigh(user, &page.channel, evidence);
            }
        }
        Operation::Track(_) | Operation::Csv(_) | Operation::Identity(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// (a), (b): LSB-1, LSB-4, LSB-5, L2, L3, L6, L9, L13. The state is stored once per LINE id and channel, so that
    /// every profile that shares the id reads it; it is that of the newest evidence.
    #[test]
    fn state_is_that_of_the_newest_evidence_for_every_holder(seed: u64, count in 1usize..60) {
        run(async {
            let world = World::new();
            let (mut register, mut seen) = (Register::new(), BTreeSet::new());
            for operation in operations(seed, count) {
                world.perform(&operation).await;
                witness(&mut register, &mut seen, &operation);
            }
            let stored = world.store.backend().scan_friendships(W, None, 10_000).await.unwrap();
            let stored: BTreeMap<_, _> =
                stored.into_iter().map(|row| ((row.user, row.channel), row.state)).collect();
            let expected: BTreeMap<_, _> =
                register.into_iter().map(|(name, (_, _, state))| (name, state)).collect();
            assert_eq!(stored, expected);
        });
    }

    /// (c): L1, L4, L5, LIN-12, SYNC-3. An unknown LINE id gets exactly one anonymous profile with its alias; the
    /// alias is never on a profile whose `native_line_id` is another id.
    #[test]
    fn an_unknown_line_id_gets_exactly_one_anonymous_profile(seed: u64, count in 1usize..60) {
        run(async {
            let world = World::new();
            for operation in operations(seed, count) {
                let mut unknown = Vec::new();
                for user in users_of(&operation) {
                    if world.holders(&user).await.is_empty() {
                        unknown.push(user);
                    }
                }
                let fresh_events = fresh_users(&world, &operation).await;
                world.perform(&operation).await;
                for user in unknown.into_iter().filter(|user| fresh_events.contains(user)) {
                    let holders = world.holders(&user).await;
                    assert_eq!(holders.len(), 1);
                    assert!(!holders[0].is_identified());
                    assert_eq!(holders[0].alias(LINE_ALIAS_LABEL), Some(&Alias::line(&user)));
                }
                for profile in world.profiles().await.values() {
                    let claimed = profile.alias(LINE_ALIAS_LABEL).and_then(Alias::as_line_id);
                    if let (Some(claimed), Some(own)) = (claimed, &profile.line_id) {
                        assert!(claimed == *own, "alias (line_id, U) is on a profile with another LINE id");
                    }
                }
            }
        });
    }

    /// (d): ID-12. No alias pair and no external id ever points at two profiles.
    #[test]
    fn unique_identifiers_point_at_one_profile(seed: u64, count in 1usize..60) {
        run(async {
            let world = World::new();
            for operation in operations(seed, count) {
                world.perform(&operation).await;
            }
            let profiles = world.profiles().await;
            let unique = profiles.values().flat_map(|profile| profile.keys()).filter(|key| key.kind.is_unique());
            let unique: Vec<_> = unique.collect();
            assert_eq!(unique.iter().collect::<BTreeSet<_>>().len(), unique.len());
        });
    }

    /// (e): whatever else an event says (display name, picture, status message) takes no part in any decision.
    #[test]
    fn the_rest_of_an_event_never_takes_part(seed: u64, count in 1usize..40) {
        run(async {
            let (plain, named) = (World::new(), World::new());
            for operation in operations(seed, count) {
                plain.perform(&operation).await;
                named.perform(&with_names(operation)).await;
            }
            assert_eq!(plain.state().await, named.state().await);
        });
    }

    /// (f): A4. Every event delivered again at the end changes nothing.
    #[test]
    fn repeated_deliveries_change_nothing(seed: u64, count in 1usize..60) {
        run(async {
            let world = World::new();
            let history = operations(seed, count);
            for operation in &history {
                world.perform(operation).await;
            }
            let before = world.state().await;
            for operation in history.iter().filter(|operation| matches!(operation, Operation::Deliver(_))) {
                world.perform(operation).await;
            }
            assert_eq!(world.state().await, before);
        });
    }

    /// (f): an attributes object repeated at once changes nothing, `updated_at` included, unless it holds operators.
    #[test]
    fn a_repeated_object_changes_nothing(seed: u64, count in 1usize..40, csv: bool) {
        run(async {
            let world = World::new();
            let mut last = None;
            for operation in operations(seed, count) {
                world.perform(&operation).await;
                let (Operation::Track(body) | Operation::Csv(body)) = operation else { continue };
                for object in plain_objects(&body) {
                    let body = json!({"attributes": [object]});
                    let again = if csv { Operation::Csv(body) } else { Operation::Track(body) };
                    world.perform(&again).await;
                    let before = world.profiles().await;
                    world.perform(&again).await;
                    assert_eq!(world.profiles().await, before);
                    last = Some(again);
                }
            }
            // Once, because it costs more than all the rest: all that there is besides profiles.
            if let Some(again) = last {
                world.perform(&again).await;
                let before = world.state().await;
                world.perform(&again).await;
                assert_eq!(world.state().await, before);
            }
        });
    }

    /// (g): ID-1..ID-8. An object whose identifier resolves makes nobody, and touches nobody else.
    #[test]
    fn track_and_csv_touch_only_whom_they_name(seed: u64, count in 1usize..40, csv: bool) {
        run(async {
            let world = World::new();
            for operation in operations(seed, count) {
                world.perform(&operation).await;
                let (Operation::Track(body) | Operation::Csv(body)) = operation else { continue };
                for mut object in plain_objects(&body) {
                    object.as_object_mut().unwrap().remove("native_line_id");
                    let body = json!({"attributes": [object]});
                    let again = if csv { Operation::Csv(body) } else { Operation::Track(body) };
                    let before = world.profiles().await;
                    world.perform(&again).await;
                    let after = world.profiles().await;
                    let resolved = resolves(&before, &object);
                    let moved: Vec<_> =
                        after.iter().filter(|(id, profile)| before.get(id) != Some(profile)).collect();
                    assert!(moved.len() <= 1);
                    assert!(before.keys().all(|id| after.contains_key(id)));
                    if !resolved.is_empty() {
                        assert_eq!(after.len(), before.len());
                        assert!(moved.iter().all(|(id, _)| resolved.contains(id)));
                    }
                }
            }
        });
    }
}

/// Users of an operation who are in an event that was not delivered before, or on a page.
async fn fresh_users(world: &World, operation: &Operation) -> BTreeSet<LineUserId> {
    let Operation::Deliver(deliveries) = operation else { return users_of(operation) };
    let inbox = deliveries.iter().map(|delivery| delivery.key.clone()).collect();
    let keys = profile_model::Keys { inbox, ..profile_model::Keys::default() };
    let loaded = world.store.backend().load(W, &keys).await.unwrap();
    let mut seen = BTreeSet::new();
    let fresh = deliveries
        .iter()
        .filter(|delivery| loaded.inbox[&delivery.key].is_none() && seen.insert(delivery.key.clone()));
    fresh.filter_map(|delivery| delivery.user.clone()).collect()
}

fn with_names(operation: Operation) -> Operation {
    let Operation::Deliver(mut deliveries) = operation else { return operation };
    for delivery in &mut deliveries {
        let Delivery { body, .. } = delivery;
        let text =
            json!({"displayName": "Ann", "pictureUrl": "https://example.com/p", "statusMessage": "hi"});
        *body = RawValue::from_string(text.to_string()).unwrap();
    }
    Operation::Deliver(deliveries)
}

/// Attributes objects of a body without operators.
fn plain_objects(body: &Value) -> Vec<Value> {
    let mut objects = body["attributes"].as_array().unwrap().clone();
    for object in &mut objects {
        object.as_object_mut().unwrap().remove("points");
    }
    objects
}

/// Everybody who holds the identifier of an object (primary before email before phone).
fn resolves(
    profiles: &BTreeMap<profile_model::ProfileId, Arc<Profile>>,
    object: &Value,
) -> BTreeSet<profile_model::ProfileId> {
    let text = |name: &str| object[name].as_str();
    let matches = |profile: &Profile| {
        if let Some(id) = text("external_id") {
            return profile.external_id.as_deref() == Some(id);
        }
        if let Some(alias) = object.get("user_alias") {
            let label = alias["alias_label"].as_str().unwrap();
            return profile.alias(label).is_some_and(|known| alias["alias_name"] == known.name.as_str());
        }
        if let Some(email) = text("email") {
            return profile.email.as_ref().is_some_and(|known| known.key == email);
        }
        text("phone").is_some_and(|phone| profile.phone.as_ref().and_then(|known| known.key()) == Some(phone))
    };
    profiles.values().filter(|profile| matches(profile)).map(|profile| profile.id).collect()
}
