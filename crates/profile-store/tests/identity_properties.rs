//! Properties of identity over random histories: what a merge may lose, and that an undo gives everything back.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use profile_model::{
    Actor, Filling, GlobalState, Key, Keys, LineConvergence, MergeId, Profile, ProfileId, Settings,
    Timestamp, WorkspaceId, combine,
};
use profile_store::conformance::{
    Memory, Operation, exported_state, identity_operations, operations, perform,
};
use profile_store::model::ModelBackend;
use profile_store::{Backend, FixedClock, ProfileStore, Wish};
use proptest::prelude::*;
use serde_json::{Value, json};

const W: WorkspaceId = WorkspaceId(1);

struct World {
    store: ProfileStore,
    clock: Arc<FixedClock>,
    memory: Memory,
}

impl World {
    /// A world after a random history.
    async fn after(operations: Vec<Operation>) -> Self {
        Self::with(Settings::default(), operations).await
    }

    async fn with(settings: Settings, operations: Vec<Operation>) -> Self {
        let clock = Arc::new(FixedClock::at(Timestamp::from_millis(1_700_000_020_000)));
        let backend: Arc<dyn Backend> = Arc::new(ModelBackend::default());
        let store = ProfileStore::new(backend, Arc::clone(&clock) as Arc<_>, std::env::temp_dir());
        store.create_workspace("w").await.unwrap();
        store.set_settings("w", settings).await.unwrap();
        let mut world = Self { store, clock, memory: Memory::default() };
        for operation in operations {
            world.clock.advance_micros(1_000_000);
            perform(&world.store, W, operation, &mut world.memory).await.unwrap();
        }
        world
    }

    async fn profiles(&self) -> Vec<Arc<Profile>> {
        self.store.backend().scan_profiles(W, None, 10_000).await.unwrap()
    }

    /// Exported state of every profile, without what only says that something happened.
    async fn rows(&self) -> BTreeMap<String, Value> {
        let state = exported_state(&self.store, W).await.unwrap();
        let rows = state["profiles"].as_array().unwrap().clone();
        rows.into_iter()
            .map(|mut row| {
                let object = row.as_object_mut().unwrap();
                for name in ["version", "journal", "joins", "consents"] {
                    object.remove(name);
                }
                (row["id"].as_str().unwrap().to_owned(), row)
            })
            .collect()
    }

    /// Merges by braze-independent names: each side by its external id or first alias.
    async fn merge(&self, removed: &Profile, kept: &Profile) -> Option<MergeId> {
        self.clock.advance_micros(1_000_000);
        let body = json!({"merge_updates": [{"identifier_to_merge": name(removed)?, "identifier_to_keep": name(kept)?}]});
        let answer = self.store.merge(W, Actor::new("api", "test"), &body, Wish::default()).await.unwrap();
        answer.report.outcomes[0].merge
    }

    async fn undo(&self, merge: MergeId) -> profile_model::UndoOutcome {
        self.clock.advance_micros(1_000_000);
        self.store.undo_merge(W, Actor::new("api", "test"), merge, false).await.unwrap()
    }
}

const LINE_ID: &str = "U89f4a626548ccd48482f529a482f138b";

/// A follow, an API write and a CSV row of one person.
fn story(step: usize) -> Operation {
    let user = profile_model::LineUserId::from_line(LINE_ID).unwrap();
    match step {
        0 => Operation::Deliver(vec![profile_model::Delivery {
            key: profile_model::InboxKey {
                channel: profile_model::ChannelId("1".into()),
                event: "follow".into(),
                user: Some(user.clone()),
            },
            kind: "follow".into(),
            meaning: profile_model::Meaning::Friendship(profile_model::GroupState::Subscribed),
            user: Some(user),
            at: Some(Timestamp::from_millis(1_700_000_000_000)),
            received_at: Timestamp::from_millis(1_700_000_020_000),
            body: serde_json::value::RawValue::from_string("{}".into()).unwrap(),
        }]),
        1 => Operation::Track(json!({"attributes": [
            {"external_id": "customer", "native_line_id": LINE_ID, "first_name": "Hanako"},
        ]})),
        _ => Operation::Csv(json!({"attributes": [
            {"external_id": "customer", "native_line_id": LINE_ID, "tier": "gold"},
        ]})),
    }
}

fn name(profile: &Profile) -> Option<Value> {
    let alias = || Some(json!({"user_alias": profile.aliases.first()?}));
    profile.external_id.as_ref().map(|id| json!({"external_id": id})).or_else(alias)
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(test);
}

