//! Erasure is physical after `doctor --compact`: no byte of the erased is left in any file of the data folder.

use std::path::Path;

use super::*;

async fn world() -> World {
    World::start_on(BINARY, ServerOptions::in_a_file()).await.unwrap()
}

/// Values of one person, of every kind, none of which occurs anywhere else. Searched without regard to case.
const MARKS: &[(&str, &str)] = &[
    ("external id", "qzx-customer"),
    ("deprecated external id", "qzx-former"),
    ("merged external id", "qzx-merged"),
    ("alias", "qzx-alias"),
    ("former alias", "qzx-other-alias"),
    ("email", "qzx-mail@example.com"),
    ("email of the merged", "qzx-second@example.com"),
    ("phone", "9087651234"),
    ("phone as written", "90-8765-1234"),
    ("LINE ID", "u89f4a626548ccd48482f529a482f1aaa"),
    ("field", "qzx-first-name"),
    ("custom attribute", "qzx-attribute"),
    ("nested attribute", "qzx-nested"),
    ("dropped attribute", "qzx-dropped"),
    ("written after the merge", "qzx-after-the-merge"),
    ("event property", "qzx-event-property"),
    ("purchase property", "qzx-purchase-property"),
    ("cell of an import report", "qzx-cell"),
    ("cell found by email", "qzx-by-mail"),
    ("cell found by phone", "qzx-by-phone"),
    ("stored upload", "qzx-upload"),
    ("message", "qzx-message"),
    ("message in a group", "qzx-in-a-group"),
    ("message of somebody else", "qzx-mentioned"),
    ("undone merge", "qzx-undone"),
];

const LINE_ID: &str = "U89f4a626548ccd48482f529a482f1aaa";

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Marks that occur in a file of the folder, each with the file's name.
fn occurring(folder: &Path) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for path in files(folder) {
        let bytes = std::fs::read(&path).unwrap().to_ascii_lowercase();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for (what, mark) in MARKS {
            if bytes.windows(mark.len()).any(|window| window == mark.as_bytes()) {
                found.push((*what, name.clone()));
            }
        }
    }
    found
}

/// Gives one person a value of every kind.
async fn live(world: &World) {
    let caller = &world.caller;
    put(
        caller,
        json!({
            "external_id": "qzx-former", "email": "QZX-Mail@Example.com", "phone": "+81 90-8765-1234",
            "native_line_id": LINE_ID, "first_name": "qzx-first-name", "loyalty": "qzx-attribute",
            "nested": {"deep": ["qzx-nested"]}, "tier": "gold", "email_subscribe": "unsubscribed",
        }),
    )
    .await;
    let renames = json!([{"current_external_id": "qzx-former", "new_external_id": "qzx-customer"}]);
    caller.post("/users/external_ids/rename", &json!({"external_id_renames": renames})).await.unwrap();
    let new = json!({"external_id": "qzx-customer", "alias_label": "web", "alias_name": "qzx-other-alias"});
    caller.post("/users/alias/new", &json!({"user_aliases": [new]})).await.unwrap();
    let update =
        json!({"alias_label": "web", "old_alias_name": "qzx-other-alias", "new_alias_name": "qzx-alias"});
    caller.post("/users/alias/update", &json!({"alias_updates": [update]})).await.unwrap();
    let occurrences = json!({
        "events": [{"external_id": "qzx-customer", "name": "seen", "time": "2099-01-01T00:00:00Z",
            "properties": {"where": "qzx-event-property"}}],
        "purchases": [{"external_id": "qzx-customer", "product_id": "sku", "currency": "JPY", "price": 1,
            "time": "2099-01-01T00:00:00Z", "properties": {"gift": "qzx-purchase-property"}}],
    });
    caller.track(&occurrences).await.unwrap();
    let body = json!({"subscription_group_id": world.connected["subscription_group_id"], "subscription_state": "subscribed"});
    assert!(body["subscription_group_id"].is_string());
    world.webhook.event("follow", LINE_ID, LONG_AGO, "e1").await.unwrap();
    let message = |id: &str, text: &str, source: Value| {
        json!({
            "type": "message", "mode": "active", "timestamp": LONG_AGO + 1, "webhookEventId": id,
            "deliveryContext": {"isRedelivery": false}, "source": source,
            "message": {"type": "text", "id": "1", "text": text, "quoteToken": "q"},
        })
    };
    let mut mention =
        message("e5", "@qzx-mentioned!", json!({"type": "group", "groupId": "C1", "userId": line_id(7)}));
    mention["message"]["mention"] = json!({"mentionees": [
        {"index": 0, "length": 14, "type": "user", "userId": LINE_ID, "isSelf": false},
    ]});
    let events = [
        message("e2", "qzx-message", json!({"type": "user", "userId": LINE_ID})),
        message("e3", "qzx-in-a-group", json!({"type": "group", "groupId": "C1", "userId": LINE_ID})),
        json!({
            "type": "memberJoined", "mode": "active", "timestamp": LONG_AGO + 2, "webhookEventId": "e4",
            "deliveryContext": {"isRedelivery": false}, "source": {"type": "group", "groupId": "C1"},
            "joined": {"members": [{"type": "user", "userId": LINE_ID}]},
        }),
        mention,
    ];
    assert_eq!(world.webhook.send(&events).await.unwrap().status, 200);
    merges(caller).await;
    let csv = "external_id,email,phone,email_subscribe,note\n\
               qzx-customer,,,Unsubscribed,qzx-cell\n\
               ,qzx-mail@example.com,,nonsense,qzx-by-mail\n\
               ,,+81-90-8765-1234,nonsense,qzx-by-phone\n\
               somebody,,,nonsense,another's cell\n";
    let import = caller.import(csv).await.unwrap();
    assert_eq!(report(caller, &import).await.len(), 4);
    // As a crash leaves it between the end of an import and the removal of its file.
    let upload = world.server.folder().join("data/uploads");
    let name = format!("{}.csv", import["import_id"].as_str().unwrap());
    std::fs::write(upload.join(name), "external_id,note\nqzx-customer,qzx-upload\n").unwrap();
}

