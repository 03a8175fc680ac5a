//! `enmusubi backup` and `restore`: who was erased since a backup was made does not come back with it.

use super::*;

async fn server() -> (Server, Caller) {
    let server = Server::start(BINARY, ServerOptions::in_a_file()).await.unwrap();
    let caller = server.caller();
    (server, caller)
}

async fn world() -> World {
    World::start_on(BINARY, ServerOptions::in_a_file()).await.unwrap()
}

async fn run(server: &Server, arguments: &[&str]) -> Value {
    let arguments: Vec<_> = arguments.iter().copied().chain(["--json"]).collect();
    let (code, told, complaint) = server.command(&arguments).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    serde_json::from_str(&told).unwrap()
}

async fn refused(server: &Server, arguments: &[&str], code: i32, why: &str) {
    let (ended, _, complaint) = server.command(arguments).await.unwrap();
    assert_eq!(ended, code, "{arguments:?}: {complaint}");
    assert!(complaint.contains(why), "{arguments:?}: {complaint}");
}

async fn doctor(server: &Server) -> Value {
    let told = run(server, &["doctor"]).await;
    assert_eq!(told["ok"], true, "{told}");
    told["counts"].clone()
}

/// A backup is made while others write; restored, everything acknowledged before it is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_server_restores_it() {
    let (mut server, caller) = server().await;
    for from in (0..600).step_by(50) {
        let objects: Vec<_> = (from..from + 50)
            .map(|number| json!({"external_id": format!("x{number}"), "n": number}))
            .collect();
        caller.track(&json!({"attributes": objects})).await.unwrap();
    }
    let out = server.folder().join("backup.db");
    let out = out.to_str().unwrap();
    let writing = async {
        for number in 600..700 {
            put(&caller, json!({"external_id": format!("x{number}"), "n": number})).await;
        }
    };
    let (made, ()) = futures_util::future::join(run(&server, &["backup", out]), writing).await;
    assert!(made["bytes"].as_u64().unwrap() > 50_000, "{made}");
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(out).unwrap().permissions().mode() & 0o077,
            0,
            "only its owner may read it"
        );
    }
    refused(&server, &["backup", out], 2, "overwrites nothing").await;
    put(&caller, json!({"external_id": "later"})).await;
    let before = user(&caller, "x599").await;
    refused(&server, &["restore", out], 2, "--force").await;
    refused(&server, &["restore", out, "--force"], 1, "stop `enmusubi serve`").await;
    server.terminate().await.unwrap();
    let told = run(&server, &["restore", out, "--force"]).await;
    assert_eq!((&told["erased_again"], &told["left"]), (&json!(0), &json!([])));
    assert!(doctor(&server).await["profiles"].as_u64().unwrap() >= 600);
    server.restart().await.unwrap();
    let caller = server.caller();
    assert_eq!(user(&caller, "x599").await, before);
    assert_eq!(found(&caller, json!({"external_ids": ["later"]})).await, 0);
    // The same into a folder where nothing is.
    let elsewhere = format!("sqlite://{}", server.folder().join("elsewhere/enmusubi.db").display());
    run(&server, &["restore", out, "--database", &elsewhere]).await;
    let shown = run(&server, &["profile", "get", "--external-id", "x599", "--database", &elsewhere]).await;
    assert_eq!(
        shown["users"][0]["custom_attributes"].as_object().map(serde_json::Map::len),
        Some(1),
        "{shown}"
    );
}

