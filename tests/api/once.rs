//! `Idempotency-Key`: a request that comes again is answered as it was and not done again.

use super::*;

async fn keyed(caller: &Caller, path: &str, key: &str, body: &Value) -> testkit::Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    caller.send(path, &headers, body.to_string().into_bytes()).await.unwrap()
}

fn purchase() -> Value {
    json!({"purchases": [{
        "external_id": "buyer", "product_id": "tea", "currency": "JPY", "price": 500, "time": "2026-11-01T00:00:00Z",
    }]})
}

async fn revenue(caller: &Caller) -> Value {
    let body = json!({"external_ids": ["buyer"], "fields_to_export": ["total_revenue"]});
    caller.post("/users/export/ids", &body).await.unwrap().json["users"][0]["total_revenue"].clone()
}

#[tokio::test]
async fn a_retried_purchase_counts_once_and_is_answered_byte_for_byte() {
    let (_server, caller) = server().await;
    let first = keyed(&caller, "/users/track", "one", &purchase()).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, None));
    for _ in 0..3 {
        let again = keyed(&caller, "/users/track", "one", &purchase()).await;
        assert_eq!((again.status, &again.text), (first.status, &first.text));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.header("content-type"), first.header("content-type"));
    }
    assert_eq!(revenue(&caller).await, json!(500));
    keyed(&caller, "/users/track", "two", &purchase()).await;
    caller.track(&purchase()).await.unwrap();
    assert_eq!(revenue(&caller).await, json!(1500), "another key, and none, are other requests");
}

/// Clients give up after two seconds and try again while the first try may still be at work.
#[tokio::test(flavor = "multi_thread")]
async fn sixteen_copies_at_once_are_one_request() {
    let (_server, caller) = server().await;
    let body = purchase();
    for round in 1..=20 {
        let key = format!("round {round}");
        let all = (0..16).map(|_| keyed(&caller, "/users/track", &key, &body));
        let answers = futures_util::future::join_all(all).await;
        assert!(answers.iter().all(|answer| answer.status == 201 && answer.text == answers[0].text));
        let fresh = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count();
        assert_eq!(fresh, 1);
        assert_eq!(revenue(&caller).await, json!(500 * round));
    }
}

#[tokio::test]
async fn the_same_key_with_another_request_is_422_and_changes_nothing() {
    let (_server, caller) = server().await;
    let answer = keyed(&caller, "/users/track", "k", &json!({"attributes": [{"external_id": "a"}]})).await;
    assert_eq!(answer.status, 201);
    let other = json!({"attributes": [{"external_id": "b"}]});
    for (path, body) in
        [("/users/track", &other), ("/users/track?x=1", &other), ("/users/track/sync", &other)]
    {
        let answer = keyed(&caller, path, "k", body).await;
        assert_eq!((answer.status, &answer.json["code"]), (422, &json!("idempotency_key_reused")), "{path}");
    }
    assert!(caller.export(json!({"external_ids": ["b"]})).await.unwrap().is_empty());
    for bad in ["", &"x".repeat(256)] {
        let answer = keyed(&caller, "/users/track", bad, &other).await;
        assert_eq!((answer.status, &answer.json["code"]), (400, &json!("idempotency_key_invalid")));
    }
}

/// Keys belong to the API key that sent them.
#[tokio::test]
async fn two_callers_may_use_the_same_key() {
    let (server, caller) = server().await;
    let (code, key, log) = server.command(&["key", "create", "--name", "other"]).await.unwrap();
    assert_eq!(code, 0, "{log}");
    let other = server.caller_with(Some(key.trim()));
    testkit::eventually("the new key works", 5, async || {
        (other.get("/subscription/groups").await.ok()?.status == 200).then_some(())
    })
    .await
    .unwrap();
    keyed(&caller, "/users/track", "k", &purchase()).await;
    let answer = keyed(&other, "/users/track", "k", &purchase()).await;
    assert_eq!((answer.status, answer.header("idempotency-replayed")), (201, None));
    assert_eq!(revenue(&caller).await, json!(1000));
}

/// What was refused before anything was stored may be sent again, put right, with the same key.
#[tokio::test]
async fn a_malformed_request_does_not_use_up_its_key() {
    let (_server, caller) = server().await;
    assert_eq!(keyed(&caller, "/users/track", "k", &json!({"attributes": {}})).await.status, 400);
    assert_eq!(keyed(&caller, "/users/track", "k", &purchase()).await.status, 201);
}