/// One profile merged into the person, with a value that was dropped; one merged and taken apart again.
async fn merges(caller: &Caller) {
    put(
        caller,
        json!({
            "external_id": "qzx-merged", "email": "qzx-second@example.com", "tier": "qzx-dropped",
            "email_subscribe": "unsubscribed",
        }),
    )
    .await;
    merge(caller, "qzx-merged", "qzx-customer").await;
    put(caller, json!({"external_id": "qzx-merged", "later": "qzx-after-the-merge"})).await;
    put(caller, json!({"external_id": "neighbour", "email": "neighbour@example.com"})).await;
    put(caller, json!({"external_id": "qzx-customer", "mood": "qzx-undone"})).await;
    let mistaken = merge(caller, "qzx-customer", "neighbour").await;
    assert_eq!(undo(caller, &mistaken).await.status, 200);
}

/// Issue 3, item 9: identifiers, attributes, events, journal and images (also those of others), report rows, uploads,
/// inbox bodies. What remains is a receipt and keyed hashes, and everything of everybody else.
#[tokio::test]
async fn nothing_of_the_erased_is_left_in_any_file() {
    let mut world = world().await;
    live(&world).await;
    world.server.terminate().await.unwrap();
    let data = world.server.folder().join("data");
    let before: Vec<_> = occurring(&data).into_iter().map(|(what, _)| what).collect();
    for (what, _) in MARKS {
        assert!(before.contains(what), "the test cannot see a {what}");
    }
    world.server.restart().await.unwrap();
    let caller = world.server.caller();
    let neighbour = user(&caller, "neighbour").await;
    delete(&caller, &json!({"external_ids": ["qzx-customer"]}), 1).await;
    assert_eq!(user(&caller, "neighbour").await, neighbour);
    assert_eq!(history(&caller, &neighbour["braze_id"]).await.len(), 3);
    // Not while a server may write beside it.
    let (code, _, complaint) = world.server.command(&["doctor", "--compact"]).await.unwrap();
    assert!(code == 1 && complaint.contains("stop `enmusubi serve`"), "{code} {complaint}");
    world.server.terminate().await.unwrap();
    let (code, told, complaint) = world.server.command(&["doctor", "--compact", "--json"]).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["ok"], json!(true));
    assert!(told["compacted"]["bytes_after"].as_u64().unwrap() > 0);
    assert_eq!(occurring(&data), Vec::new());
    // Nor did it ever stand in the log.
    assert_eq!(occurring(world.server.folder()), Vec::new());
    world.server.restart().await.unwrap();
    assert_eq!(user(&world.server.caller(), "neighbour").await, neighbour);
}

