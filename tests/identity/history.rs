//! `GET /users/{braze_id}/history`: why this is one person.

use super::*;

async fn entries(caller: &Caller, braze_id: &Value) -> Vec<Value> {
    let answer = caller.get(&format!("/users/{}/history", braze_id.as_str().unwrap())).await.unwrap();
    assert_eq!((answer.status, &answer.json["message"]), (200, &json!("success")));
    answer.json["entries"].as_array().unwrap().clone()
}

fn kinds(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect()
}

/// Contract: kinds in the order of time, actor with the name of its key, cause, merge id; the merged one's past is part of it.
#[tokio::test]
async fn the_history_of_a_person_explains_every_join() {
    let world = world().await;
    let caller = &world.caller;
    let id = line_id(1);
    put(caller, json!({"external_id": "ann"})).await;
    let ann = user(caller, "ann").await["braze_id"].clone();
    world.webhook.event("follow", &id, 1_727_600_000_000, "e1").await.unwrap();
    let follower = world.profiles(&id).await.unwrap()[0]["braze_id"].clone();
    let outcomes = explained(caller, "/users/identify", &identify_alias("ann", "line_id", &id)).await;
    let merge_id = &outcomes[0]["merge_id"];
    let new = json!({"user_aliases": [{"external_id": "ann", "alias_label": "web", "alias_name": "w"}]});
    caller.post("/users/alias/new", &new).await.unwrap();
    let update = json!({"alias_label": "web", "old_alias_name": "w", "new_alias_name": "w2"});
    caller.post("/users/alias/update", &json!({"alias_updates": [update]})).await.unwrap();
    let rename = json!({"current_external_id": "ann", "new_external_id": "anna"});
    caller.post("/users/external_ids/rename", &json!({"external_id_renames": [rename]})).await.unwrap();
    caller.post("/users/external_ids/remove", &json!({"external_ids": ["ann"]})).await.unwrap();
    let history = entries(caller, &ann).await;
    let expected = [
        ("created", "an API request named an unknown user"),
        ("created", "LINE sent an event of an unknown LINE ID"),
        ("line_linked", "it was made with this LINE ID"),
        ("merged", "a request identified the anonymous profile as this user"),
        ("alias_added", "a request added an alias"),
        ("alias_renamed", "a request gave an alias another name"),
        ("external_id_renamed", "a request renamed the external id; the old one still leads here"),
        ("external_id_removed", "a request removed a deprecated external id"),
    ];
    assert_eq!(kinds(&history), expected.map(|(kind, _)| kind));
    let causes: Vec<_> = history.iter().map(|entry| entry["cause"].as_str().unwrap()).collect();
    assert_eq!(causes, expected.map(|(_, cause)| cause));
    assert!(history.is_sorted_by(|left, right| left["at"].as_str() <= right["at"].as_str()));
    for entry in history.iter().filter(|entry| entry["braze_id"] != follower) {
        assert_eq!((&entry["actor"]["kind"], &entry["actor"]["name"]), (&json!("api"), &json!("first key")));
        assert_eq!(entry["braze_id"], ann);
    }
    assert_eq!(history[1]["actor"], json!({"kind": "line_event", "reference": "e1", "name": null}));
    assert_eq!(history[1]["braze_id"], follower);
    assert_eq!((&history[2]["native_line_id"], &history[2]["actor"]), (&json!(id), &history[1]["actor"]));
    let merged = &history[3];
    assert_eq!((&merged["merge_id"], &merged["other_braze_id"]), (merge_id, &follower));
    assert_eq!((&merged["how"], &merged["removed"]["native_line_id"]), (&json!("identify"), &json!(id)));
    assert_eq!((&history[5]["before"], &history[5]["alias"]), (&alias("web", "w"), &alias("web", "w2")));
    assert_eq!((&history[6]["before"], &history[6]["external_id"]), (&json!("ann"), &json!("anna")));
    // MID: by the id of the one that was merged away, marked.
    let answer = caller.get(&format!("/users/{}/history", follower.as_str().unwrap())).await.unwrap();
    assert_eq!((&answer.json["braze_id"], &answer.json["merged_id"]), (&ann, &follower));
    assert_eq!(answer.json["entries"].as_array().unwrap(), &history);
}