/// Every call that changes something, each sent twice: the second answer is the first one's, and nothing is done twice.
#[tokio::test]
async fn every_call_that_changes_something_takes_a_key() {
    let (_server, caller) = server().await;
    let users =
        ["a", "b", "c", "d", "e"].map(|id| json!({"external_id": id, "email": format!("{id}@example.com")}));
    caller.track(&json!({"attributes": users})).await.unwrap();
    let alias = |id: &str, name: &str| json!({"external_id": id, "alias_label": "l", "alias_name": name});
    let anonymous =
        json!({"user_alias": {"alias_label": "l", "alias_name": "x"}, "_update_existing_only": false});
    caller.track(&json!({"attributes": [anonymous]})).await.unwrap();
    let calls = [
        ("/users/track/sync", json!({"attributes": [{"external_id": "a", "n": {"inc": 1}}]})),
        ("/users/track/bulk", json!({"attributes": [{"external_id": "a", "m": {"inc": 1}}]})),
        ("/users/alias/new", json!({"user_aliases": [alias("a", "a1")]})),
        (
            "/users/alias/update",
            json!({"alias_updates": [{"alias_label": "l", "old_alias_name": "a1", "new_alias_name": "a2"}]}),
        ),
        (
            "/users/identify",
            json!({"aliases_to_identify": [{"external_id": "n", "user_alias": {"alias_label": "l", "alias_name": "x"}}]}),
        ),
        (
            "/users/merge?explain=true",
            json!({"merge_updates": [{"identifier_to_merge": {"external_id": "b"}, "identifier_to_keep": {"external_id": "a"}}]}),
        ),
        (
            "/users/external_ids/rename",
            json!({"external_id_renames": [{"current_external_id": "c", "new_external_id": "c2"}]}),
        ),
        ("/users/external_ids/remove", json!({"external_ids": ["c"]})),
        ("/subscription/groups", json!({"name": "News", "channel": "email"})),
        ("/users/duplicates/merge", json!({"by": "email", "keep": "created", "order": "oldest"})),
        ("/users/delete", json!({"external_ids": ["e"]})),
    ];
    for (path, body) in calls {
        let first = keyed(&caller, path, path, &body).await;
        assert!((200..300).contains(&first.status), "{path}: {}", first.text);
        let again = keyed(&caller, path, path, &body).await;
        assert_eq!((again.status, &again.text), (first.status, &first.text), "{path}");
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{path}");
    }
    let users = caller.export(json!({"external_ids": ["a"]})).await.unwrap();
    assert_eq!(
        (&users[0]["custom_attributes"]["n"], &users[0]["custom_attributes"]["m"]),
        (&json!(1), &json!(1))
    );
    let csv = "external_id,points\nf,1\n";
    let headers = [("content-type", "text/csv"), ("idempotency-key", "file")];
    let first = caller.send("/imports/users", &headers, csv.into()).await.unwrap();
    let again = caller.send("/imports/users", &headers, csv.into()).await.unwrap();
    assert_eq!((first.status, again.status), (202, 202), "{}", first.text);
    assert_eq!(first.json["import_id"], again.json["import_id"]);
    let other = caller.send("/imports/users", &headers, "external_id,points\nf,2\n".into()).await.unwrap();
    assert_eq!(other.status, 422);
}

/// The answer commits with what it tells: after a crash, a retry counts nothing twice and loses nothing.
#[tokio::test]
async fn after_kill_9_every_retry_is_answered_and_nothing_counts_twice() {
    let (mut server, mut caller) = server().await;
    let mut sent = 0;
    for round in 0..5_usize {
        let keys: Vec<_> = (0..40).map(|number| format!("{round}-{number}")).collect();
        sent += keys.len();
        let body = purchase();
        let headers = |key: &str| {
            [("content-type", "application/json".to_owned()), ("idempotency-key", key.to_owned())]
        };
        let (answered, mut so_far) = tokio::sync::mpsc::unbounded_channel();
        let storm = keys.iter().map(|key| {
            let (caller, body, headers) = (&caller, body.to_string().into_bytes(), headers(key));
            let answered = answered.clone();
            async move {
                let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let answer = caller.send("/users/track", &headers, body).await.ok();
                answered.send(()).unwrap();
                answer
            }
        });
        // Killed when some are answered and some are not.
        let storm = futures_util::future::join_all(storm);
        let kill = async {
            for _ in 0..=8 * round {
                so_far.recv().await.unwrap();
            }
            server.kill9().await.unwrap();
        };
        let (answers, ()) = futures_util::future::join(storm, kill).await;
        server.restart().await.unwrap();
        caller = server.caller();
        for (key, before) in keys.iter().zip(answers) {
            let again = keyed(&caller, "/users/track", key, &body).await;
            assert_eq!(again.status, 201);
            if let Some(before) = before.filter(|before| before.status == 201) {
                assert_eq!(
                    (before.text.as_str(), again.header("idempotency-replayed")),
                    (again.text.as_str(), Some("true"))
                );
            }
        }
        assert_eq!(revenue(&caller).await, json!(500 * sent));
    }
}

/// Neither the key nor the body can be read from the file.
#[tokio::test]
async fn a_kept_answer_can_only_be_read_by_who_sends_the_key() {
    // What is read is the file of SQLite.
    let environment = vec![("ENMUSUBI_DATABASE".to_owned(), "sqlite://data/enmusubi.db".to_owned())];
    let options = ServerOptions { environment, ..ServerOptions::default() };
    let mut server = Server::start(env!("CARGO_BIN_EXE_enmusubi"), options).await.unwrap();
    let caller = server.caller();
    let body = json!({"attributes": [{"external_id": "a", "secret_word": "xyzzy-plugh"}]});
    let answer = keyed(&caller, "/users/track/sync", "a-key-of-mine", &body).await;
    assert!(answer.text.contains("xyzzy-plugh"), "{}", answer.text);
    let gone = json!({"attributes": [{"external_id": "a", "secret_word": null}]});
    caller.track(&gone).await.unwrap();
    caller.post("/users/delete", &json!({"external_ids": ["a"]})).await.unwrap();
    server.terminate().await.unwrap();
    let (code, _, log) = server.command(&["doctor", "--compact"]).await.unwrap();
    assert_eq!(code, 0, "{log}");
    for file in walk(server.folder()) {
        let bytes = std::fs::read(&file).unwrap();
        for secret in [&b"xyzzy-plugh"[..], b"a-key-of-mine"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{} holds {}", file.display(), String::from_utf8_lossy(secret));
        }
    }
    server.restart().await.unwrap();
    let again = keyed(&server.caller(), "/users/track/sync", "a-key-of-mine", &body).await;
    assert_eq!(again.text, answer.text);
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}
