//! Onto a Citus cluster, where there is one.

use profile_store::conformance::{Memory, START, identity_operations};
use serde_json::json;
use store_postgres::PostgresStore;
use testkit::Server;
use testkit::postgres::Database;
use testkit::postgres::citus::{CitusDatabase, coordinator_for};

use super::broken::{PEOPLE, fill, kill_in_the_middle};
use super::stores::{Engine, Shop, assert_alike, moved};
use super::{BINARY, copy, on, sqlite};

/// A database whose tables are made and distributed, and empty.
async fn distributed(coordinator: &str) -> CitusDatabase {
    let database = CitusDatabase::create(coordinator).unwrap();
    PostgresStore::distribute(&database.url(), &Default::default()).await.unwrap().unwrap();
    database
}

/// From a file, and from a server whose workspace is spread over eight buckets: the copy on the cluster has the same rows,
/// the way back gives them again, and what is done afterwards has the same effect on copy and original.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_moved_onto_a_cluster_is_the_same_and_goes_on_alike() {
    let Some(coordinator) = coordinator_for("moving onto a cluster") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, database) = (folder.path().join("a.db"), Database::create().unwrap());
    for (buckets, original) in [(1, Engine::Sqlite(&path)), (8, Engine::Postgres(database.url()))] {
        let mut shop = Shop::new(original.open().await, START, Memory::default());
        shop.store.create_workspace("w").await.unwrap();
        shop.store.backend().close().await;
        if buckets > 1 {
            database.run(&format!("UPDATE workspaces SET buckets = {buckets}")).unwrap();
        }
        shop = shop.moved(original.open().await);
        let operations = identity_operations(buckets, 240);
        for operation in &operations[..180] {
            shop.perform(operation).await;
        }
        shop.store.backend().close().await;
        let cluster = distributed(&coordinator).await;
        let copy = Engine::Postgres(cluster.url());
        let there = moved(&original, &copy).await;
        let back = Engine::Sqlite(&folder.path().join(format!("back-{buckets}.db")));
        assert_eq!(there, moved(&copy, &back).await, "{buckets} buckets");
        let spread = cluster.run("SELECT count(DISTINCT sk) FROM profiles").unwrap();
        assert!(spread.parse::<u64>().unwrap() > buckets / 2, "{spread} of {buckets} buckets are in use");
        let mut shops = [shop.moved(original.open().await), shop.moved(copy.open().await)];
        assert_alike(&shops[1], &shops[0], &format!("{buckets} buckets, as copied")).await;
        for operation in &operations[180..] {
            for shop in &mut shops {
                shop.perform(operation).await;
            }
        }
        assert_alike(&shops[1], &shops[0], &format!("{buckets} buckets, gone on")).await;
        for shop in shops {
            shop.store.backend().close().await;
        }
    }
}

/// Killed in the middle, it is not served, and the same command goes on where it stood.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_onto_a_cluster_that_was_killed_goes_on() {
    let Some(coordinator) = coordinator_for("a killed copy onto a cluster") else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let from = sqlite(&data.join("enmusubi.db"));
    let mut server = Server::start(BINARY, on(&from, &data)).await.unwrap();
    fill(&server.caller()).await;
    server.terminate().await.unwrap();
    let cluster = distributed(&coordinator).await;
    kill_in_the_middle(&from, &cluster.url(), None, || {
        let count = cluster.run("SELECT count(*) FROM profiles").ok()?;
        count.parse().ok().filter(|count| *count > 0)
    });
    let refused = Server::start(BINARY, on(&cluster.url(), &data)).await.unwrap_err();
    assert!(format!("{refused:?}").contains("enmusubi copy"), "{refused:?}");
    let there = copy(&from, &cluster.url(), None);
    let resumed = there["resumed"].as_u64();
    assert!(resumed > Some(0) && resumed < there["rows"].as_u64(), "{there}");
    let profiles = there["tables"].as_array().unwrap().iter().find(|table| table["table"] == "profiles");
    assert_eq!(profiles.unwrap()["rows"], PEOPLE);
    let server = Server::start(BINARY, on(&cluster.url(), &data)).await.unwrap();
    let last = format!("c{}", PEOPLE - 1);
    assert_eq!(server.caller().export(json!({"external_ids": [last]})).await.unwrap().len(), 1);
    let (code, sound, _) = server.command(&["doctor"]).await.unwrap();
    assert_eq!(code, 0, "{sound}");
}
