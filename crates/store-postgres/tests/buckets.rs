//! A huge workspace: what is written where, and by how many transactions. On plain PostgreSQL: the tables and statements
//! are those of Citus.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use profile_model::{Actor, Buckets, Key, Keys, ProfileId, WorkspaceId};
use profile_store::{ProfileStore, SystemClock, Wish};
use serde_json::{Value, json};
use store_postgres::{Options, PostgresStore};
use testkit::postgres::Database;

const W: WorkspaceId = WorkspaceId(1);

/// Notes the shards that each transaction writes to.
const WITNESS: &str = "
CREATE TABLE witness (transaction bigint NOT NULL, place text NOT NULL, sk bigint NOT NULL);
CREATE FUNCTION note_shard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness VALUES (txid_current(), TG_TABLE_NAME, coalesce(NEW.sk, OLD.sk));
    RETURN NULL;
END $$;
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'sk'
        AND table_name <> 'witness'
    LOOP
        EXECUTE format('CREATE TRIGGER note_shard AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW '
            'EXECUTE FUNCTION note_shard()', name);
    END LOOP;
END $$";

struct Huge {
    database: Database,
    store: ProfileStore,
    buckets: Buckets,
}

impl Huge {
    async fn start() -> Self {
        let database = Database::create().unwrap();
        let backend = PostgresStore::open(&database.url(), Options::default()).await.unwrap();
        let store = ProfileStore::new(Arc::new(backend), Arc::new(SystemClock), std::env::temp_dir());
        let buckets = Buckets::new(8).unwrap();
        store.create_huge_workspace("w", buckets).await.unwrap();
        database.run(WITNESS).unwrap();
        Self { database, store, buckets }
    }

    async fn track(&self, body: Value) {
        self.store.track(W, Actor::new("api", "test"), body).await.unwrap();
    }

    async fn holder(&self, key: Key) -> ProfileId {
        let keys = Keys { identifiers: vec![key.clone()], ..Keys::default() };
        self.store.backend().load(W, &keys).await.unwrap().holders[&key][0]
    }

    /// The shards that each transaction wrote to since the last time.
    fn written(&self) -> Vec<BTreeSet<i64>> {
        let rows = self.database.run("SELECT transaction, sk FROM witness").unwrap();
        self.database.run("DELETE FROM witness").unwrap();
        let mut by_transaction = BTreeMap::<String, BTreeSet<i64>>::new();
        for row in rows.lines() {
            let (transaction, sk) = row.split_once('|').unwrap();
            by_transaction.entry(transaction.to_owned()).or_default().insert(sk.parse().unwrap());
        }
        by_transaction.into_values().collect()
    }
}

fn people(numbers: std::ops::Range<usize>, more: &Value) -> Value {
    let people = numbers.map(|number| {
        let mut person =
            json!({"external_id": format!("c{number}"), "email": format!("c{number}@example.com")});
        person.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        person
    });
    json!({"attributes": people.collect::<Vec<_>>()})
}

/// Design, section 4: a profile lives in the bucket of the identifier that created it, for life, and every identifier finds
/// it there.
#[tokio::test(flavor = "multi_thread")]
async fn a_profile_lives_in_the_bucket_of_the_identifier_that_made_it() {
    let huge = Huge::start().await;
    let line_id = format!("U{:032x}", 7);
    for number in 0..20 {
        let (id, email) = (format!("c{number}"), format!("other{number}@example.com"));
        huge.track(json!({"attributes": [{"external_id": id, "email": email}, {"email": format!("m{number}@example.com")}]}))
            .await;
        let made = huge.holder(Key::external_id(&id)).await;
        assert_eq!(made.bucket(), huge.buckets.of(id.as_bytes()));
        let by_email = |text: &str| Key::email(&profile_model::Email::parse(text).unwrap());
        assert_eq!(huge.holder(by_email(&email)).await, made);
        let email = format!("m{number}@example.com");
        assert_eq!(huge.holder(by_email(&email)).await.bucket(), huge.buckets.of(email.as_bytes()));
    }
    let spread: BTreeSet<_> = {
        let all = huge.store.backend().scan_profiles(W, None, 100).await.unwrap();
        all.iter().map(|profile| profile.id.bucket()).collect()
    };
    assert!(spread.len() > 4, "{spread:?}");
    // It stays there when it gets another name.
    let before = huge.holder(Key::external_id("c0")).await;
    let body = json!({"external_id_renames": [{"current_external_id": "c0", "new_external_id": "renamed"}]});
    huge.store.rename_external_ids(W, Actor::new("api", "test"), &body, Wish::default()).await.unwrap();
    assert_eq!(huge.holder(Key::external_id("renamed")).await, before);
    huge.track(json!({"attributes": [{"external_id": "renamed", "native_line_id": line_id}]})).await;
    let user = profile_model::LineUserId::from_line(&line_id).unwrap();
    assert_eq!(huge.holder(Key::line_id(&user)).await, before);
    huge.store.backend().close().await;
}

