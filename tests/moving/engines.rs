//! The same operations on both engines.

use std::time::Instant;

use profile_store::conformance::{Memory, START, identity_operations};
use testkit::postgres::Database;

use super::stores::{Shop, assert_alike, postgres, sqlite};

/// How many operations; 100,000 take a quarter of an hour.
const COUNT_VARIABLE: &str = "ENMUSUBI_TEST_OPERATIONS";

/// After the same mixed operations the whole exported state is the same on SQLite and on PostgreSQL.
#[tokio::test(flavor = "multi_thread")]
async fn both_engines_hold_the_same_after_the_same_operations() {
    let count = std::env::var(COUNT_VARIABLE).ok().map_or(1_500, |count| count.parse().unwrap());
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::create().unwrap());
    let mut one = Shop::new(sqlite(&folder.path().join("a.db")).await, START, Memory::default());
    let mut other = Shop::new(postgres(&database.url()).await, START, Memory::default());
    for shop in [&one, &other] {
        shop.store.create_workspace("w").await.unwrap();
    }
    let began = Instant::now();
    for (step, operation) in identity_operations(77, count).iter().enumerate() {
        tokio::join!(one.perform(operation), other.perform(operation));
        if (step + 1) % (count / 5).max(1) == 0 {
            assert_alike(&other, &one, &format!("step {step}")).await;
            eprintln!("{} of {count} operations after {:?}", step + 1, began.elapsed());
        }
    }
    one.store.backend().close().await;
    other.store.backend().close().await;
}
