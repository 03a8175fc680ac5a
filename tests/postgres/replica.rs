//! A read replica: asked by requests that allow it, and by no other.

use serde_json::{Value, json};
use testkit::postgres::Cluster;
use testkit::{Answer, Caller, Server, ServerOptions};

use super::{BINARY, on};

fn beside(primary: &Cluster, replica: &str, data: &std::path::Path) -> ServerOptions {
    let mut options = on(&primary.url(), data);
    options.environment.push(("ENMUSUBI_DATABASE_READ".to_owned(), replica.to_owned()));
    options
}

/// One request of a route that reads, with or without a query.
async fn ask(caller: &Caller, path: &str, body: Option<&Value>, more: &str) -> Answer {
    let mark = if path.contains('?') { "&" } else { "?" };
    let path = if more.is_empty() { path.to_owned() } else { format!("{path}{mark}{more}") };
    match body {
        Some(body) => caller.post(&path, body).await.unwrap(),
        None => caller.get(&path).await.unwrap(),
    }
}

/// A replica that stands still shows what was: to requests that say `stale=true`, on every route that takes it, and to no
/// other. One that is gone is a 503 of its own, and nobody else feels it.
#[tokio::test(flavor = "multi_thread")]
async fn only_who_allows_it_is_answered_from_the_replica() {
    let (primary, data) = (Cluster::start().unwrap(), tempfile::tempdir().unwrap());
    let replica = primary.replica().unwrap();
    // It has to hear of the migrations of this start first.
    let server = Server::start(BINARY, beside(&primary, &replica.url(), data.path())).await.unwrap();
    let caller = server.caller();
    let line = format!("U{:032x}", 7);
    let group = json!({"name": "News", "channel": "email"});
    let group = caller.post("/subscription/groups", &group).await.unwrap();
    let group = group.json["subscription_group_id"].as_str().unwrap().to_owned();
    let put = async |id: &str, email: &str| {
        let person = json!({"external_id": id, "email": email, "native_line_id": line, format!("a-{id}"): 1});
        let event = json!({"external_id": id, "name": format!("e-{id}"), "time": "2026-11-01T00:00:00Z"});
        let bought = json!({
            "external_id": id, "product_id": format!("p-{id}"), "currency": "JPY", "price": 5,
            "time": "2026-11-01T00:00:00Z",
        });
        caller
            .track(&json!({"attributes": [person], "events": [event], "purchases": [bought]}))
            .await
            .unwrap();
        let set =
            json!({"subscription_group_id": group, "subscription_state": "subscribed", "external_id": id});
        assert_eq!(caller.post("/subscription/status/set", &set).await.unwrap().status, 201);
    };
    put("old", "old@example.com").await;
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while ask(&caller, "/events/list", None, "stale=true").await.json["events"] != json!(["e-old"]) {
        assert!(std::time::Instant::now() < end, "the replica does not follow");
    }
    replica.run("SELECT pg_wal_replay_pause()").unwrap();
    put("new", "old@example.com").await;
    let found = caller.export(json!({"external_ids": ["new"]})).await.unwrap();
    let id = found[0]["braze_id"].as_str().unwrap().to_owned();
    let export = json!({"external_ids": ["new"], "fields_to_export": ["external_id"]});
    let of_group = format!("/subscription/status/get?subscription_group_id={group}&external_id=new");
    let routes = [
        (format!("/line/users/{line}"), None),
        ("/users/export/ids".to_owned(), Some(&export)),
        (format!("/users/{id}/history"), None),
        (format!("/users/{id}/everything"), None),
        ("/users/duplicates?by=email".to_owned(), None),
        ("/custom_attributes".to_owned(), None),
        ("/events".to_owned(), None),
        ("/events/list".to_owned(), None),
        ("/purchases/product_list".to_owned(), None),
        (of_group, None),
        ("/subscription/user/status?external_id=new".to_owned(), None),
    ];
    // The description knows these, and no other.
    let described = caller.get("/openapi.json").await.unwrap().json;
    let takes = |operation: &Value| {
        let parameters = operation["parameters"].as_array();
        parameters.is_some_and(|all| all.iter().any(|one| one["name"] == "stale"))
    };
    let paths = described["paths"].as_object().unwrap();
    let known = paths.values().flat_map(|path| path.as_object().unwrap().values()).filter(|one| takes(one));
    assert_eq!(known.count(), routes.len());
    for (path, body) in &routes {
        let fresh = ask(&caller, path, *body, "").await;
        let stale = ask(&caller, path, *body, "stale=true").await;
        assert!(fresh.status < 300, "{path}: {}", fresh.text);
        assert_ne!(
            (fresh.status, &fresh.text),
            (stale.status, &stale.text),
            "{path} is not answered from the replica"
        );
        assert!(stale.status < 500, "{path}: {}", stale.text);
        for more in ["stale=false", "stale", "x=stale=true"] {
            let other = ask(&caller, path, *body, more).await;
            assert_eq!((fresh.status, &fresh.text), (other.status, &other.text), "{path} with {more}");
        }
    }
    replica.run("SELECT pg_wal_replay_resume()").unwrap();
    for (path, body) in &routes {
        let fresh = ask(&caller, path, *body, "").await;
        testkit::eventually("the replica catches up", 20, async || {
            (ask(&caller, path, *body, "stale=true").await.text == fresh.text).then_some(())
        })
        .await
        .unwrap();
    }
    replica.stop().unwrap();
    let (path, body) = &routes[0];
    let gone = ask(&caller, path, *body, "stale=true").await;
    assert_eq!((gone.status, &gone.json["code"]), (503, &json!("replica_unavailable")), "{}", gone.text);
    assert_eq!(ask(&caller, path, *body, "").await.status, 200);
    put("more", "more@example.com").await;
    replica.resume().unwrap();
    testkit::eventually("it is asked again", 20, async || {
        (ask(&caller, path, *body, "stale=true").await.status == 200).then_some(())
    })
    .await
    .unwrap();
}

