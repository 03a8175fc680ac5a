//! Undo and time: requests are decided in another order than they arrived in, and clocks step back.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::sync::Arc;

use profile_model::{
    Actor, ChangeSet, ConfigChange, ErasureId, Key, Keys, Kind, LedgerRow, LedgerSecret, MergeId, Timestamp,
    UndoOutcome, WorkspaceId,
};
use profile_store::model::ModelBackend;
use profile_store::{Backend, ErasedAgain, FixedClock, ProfileStore, Wish, Work};
use serde_json::{Value, json};

const W: WorkspaceId = WorkspaceId(1);

struct World {
    store: ProfileStore,
    clock: Arc<FixedClock>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(FixedClock::at(Timestamp::from_millis(1_700_000_000_000)));
        let backend: Arc<dyn Backend> = Arc::new(ModelBackend::default());
        let store = ProfileStore::new(backend, Arc::clone(&clock) as Arc<_>, std::env::temp_dir());
        Self { store, clock }
    }

    /// Writes at a time relative to now, in microseconds.
    async fn track(&self, micros: i64, object: Value) {
        self.clock.advance_micros(micros);
        self.store.track(W, Actor::new("api", "test"), json!({"attributes": [object]})).await.unwrap();
        self.clock.advance_micros(-micros);
    }

    async fn merge(&self, from: &str, to: &str) -> MergeId {
        let update =
            json!({"identifier_to_merge": {"external_id": from}, "identifier_to_keep": {"external_id": to}});
        let body = json!({"merge_updates": [update]});
        let answer = self.store.merge(W, Actor::new("api", "test"), &body, Wish::default()).await.unwrap();
        answer.report.outcomes[0].merge.unwrap()
    }

    async fn undo(&self, merge: MergeId) {
        let outcome = self.store.undo_merge(W, Actor::new("api", "test"), merge, false).await.unwrap();
        assert!(matches!(outcome, UndoOutcome::Undone { .. }), "{outcome:?}");
    }

    async fn custom(&self, external_id: &str) -> Value {
        let body = json!({"external_ids": [external_id], "fields_to_export": ["custom_attributes"]});
        self.store.export_ids(W, body).await.unwrap().users[0]["custom_attributes"].clone()
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

/// A write whose clock reading is from before the merge, but which came after it, is not lost by the undo.
#[test]
fn a_write_with_an_earlier_time_than_the_merge_it_follows_survives_the_undo() {
    run(async {
        let world = World::new();
        for id in ["k", "m"] {
            world.track(-1_000, json!({"external_id": id, "n": 0})).await;
        }
        let merge = world.merge("m", "k").await;
        world.track(-500, json!({"external_id": "m", "late": true, "n": {"inc": 1}})).await;
        world.track(-700, json!({"external_id": "k", "late": true, "n": {"inc": 1}})).await;
        world.undo(merge).await;
        for id in ["k", "m"] {
            assert_eq!(world.custom(id).await, json!({"late": true, "n": 1}), "{id}");
        }
    });
}

/// A write with a later time than the merge that it came before is in the image, and is not made twice.
#[test]
fn a_write_with_a_later_time_than_the_merge_it_precedes_is_not_made_twice() {
    run(async {
        let world = World::new();
        for id in ["k", "m", "n"] {
            world.track(-1_000, json!({"external_id": id, "n": 0})).await;
        }
        let first = world.merge("n", "k").await;
        // Logged for the first merge.
        world.track(500, json!({"external_id": "k", "n": {"inc": 1}})).await;
        let second = world.merge("m", "k").await;
        world.undo(second).await;
        assert_eq!(world.custom("k").await, json!({"n": 1}));
        world.undo(first).await;
        assert_eq!(world.custom("k").await, json!({"n": 1}));
        assert_eq!(world.custom("n").await, json!({"n": 0}));
    });
}

/// Of two writes to one attribute the one that was applied last stands, before and after the undo.
#[test]
fn the_order_of_writes_is_that_in_which_they_were_applied() {
    run(async {
        let world = World::new();
        for id in ["k", "m"] {
            world.track(-1_000, json!({"external_id": id})).await;
        }
        let merge = world.merge("m", "k").await;
        world.track(500, json!({"external_id": "k", "tier": "first"})).await;
        world.track(100, json!({"external_id": "k", "tier": "second"})).await;
        world.track(50, json!({"external_id": "k", "tier": "last"})).await;
        assert_eq!(world.custom("k").await, json!({"tier": "last"}));
        world.undo(merge).await;
        assert_eq!(world.custom("k").await, json!({"tier": "last"}));
    });
}

/// A restored database whose ledger names one who is part of another by a merge that can no longer be undone: said, and
/// left to a person. While it can be undone, that one goes alone.
#[test]
fn one_erased_alone_is_parted_again_while_the_merge_can_be_undone() {
    for (days, left) in [(1, false), (200, true)] {
        run(async {
            let world = World::new();
            world.store.create_workspace("w").await.unwrap();
            for id in ["k", "m"] {
                world.track(0, json!({"external_id": id, id: 1})).await;
            }
            world.merge("m", "k").await;
            let profiles = world.store.backend().scan_profiles(W, None, 10).await.unwrap();
            let (kept, gone) = (profiles[0].id, profiles[0].merged[0].profile);
            // The ledger of the database that was replaced.
            let row = LedgerRow {
                mark: LedgerSecret::derive("").mark(&Key::merged(gone)),
                kind: Kind::MergedId,
                erasure: ErasureId(world.store.fresh(world.store.now()).uuid()),
                erased_at: Timestamp::from_millis(1_700_000_100_000),
                opted_out: false,
                suppressed: false,
            };
            let change = ChangeSet {
                ledger: vec![row],
                config: vec![ConfigChange::NoteErasures(W)],
                ..ChangeSet::default()
            };
            let work = Work::new("carry", W, Keys::default());
            world.store.decide(work, move |_| (change.clone().into(), ())).await.unwrap();
            world.store.refresh_config().await;
            world.clock.advance_micros(days * 86_400_000_000);
            let done = world.store.erase_again(W).await.unwrap();
            let expected = if left {
                ErasedAgain { left: vec![kept], ..ErasedAgain::default() }
            } else {
                ErasedAgain { erased: 1, parted: 1, left: Vec::new() }
            };
            assert_eq!(done, expected);
            let custom = if left { json!({"k": 1, "m": 1}) } else { json!({"k": 1}) };
            assert_eq!(world.custom("k").await, custom);
        });
    }
}