/// Issue 3, item 9: the LINE ID of a follower whom a merge kept apart is in no row of the survivor, nor in what is
/// disclosed of it.
#[tokio::test]
async fn a_survivor_keeps_nothing_of_an_erased_follower() {
    let mut world = world().await;
    let caller = &world.caller;
    put(caller, json!({"external_id": "b", "native_line_id": line_id(2)})).await;
    world.webhook.event("follow", LINE_ID, LONG_AGO, "e1").await.unwrap();
    let identify = json!({"external_id": "a", "user_alias": line_alias(LINE_ID)});
    caller.post("/users/identify", &json!({"aliases_to_identify": [identify]})).await.unwrap();
    let merged = merge(caller, "a", "b").await;
    let survivor = user(caller, "b").await["braze_id"].as_str().unwrap().to_owned();
    let everything = format!("/users/{survivor}/everything");
    assert!(caller.get(&everything).await.unwrap().text.contains(LINE_ID), "the test cannot see the LINE ID");
    delete(caller, &json!({"user_aliases": [line_alias(LINE_ID)]}), 1).await;
    assert!(!caller.get(&everything).await.unwrap().text.contains(LINE_ID));
    // The survivor is whole, and can be written to.
    put(caller, json!({"external_id": "a", "n": 1})).await;
    assert_eq!(user(caller, "b").await["custom_attributes"], json!({"n": 1}));
    assert_eq!(undo(caller, &merged).await.json["code"], "erased");
    world.server.terminate().await.unwrap();
    let (code, _, complaint) = world.server.command(&["doctor", "--compact"]).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    assert_eq!(occurring(world.server.folder()), Vec::new());
}

/// Files of the folder in which a text occurs.
fn with(folder: &Path, mark: &str) -> usize {
    let holds = |path: &std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap().to_ascii_lowercase();
        bytes.windows(mark.len()).any(|window| window == mark.as_bytes())
    };
    files(folder).iter().filter(|path| holds(path)).count()
}

/// Groups of duplicates that were parked, dismissed or released name an address that their members left before they were
/// erased: it goes with them.
#[tokio::test]
async fn an_address_that_once_waited_for_a_decision_is_left_in_no_file() {
    let mut world = world().await;
    let caller = &world.caller;
    let names = ["qzx-open", "qzx-dismissed", "qzx-released"];
    for name in names {
        for side in ["a", "b"] {
            let object =
                json!({"external_id": format!("{name}-{side}"), "email": format!("{name}@example.com")});
            put(caller, object).await;
        }
    }
    let started = caller.post("/users/duplicates/merge", &json!({"by": "email"})).await.unwrap();
    let job = format!("/users/duplicates/jobs/{}", started.json["job_id"].as_str().unwrap());
    testkit::eventually("the job ends", 60, async || {
        (caller.get(&job).await.ok()?.json["state"] == "complete").then_some(())
    })
    .await
    .unwrap();
    let parked = caller.get("/users/duplicates/parked").await.unwrap().json;
    assert_eq!(parked["groups"].as_array().unwrap().len(), 3);
    for group in parked["groups"].as_array().unwrap() {
        let verb = match group["value"].as_str().unwrap() {
            "qzx-dismissed@example.com" => "dismiss",
            "qzx-released@example.com" => "release",
            _ => continue,
        };
        let path = format!("/users/duplicates/parked/{}/{verb}", group["id"].as_str().unwrap());
        assert_eq!(caller.post(&path, &json!({})).await.unwrap().status, 200);
    }
    let ids = names.map(|name| [format!("{name}-a"), format!("{name}-b")]).concat();
    for id in &ids {
        put(caller, json!({"external_id": id, "email": null})).await;
    }
    let data = world.server.folder().join("data");
    world.server.terminate().await.unwrap();
    for name in names {
        assert!(with(&data, &format!("{name}@")) > 0, "the test cannot see {name}");
    }
    world.server.restart().await.unwrap();
    delete(&world.server.caller(), &json!({"external_ids": ids}), 5).await;
    world.server.terminate().await.unwrap();
    let (code, _, complaint) = world.server.command(&["doctor", "--compact"]).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    for name in names {
        assert_eq!(with(&data, name), 0, "{name}");
    }
}