/// After an undo both tell it, each its own.
#[tokio::test]
async fn an_undo_is_told_by_both() {
    let (_server, caller) = server().await;
    for id in ["k", "m"] {
        put(&caller, json!({"external_id": id})).await;
    }
    let (kept, removed) =
        (user(&caller, "k").await["braze_id"].clone(), user(&caller, "m").await["braze_id"].clone());
    let merge = merge_users(&caller, "m", "k").await;
    undone(&caller, &merge).await;
    let (of_kept, of_removed) = (entries(&caller, &kept).await, entries(&caller, &removed).await);
    assert_eq!(kinds(&of_kept), ["created", "merged", "undone"]);
    assert_eq!(kinds(&of_removed), ["created", "undone"]);
    for entry in [&of_kept[1], &of_kept[2], &of_removed[1]] {
        assert_eq!(entry["merge_id"], json!(merge));
    }
    assert_eq!((&of_kept[2]["other_braze_id"], &of_removed[1]["other_braze_id"]), (&removed, &kept));
    assert_eq!(of_kept[1]["cause"], "a request named the two as one person");
    assert_eq!(of_kept[2]["cause"], "the merge was undone");
}

/// What happened to a side between a merge and its undo is that side's history, told once, by whom and when it was; and an
/// erasure of that side leaves nothing of it with the other.
#[tokio::test]
async fn what_happened_to_a_side_while_it_was_merged_goes_with_it() {
    let world = world().await;
    let caller = &world.caller;
    let (first, second) = (line_id(1), line_id(2));
    for id in ["kim", "quinn"] {
        put(caller, json!({"external_id": id})).await;
    }
    let of = async |id: &str| user(caller, id).await["braze_id"].clone();
    let (kim, quinn) = (of("kim").await, of("quinn").await);
    let alias = |id: &str, name: &str| json!({"external_id": id, "alias_label": "web", "alias_name": name});
    caller.post("/users/alias/new", &json!({"user_aliases": [alias("quinn", "q-web")]})).await.unwrap();
    let merge_id = merge_users(caller, "quinn", "kim").await;
    put(caller, json!({"external_id": "quinn", "native_line_id": first})).await;
    put(caller, json!({"external_id": "quinn", "native_line_id": null})).await;
    let update = json!({"alias_label": "web", "old_alias_name": "q-web", "new_alias_name": "q-new"});
    caller.post("/users/alias/update", &json!({"alias_updates": [update]})).await.unwrap();
    put(caller, json!({"external_id": "kim", "native_line_id": second})).await;
    let told = entries(caller, &kim).await;
    undone(caller, &merge_id).await;
    let (of_kim, of_quinn) = (entries(caller, &kim).await, entries(caller, &quinn).await);
    assert_eq!(kinds(&of_kim), ["created", "merged", "line_linked", "undone"]);
    let expected = ["created", "alias_added", "line_linked", "line_unlinked", "alias_renamed", "undone"];
    assert_eq!(kinds(&of_quinn), expected);
    let is_told = |entry: &&Value| entry["kind"] != "undone";
    for entry in of_kim.iter().chain(&of_quinn).filter(is_told) {
        assert!(told.contains(entry), "{entry} was not told so before the undo");
    }
    caller.post("/users/delete", &json!({"external_ids": ["quinn"]})).await.unwrap();
    let left = caller.get(&format!("/users/{}/everything", kim.as_str().unwrap())).await.unwrap().text;
    for trace in [first.as_str(), "q-web", "q-new", "quinn"] {
        assert!(!left.contains(trace), "{trace} is left");
    }
}