/// Every identifier leads to exactly those profiles that carry it.
async fn identifiers_hold(world: &World) {
    let profiles = world.profiles().await;
    let mut carried = BTreeMap::<Key, BTreeSet<ProfileId>>::new();
    for profile in &profiles {
        for key in profile.keys() {
            carried.entry(key).or_default().insert(profile.id);
        }
    }
    let keys = Keys { identifiers: carried.keys().cloned().collect(), ..Keys::default() };
    let loaded = world.store.backend().load(W, &keys).await.unwrap();
    for (key, who) in &carried {
        let holders: BTreeSet<_> = loaded.holders[key].iter().copied().collect();
        assert_eq!(&holders, who, "{key:?}");
        assert!(!key.kind.is_unique() || holders.len() == 1, "{key:?} leads to two");
    }
    for profile in &profiles {
        assert!(profile.merged.iter().all(|side| profiles.iter().all(|other| other.id != side.profile)));
        for alias in &profile.aliases {
            if let (Some(claimed), Some(own)) = (alias.as_line_id(), &profile.line_id) {
                assert_eq!(&claimed, own, "the alias of a LINE ID sits on another's profile");
            }
        }
    }
}

/// A subscribed LINE ID always has a profile.
async fn followers_have_profiles(world: &World) {
    let profiles = world.profiles().await;
    for friendship in world.store.backend().scan_friendships(W, None, 10_000).await.unwrap() {
        if friendship.state == profile_model::GroupState::Subscribed {
            let user = Some(&friendship.user);
            assert!(profiles.iter().any(|profile| profile.line_id.as_ref() == user), "a follower was lost");
        }
    }
}