/// One transaction per shard key: a batch of people who are known, with what they sent before, writes each shard in a
/// transaction of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_known_people_writes_each_shard_by_itself() {
    let huge = Huge::start().await;
    // The first use of a name is written to bucket 0, by whoever comes first.
    huge.track(people(900..901, &json!({"n": 1}))).await;
    huge.written();
    huge.track(people(0..75, &json!({"n": 1}))).await;
    let made = huge.written();
    // New people have look-up rows elsewhere: those objects share one transaction over shards, the others have their own.
    assert!(made.iter().filter(|shards| shards.len() > 1).count() <= 1, "{made:?}");
    let mut body = people(0..37, &json!({"n": 2}));
    let visit = |number| json!({"external_id": format!("c{number}"), "name": "visit", "time": "2026-01-01T00:00:00Z"});
    body["events"] = (0..37).map(visit).collect();
    huge.track(body.clone()).await;
    // The first use of a name is written to bucket 0, once.
    huge.written();
    huge.track(body).await;
    let written = huge.written();
    let shards: BTreeSet<_> = written.iter().flatten().collect();
    assert!(shards.len() > 6, "{shards:?}");
    assert_eq!(written.len(), shards.len(), "{written:?}");
    huge.store.backend().close().await;
}

/// What one object says is applied as a whole or not at all, also where it writes to two shards.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_written_by_one_transaction_whatever_it_touches() {
    let huge = Huge::start().await;
    huge.track(people(0..1, &json!({"n": 1}))).await;
    huge.written();
    huge.track(people(0..1, &json!({"n": 2, "email_subscribe": "unsubscribed", "phone": "+819012345678"})))
        .await;
    assert_eq!(huge.written().len(), 1);
    huge.store.backend().close().await;
}

/// Merges and deletes across buckets are one transaction.
#[tokio::test(flavor = "multi_thread")]
async fn a_merge_and_a_deletion_across_buckets_are_one_transaction_each() {
    let huge = Huge::start().await;
    huge.track(people(0..40, &json!({"n": 1}))).await;
    let first = huge.holder(Key::external_id("c0")).await;
    let mut other = String::new();
    for number in 1..40 {
        let id = format!("c{number}");
        if huge.holder(Key::external_id(&id)).await.bucket() != first.bucket() {
            other = id;
        }
    }
    huge.written();
    let body = json!({"merge_updates": [{
        "identifier_to_merge": {"external_id": other}, "identifier_to_keep": {"external_id": "c0"},
    }]});
    let actor = || Actor::new("api", "test");
    let answer = huge.store.merge(W, actor(), &body, Wish::default()).await.unwrap();
    let merge = answer.report.outcomes[0].merge.unwrap();
    let written = huge.written();
    assert!(written.len() == 1 && written[0].len() > 1, "{written:?}");
    assert_eq!(huge.holder(Key::external_id(&other)).await, first);
    huge.store.undo_merge(W, actor(), merge, true).await.unwrap();
    assert_eq!(huge.written().len(), 1);
    assert_ne!(huge.holder(Key::external_id(&other)).await, first);
    let body = json!({"external_ids": ["c0", other]});
    huge.store.delete(W, actor(), &body, Wish::default()).await.unwrap();
    let left = huge.store.backend().scan_profiles(W, None, 100).await.unwrap();
    assert_eq!(left.len(), 38);
    let found = PostgresStore::examine(&huge.database.url(), &Options::default()).await.unwrap();
    assert!(found.is_sound(), "{found:?}");
    huge.store.backend().close().await;
}