/// Item 9: who was erased since stays erased, with everything merged into it; suppressions, opt-outs and the time of the
/// erasure stand; revoked keys stay revoked; no byte of the erased is in the file.
#[tokio::test]
async fn the_erased_do_not_come_back_with_a_backup() {
    let world = world().await;
    let (caller, id) = (&world.caller, line_id(1));
    for (external_id, email) in
        [("ann", "qzx-ann@example.com"), ("ben", "qzx-ben@example.com"), ("cyd", "cyd@example.com")]
    {
        put(
            caller,
            json!({"external_id": external_id, "email": email, "mark": format!("qzx-{external_id}")}),
        )
        .await;
    }
    put(caller, json!({"external_id": "cyd", "mark": "stays"})).await;
    put(caller, json!({"external_id": "dan", "mark": "qzx-dan"})).await;
    put(caller, json!({"external_id": "eve", "email": "both@example.com"})).await;
    put(caller, json!({"external_id": "fay", "email": "both@example.com", "mark": "stays too"})).await;
    world.webhook.event("follow", &id, LONG_AGO, "e1").await.unwrap();
    let key = run(&world.server, &["key", "create", "--name", "k"]).await;
    let out = world.server.folder().join("backup.db");
    let out = out.to_str().unwrap();
    run(&world.server, &["backup", out]).await;
    // Since then: ann is suppressed; ben, who had opted out, is merged into dan, who is erased; the follower and eve go.
    delete(caller, &json!({"external_ids": ["ann"], "suppress": true}), 1).await;
    put(caller, json!({"external_id": "ben", "email_subscribe": "unsubscribed"})).await;
    merge(caller, "ben", "dan").await;
    delete(caller, &json!({"external_ids": ["dan"]}), 1).await;
    put(caller, json!({"external_id": "fay", "email": "fay@example.com"})).await;
    delete(caller, &json!({"external_ids": ["eve"]}), 1).await;
    delete(caller, &json!({"user_aliases": [line_alias(&id)]}), 1).await;
    let erased_at = soon() - 1_000;
    run(&world.server, &["key", "revoke", key["key_id"].as_str().unwrap()]).await;
    let mut world = world;
    world.server.terminate().await.unwrap();
    let told = run(&world.server, &["restore", out, "--force"]).await;
    assert_eq!(
        (&told["erasures_known"], &told["erased_again"], &told["merges_undone"], &told["left"]),
        (&json!(4), &json!(5), &json!(0), &json!([]))
    );
    let file = std::fs::read(world.server.folder().join("data/enmusubi.db")).unwrap();
    assert!(!file.windows(4).any(|window| window == b"qzx-"));
    world.server.restart().await.unwrap();
    let caller = world.server.caller();
    assert_eq!(found(&caller, json!({"external_ids": ["ann", "ben", "dan", "eve"]})).await, 0);
    // Fay had the address of eve when the backup was made: she is herself, and has it again.
    assert_eq!(user(&caller, "fay").await["email"], "both@example.com");
    assert_eq!(user(&caller, "cyd").await["custom_attributes"], json!({"mark": "stays"}));
    let answer = caller.post("/users/track", &json!({"attributes": [{"external_id": "ann"}]})).await.unwrap();
    assert!(answer.text.contains("suppressed"), "{}", answer.text);
    put(&caller, json!({"external_id": "new", "email": "qzx-ben@example.com"})).await;
    assert_eq!(user(&caller, "new").await["email_subscribe"], "unsubscribed");
    // The erasure counts from when it was: contact since then is new, though older than the restore.
    world.webhook.caller = world.server.caller_with(None);
    world.caller = world.server.caller();
    assert_eq!(world.state(&id).await.unwrap(), None);
    world.webhook.event("follow", &id, LONG_AGO + 1, "e2").await.unwrap();
    assert_eq!(world.state(&id).await.unwrap(), None);
    world.webhook.event("follow", &id, erased_at + 1, "e3").await.unwrap();
    assert_eq!(world.state(&id).await.unwrap().as_deref(), Some("subscribed"));
    let revoked = world.server.caller_with(key["key"].as_str());
    let answer = revoked.post("/users/export/ids", &json!({"external_ids": ["cyd"]})).await.unwrap();
    assert_eq!(answer.status, 401);
}