/// Totals per event or product over all profiles.
fn totals(rows: &BTreeMap<String, Value>) -> BTreeMap<String, u64> {
    let mut totals = BTreeMap::new();
    for summary in rows.values().flat_map(|row| row["summaries"].as_array().unwrap()) {
        *totals.entry(format!("{}{}", summary[0], summary[1])).or_insert(0) += summary[2].as_u64().unwrap();
    }
    totals
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 48 } else { 256 }))]

    /// Identifiers, followers and totals hold after any history of all operations, undo included.
    #[test]
    fn identifiers_and_followers_hold(seed: u64, count in 1_usize..80, merge: bool) {
        run(async {
            let line_convergence = if merge { LineConvergence::Merge } else { LineConvergence::Braze };
            let settings = Settings { line_convergence, ..Settings::default() };
            let world = World::with(settings, identity_operations(seed, count)).await;
            identifiers_hold(&world).await;
            followers_have_profiles(&world).await;
        });
    }

    /// With `line_convergence = merge`, follow, API write and CSV row end in the same state in every order, with
    /// redelivery; the survivor carries the alias.
    #[test]
    fn follow_write_and_row_converge_in_every_order(order in Just([0_usize, 1, 2, 0]).prop_shuffle()) {
        run(async {
            let settings = Settings { line_convergence: LineConvergence::Merge, ..Settings::default() };
            let mut ends = Vec::new();
            for order in [&[0, 1, 2][..], &order[..]] {
                let world = World::with(settings.clone(), Vec::new()).await;
                for step in order {
                    world.clock.advance_micros(1_000_000);
                    perform(&world.store, W, story(*step), &mut Memory::default()).await.unwrap();
                }
                let users = world.store.render_all_fields(W, world.profiles().await).await.unwrap();
                assert_eq!(users.len(), 1, "{order:?}: {users:?}");
                let mut user = users[0].clone();
                for field in ["created_at", "braze_id", "random_bucket", "line"] {
                    user.as_object_mut().unwrap().remove(field);
                }
                assert_eq!(user["user_aliases"][0]["alias_name"], json!(LINE_ID));
                ends.push(user);
            }
            assert_eq!(ends[0], ends[1]);
        });
    }

    /// MF-*: merge, then undo, is identity: exported state of everybody, times included.
    #[test]
    fn a_merge_undone_at_once_leaves_no_trace(seed: u64, count in 5_usize..60, first: prop::sample::Index, second: prop::sample::Index) {
        run(async {
            let world = World::after(operations(seed, count)).await;
            let profiles = world.profiles().await;
            let (removed, kept) = (first.get(&profiles), second.get(&profiles));
            let before = world.rows().await;
            let Some(merge) = world.merge(removed, kept).await else { return };
            let merged = world.rows().await;
            assert!(!merged.contains_key(&removed.id.to_string()));
            assert_eq!(totals(&merged), totals(&before), "an event was lost or counted twice");
            identifiers_hold(&world).await;
            followers_have_profiles(&world).await;
            let undone = world.undo(merge).await;
            assert!(matches!(undone, profile_model::UndoOutcome::Undone { .. }), "{undone:?}");
            let after = world.rows().await;
            assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
            for (id, row) in before {
                let joined = id == removed.id.to_string() || id == kept.id.to_string();
                // A third profile that gave up an alias and has it again was changed twice.
                for (field, value) in row.as_object().unwrap().iter().filter(|(field, _)| joined || *field != "updated_at") {
                    assert_eq!(&after[&id][field], value, "{field} of {}", if id == removed.id.to_string() { "M" } else { "K" });
                }
            }
            identifiers_hold(&world).await;
        });
    }

    /// MF-4: an address whose owner opted out is not subscribed by a merge, whoever shares it.
    #[test]
    fn nobody_who_opted_out_is_subscribed_by_a_merge(seed: u64, count in 5_usize..60, first: prop::sample::Index, second: prop::sample::Index) {
        run(async {
            let world = World::after(operations(seed, count)).await;
            let profiles = world.profiles().await;
            let (removed, kept) = (first.get(&profiles), second.get(&profiles));
            let before = world.store.views(W, profiles.clone()).await.unwrap();
            let out: BTreeSet<_> = before
                .iter()
                .filter(|view| view.email_state == GlobalState::Unsubscribed)
                .map(|view| view.profile.id)
                .collect();
            if world.merge(removed, kept).await.is_none() {
                return;
            }
            for view in world.store.views(W, world.profiles().await).await.unwrap() {
                let gave_its_address = removed.email.is_none() || kept.email.is_none();
                let was_out = out.contains(&view.profile.id)
                    || (view.profile.id == kept.id && gave_its_address && out.contains(&removed.id));
                assert!(!was_out || view.email_state == GlobalState::Unsubscribed);
            }
        });
    }

    /// Section 5: what of the merged profile the survivor does not have is told, value by value.
    #[test]
    fn what_a_merge_drops_is_told(seed: u64, count in 5_usize..60, first: prop::sample::Index, second: prop::sample::Index) {
        run(async {
            let world = World::after(operations(seed, count)).await;
            let profiles = world.profiles().await;
            let (removed, kept) = (first.get(&profiles), second.get(&profiles));
            let combined = combine(kept, removed, Filling::Gaps);
            let told: BTreeSet<_> = combined.dropped.iter().map(|dropped| dropped.field.clone()).collect();
            for (name, value) in removed.fields.iter() {
                let has = combined.profile.fields.get(name) == Some(value);
                assert!(has || told.contains(name.as_str()), "{name}");
            }
            for (name, value) in removed.custom.texts() {
                let has = combined.profile.custom.text(name) == Some(value);
                assert!(has || told.contains(&format!("custom_attributes.{name}")), "{name}");
            }
            for alias in &removed.aliases {
                assert!(combined.profile.aliases.contains(alias) || told.contains("user_alias"));
            }
            for (field, has) in [
                ("native_line_id", removed.line_id.is_none() || combined.profile.line_id == removed.line_id),
                ("email", removed.email.as_ref().is_none_or(|email| {
                    combined.profile.email.as_ref().is_some_and(|kept| kept.key == email.key)
                })),
                ("phone", removed.phone.as_ref().is_none_or(|phone| {
                    combined.profile.phone.as_ref().is_some_and(|kept| kept.shown() == phone.shown())
                })),
            ] {
                assert!(has || told.contains(field), "{field}");
            }
        });
    }

    /// Counts and dates merge in any order to the same.
    #[test]
    fn the_order_of_merges_does_not_change_counts_and_dates(seed: u64, count in 10_usize..60) {
        run(async {
            let mut ends = Vec::new();
            for reverse in [false, true] {
                let world = World::after(operations(seed, count)).await;
                let profiles: Vec<_> = world.profiles().await.into_iter().filter(|one| one.is_identified()).collect();
                let Some((kept, others)) = profiles.split_first() else { return };
                let mut others: Vec<_> = others.iter().take(3).collect();
                if reverse {
                    others.reverse();
                }
                for other in others {
                    world.merge(other, kept).await;
                }
                ends.push(world.rows().await[&kept.id.to_string()]["summaries"].clone());
            }
            assert_eq!(ends[0], ends[1]);
        });
    }
}