/// LINE IDs: set, changed, cleared, the alias that moves, the follower kept apart, the id given.
#[tokio::test]
async fn changes_of_a_line_id_are_told() {
    let world = world().await;
    let caller = &world.caller;
    let (first, second) = (line_id(1), line_id(2));
    world.webhook.event("follow", &first, 1_727_600_000_000, "e1").await.unwrap();
    caller.post("/users/identify", &identify_alias("ann", "line_id", &first)).await.unwrap();
    put(caller, json!({"external_id": "ann", "native_line_id": second})).await;
    put(caller, json!({"external_id": "ann", "native_line_id": null})).await;
    let history = entries(caller, &user(caller, "ann").await["braze_id"]).await;
    let expected = [
        "created",
        "line_linked",
        "identified",
        "line_linked",
        "alias_moved_away",
        "line_follower_kept_apart",
        "line_unlinked",
    ];
    assert_eq!(kinds(&history), expected);
    assert_eq!((&history[1]["before"], &history[1]["native_line_id"]), (&Value::Null, &json!(first)));
    assert_eq!(history[2]["external_id"], "ann");
    assert_eq!((&history[3]["before"], &history[3]["native_line_id"]), (&json!(first), &json!(second)));
    let apart = &world.profiles(&first).await.unwrap()[0]["braze_id"];
    assert_eq!(&history[5]["other_braze_id"], apart);
}

/// 404 for an id that nobody has, and for text that is none.
#[tokio::test]
async fn nobody_has_no_history() {
    let (_server, caller) = server().await;
    for id in ["00000000-0000-7000-8000-000000000000", "nobody"] {
        let answer = caller.get(&format!("/users/{id}/history")).await.unwrap();
        let expected = json!({"message": "there is no user with this braze_id", "code": "user_unknown"});
        assert_eq!((answer.status, answer.json), (404, expected));
    }
}

/// A row of an import is named by its import and line, where it made somebody and where it changed an identity.
#[tokio::test]
async fn the_history_names_the_row_of_an_import() {
    let (_server, caller) = server().await;
    let first = caller.import("external_id\nann\nben\n").await.unwrap();
    let csv = format!("external_id,native_line_id\nann,\nben,{}\n", line_id(1));
    let second = caller.import(csv).await.unwrap();
    let ben = user(&caller, "ben").await["braze_id"].clone();
    let history = entries(&caller, &ben).await;
    assert_eq!(kinds(&history), ["created", "line_linked"]);
    for (entry, import) in history.iter().zip([&first, &second]) {
        let actor = json!({"kind": "import", "reference": import["import_id"], "name": null, "line": 3});
        assert_eq!(entry["actor"], actor);
    }
}

/// A LINE ID that came with the creation is told, however it came and whatever became of it; one that came later is
/// told once.
#[tokio::test]
async fn a_creation_tells_the_line_id_that_it_was_made_with() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "ann", "native_line_id": line_id(1)})).await;
    caller.import(format!("external_id,native_line_id\nben,{}\n", line_id(2))).await.unwrap();
    put(&caller, json!({"external_id": "cyd"})).await;
    put(&caller, json!({"external_id": "cyd", "native_line_id": line_id(3)})).await;
    let told = async |id: &str| {
        let entries = entries(&caller, &user(&caller, id).await["braze_id"]).await;
        let linked = entries.into_iter().filter(|entry| entry["kind"] == "line_linked");
        linked.map(|entry| (entry["native_line_id"].clone(), entry["cause"].clone())).collect::<Vec<_>>()
    };
    let made = |number| (json!(line_id(number)), json!("it was made with this LINE ID"));
    assert_eq!(told("ann").await, [made(1)]);
    assert_eq!(told("ben").await, [made(2)]);
    assert_eq!(told("cyd").await, [(json!(line_id(3)), json!("a LINE ID was set"))]);
    // Merged into one without, and in it since: still its own past, and not the survivor's.
    put(&caller, json!({"external_id": "top"})).await;
    merge_users(&caller, "ann", "top").await;
    assert_eq!(told("top").await, [made(1)]);
}