/// Merged when the backup was made, taken apart and erased alone since: the merge is undone again, and only that one goes.
#[tokio::test]
async fn one_who_was_parted_and_erased_goes_alone() {
    let (mut server, caller) = server().await;
    for id in ["kept", "gone", "third"] {
        put(&caller, json!({"external_id": id, id: 1})).await;
    }
    let first = merge(&caller, "gone", "kept").await;
    let second = merge(&caller, "third", "kept").await;
    let out = server.folder().join("backup.db");
    let out = out.to_str().unwrap();
    run(&server, &["backup", out]).await;
    for id in [&second, &first] {
        assert_eq!(undo(&caller, id).await.status, 200);
    }
    delete(&caller, &json!({"external_ids": ["gone"]}), 1).await;
    server.terminate().await.unwrap();
    let told = run(&server, &["restore", out, "--force"]).await;
    assert_eq!(
        (&told["erased_again"], &told["merges_undone"], &told["left"]),
        (&json!(1), &json!(2), &json!([]))
    );
    server.restart().await.unwrap();
    let caller = server.caller();
    assert_eq!(user(&caller, "kept").await["custom_attributes"], json!({"kept": 1}));
    assert_eq!(user(&caller, "third").await["custom_attributes"], json!({"third": 1}));
    assert_eq!(found(&caller, json!({"external_ids": ["gone"]})).await, 0);
}

/// A survivor that was erased takes everything along that is part of it in the backup, without any undo.
#[tokio::test]
async fn an_erased_survivor_goes_with_its_predecessors() {
    let (mut server, caller) = server().await;
    for id in ["kept", "gone"] {
        put(&caller, json!({"external_id": id, id: 1})).await;
    }
    merge(&caller, "gone", "kept").await;
    let out = server.folder().join("backup.db");
    let out = out.to_str().unwrap();
    run(&server, &["backup", out]).await;
    let kept = user(&caller, "kept").await["braze_id"].clone();
    delete(&caller, &json!({"external_ids": ["kept"]}), 1).await;
    server.terminate().await.unwrap();
    let told = run(&server, &["restore", out, "--force"]).await;
    assert_eq!((&told["erased_again"], &told["merges_undone"]), (&json!(1), &json!(0)));
    server.restart().await.unwrap();
    assert_eq!(found(&server.caller(), json!({"braze_id": kept})).await, 0);
}

/// What is no backup is refused, and the database is as before.
#[tokio::test]
async fn what_is_no_backup_is_refused() {
    let (mut server, caller) = server().await;
    put(&caller, json!({"external_id": "ann"})).await;
    let out = server.folder().join("backup.db");
    run(&server, &["backup", out.to_str().unwrap()]).await;
    server.terminate().await.unwrap();
    let missing = server.folder().join("missing.db");
    refused(&server, &["restore", missing.to_str().unwrap(), "--force"], 2, "no backup at").await;
    let text = server.folder().join("text.db");
    std::fs::write(&text, "this is no database, but it is long enough to be looked at as one".repeat(100))
        .unwrap();
    refused(&server, &["restore", text.to_str().unwrap(), "--force"], 1, "damaged, or no database").await;
    let empty = server.folder().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    refused(&server, &["restore", empty.to_str().unwrap(), "--force"], 2, "no backup of Enmusubi").await;
    let mut torn = std::fs::read(&out).unwrap();
    let half = torn.len() / 2;
    torn.truncate(half);
    std::fs::write(server.folder().join("torn.db"), torn).unwrap();
    let torn = server.folder().join("torn.db");
    refused(&server, &["restore", torn.to_str().unwrap(), "--force"], 1, "damaged").await;
    assert!(!server.folder().join("data/enmusubi.db.restoring").exists());
    server.restart().await.unwrap();
    assert_eq!(found(&server.caller(), json!({"external_ids": ["ann"]})).await, 1);
    // A damaged database says nothing of the erased: only a plain word puts a backup in its place.
    server.terminate().await.unwrap();
    let database = server.folder().join("data/enmusubi.db");
    std::fs::write(&database, "damaged".repeat(2_000)).unwrap();
    let out = out.to_str().unwrap().to_owned();
    refused(&server, &["restore", &out, "--force"], 1, "--without-ledger").await;
    run(&server, &["restore", &out, "--force", "--without-ledger"]).await;
    server.restart().await.unwrap();
    assert_eq!(found(&server.caller(), json!({"external_ids": ["ann"]})).await, 1);
}