/// One with another schema is refused at the start; one that cannot be reached then is not, and is asked later.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_looked_at_before_it_is_read() {
    let (primary, data) = (Cluster::start().unwrap(), tempfile::tempdir().unwrap());
    let replica = primary.replica().unwrap();
    replica.stop().unwrap();
    let mut server = Server::start(BINARY, beside(&primary, &replica.url(), data.path())).await.unwrap();
    let caller = server.caller();
    let answer = caller.get("/events/list?stale=true").await.unwrap();
    assert_eq!(
        (answer.status, &answer.json["code"]),
        (503, &json!("replica_unavailable")),
        "{}",
        answer.text
    );
    assert_eq!(caller.get("/events/list").await.unwrap().status, 200);
    replica.resume().unwrap();
    testkit::eventually("it is asked later", 20, async || {
        (caller.get("/events/list?stale=true").await.ok()?.status == 200).then_some(())
    })
    .await
    .unwrap();
    server.terminate().await.unwrap();
    let other = testkit::postgres::Database::create().unwrap();
    other
        .run(
            "CREATE TABLE _sqlx_migrations (version bigint, success boolean); \
             INSERT INTO _sqlx_migrations VALUES (9999, true)",
        )
        .unwrap();
    let refused = Server::start(BINARY, beside(&primary, &other.url(), data.path())).await.unwrap_err();
    let told = format!("{refused:?}");
    assert!(told.contains("9999") && told.contains("replica"), "{told}");
    let mut options = beside(&primary, &other.url(), data.path());
    options.environment.push(("ENMUSUBI_DATABASE".to_owned(), "sqlite://x.db".to_owned()));
    let refused = format!("{:?}", Server::start(BINARY, options).await.unwrap_err());
    assert!(refused.contains("database_read"), "{refused}");
}
