//! `enmusubi duplicates list|merge|parked|release|dismiss`, beside a running server.

use super::*;

async fn json_of(server: &Server, arguments: &[&str]) -> Value {
    let arguments: Vec<_> = arguments.iter().copied().chain(["--json"]).collect();
    let (code, told, complaint) = server.command(&arguments).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    serde_json::from_str(&told).unwrap()
}

async fn fill(caller: &Caller) {
    put(caller, json!({"external_id": "ann", "email": "one@example.com"})).await;
    put_anonymous(caller, "w", json!({"email": "one@example.com", "n": 1})).await;
    for id in ["ben", "cyd"] {
        put(caller, json!({"external_id": id, "email": "two@example.com"})).await;
    }
}

/// The same groups as over HTTP, and pages.
#[tokio::test]
async fn the_list_is_that_of_the_api() {
    let (server, caller) = server().await;
    fill(&caller).await;
    let listed = json_of(&server, &["duplicates", "list", "--by", "email"]).await;
    let served = groups(&caller, "by=email").await;
    for (group, other) in listed["groups"].as_array().unwrap().iter().zip(&served) {
        for name in ["value", "members", "keep", "would_merge", "guards"] {
            assert_eq!(group[name], other[name], "{name}");
        }
    }
    assert_eq!((listed["groups"].as_array().unwrap().len(), &listed["next"]), (2, &Value::Null));
    let first = json_of(&server, &["duplicates", "list", "--by", "email", "--limit", "1"]).await;
    assert_eq!(first["next"], "one@example.com");
    let second =
        json_of(&server, &["duplicates", "list", "--by", "email", "--after", "one@example.com"]).await;
    assert_eq!(second["groups"].as_array().unwrap().as_slice(), &listed["groups"].as_array().unwrap()[1..]);
    let (code, table, _) = server.command(&["duplicates", "list", "--by", "email"]).await.unwrap();
    assert!(
        code == 0 && table.contains("one@example.com") && table.contains("park: both_identified"),
        "{table}"
    );
    for arguments in [["duplicates", "list", "--by", "name"].as_slice(), &["duplicates", "merge"]] {
        assert_eq!(server.command(arguments).await.unwrap().0, 2);
    }
}

/// A rehearsal counts and writes nothing; the merge does it; parked groups are reviewed.
#[tokio::test]
async fn duplicates_are_merged_and_reviewed_on_the_command_line() {
    let (server, caller) = server().await;
    fill(&caller).await;
    let rehearsed = json_of(&server, &["duplicates", "merge", "--by", "email", "--dry-run"]).await;
    assert_eq!(counts(&rehearsed), [2, 1, 1, 1]);
    assert_eq!(groups(&caller, "by=email").await.len(), 2);
    let merged = json_of(&server, &["duplicates", "merge", "--by", "email"]).await;
    assert_eq!((&merged["state"], counts(&merged)), (&json!("complete"), [2, 1, 1, 1]));
    assert_eq!(user(&caller, "ann").await["custom_attributes"], json!({"n": 1}));
    let waiting = json_of(&server, &["duplicates", "parked"]).await;
    assert_eq!(waiting["groups"], Value::from(parked(&caller).await));
    let id = waiting["groups"][0]["id"].as_str().unwrap();
    let released = json_of(&server, &["duplicates", "release", id]).await;
    assert_eq!(
        (&released["state"], released["merge_ids"].as_array().unwrap().len()),
        (&json!("released"), 1)
    );
    assert_eq!(holders(&caller, json!({"email_address": "two@example.com"})).await, ["cyd"]);
    let (code, _, complaint) = server.command(&["duplicates", "dismiss", id]).await.unwrap();
    assert!(code == 1 && complaint.contains("no open parked group"), "{code} {complaint}");
    let (code, _, _) = server.command(&["duplicates", "release", "nothing"]).await.unwrap();
    assert_eq!(code, 2);
    // The journal names the operator.
    let path = format!("/users/{}/history", user(&caller, "ann").await["braze_id"].as_str().unwrap());
    let entries = caller.get(&path).await.unwrap().json["entries"].clone();
    let merged = entries.as_array().unwrap().iter().find(|entry| entry["kind"] == "merged").unwrap();
    assert_eq!(merged["actor"]["kind"], "operator");
}
