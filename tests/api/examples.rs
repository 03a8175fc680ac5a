//! The documented examples under `fixtures/api` (their README says what each is after).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Names of the cases in a folder, and the folder.
fn cases(folder: &str) -> (PathBuf, BTreeSet<String>) {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/api")).join(folder);
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names = files.map(|name| name.to_str().unwrap().split('.').next().unwrap().to_owned()).collect();
    (folder, names)
}

/// TRK-2 to TRK-10 and the value rules that the cases name: the whole answer, and the users as read afterwards.
#[tokio::test]
async fn documented_track_requests_get_their_answers() {
    let (_server, caller) = super::server().await;
    let (folder, cases) = cases("track");
    assert!(cases.len() > 20, "{cases:?}");
    let mut wrong = Vec::new();
    for case in cases {
        let file = |kind: &str| folder.join(format!("{case}.{kind}.json"));
        let expected = read(&file("response"));
        let answer = caller.post("/users/track", &read(&file("request"))).await.unwrap();
        if expected["status"] != answer.status || expected["body"] != answer.json {
            wrong.push(format!("{case}: {} {}", answer.status, answer.text));
        }
        if file("users").exists() {
            let reading = read(&file("users"));
            let answer = caller.post("/users/export/ids", &reading["request"]).await.unwrap();
            if reading["users"] != answer.json["users"] {
                wrong.push(format!("{case}: {}", answer.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
