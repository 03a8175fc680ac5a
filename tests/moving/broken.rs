//! A copy that is killed in the middle.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::postgres::Database;
use testkit::{Caller, Server};

use super::{BINARY, command, copy, on, sqlite, told};

/// Enough for some pages of every kind.
pub(crate) const PEOPLE: usize = 9_000;

pub(crate) async fn fill(caller: &Caller) {
    for chunk in 0..PEOPLE / 75 {
        let ids = (chunk * 75..(chunk + 1) * 75).map(|number| format!("c{number}"));
        let attributes: Vec<_> = ids
            .map(|id| json!({"external_id": id, "email": format!("{id}@example.com"), "tier": "gold", "n": 1.50}))
            .collect();
        caller.track(&json!({"attributes": attributes})).await.unwrap();
    }
}

/// Killed when something is there and not all; until the same command is run again no server starts, then it goes on
/// where it stood, and the two are the same. In both directions.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_killed_goes_on_and_is_not_served_before() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let from = sqlite(&data.join("enmusubi.db"));
    let mut server = Server::start(BINARY, on(&from, &data)).await.unwrap();
    fill(&server.caller()).await;
    server.terminate().await.unwrap();
    let database = Database::create().unwrap();
    kill_in_the_middle(&from, &database.url(), None, || {
        let count = database.run("SELECT count(*) FROM profiles").ok()?;
        count.parse().ok().filter(|count| *count > 0)
    });
    let refused = Server::start(BINARY, on(&database.url(), &data)).await.unwrap_err();
    assert!(format!("{refused:?}").contains("enmusubi copy"), "{refused:?}");
    let there = copy(&from, &database.url(), None);
    assert!(
        there["resumed"].as_u64() > Some(0) && there["resumed"].as_u64() < there["rows"].as_u64(),
        "{there}"
    );
    let profiles = there["tables"].as_array().unwrap().iter().find(|table| table["table"] == "profiles");
    assert_eq!(profiles.unwrap()["rows"], PEOPLE);
    // And home.
    let file = folder.path().join("back/enmusubi.db");
    std::fs::create_dir(folder.path().join("back")).unwrap();
    kill_in_the_middle(&database.url(), &sqlite(&file), Some(&data), || {
        // A file that is held for the copy cannot be read: what was written to it is seen by its size.
        let size =
            |end: &str| std::fs::metadata(format!("{}{end}", file.display())).map_or(0, |file| file.len());
        Some(size("") + size("-wal")).filter(|size| *size > 1_500_000)
    });
    let refused = Server::start(BINARY, on(&sqlite(&file), &data)).await.unwrap_err();
    assert!(format!("{refused:?}").contains("enmusubi copy"), "{refused:?}");
    let home = copy(&database.url(), &sqlite(&file), Some(&data));
    assert!(home["resumed"].as_u64() > Some(0), "{home}");
    assert_eq!(there["tables"], home["tables"]);
    let server = Server::start(BINARY, on(&sqlite(&file), &data)).await.unwrap();
    let last = format!("c{}", PEOPLE - 1);
    assert_eq!(server.caller().export(json!({"external_ids": [last]})).await.unwrap().len(), 1);
}

/// Begins a copy and kills it, `kill -9`, as soon as `is_there` sees something of it.
pub(crate) fn kill_in_the_middle(
    from: &str,
    to: &str,
    data: Option<&std::path::Path>,
    is_there: impl Fn() -> Option<u64>,
) {
    let mut command = command(from, to);
    if let Some(data) = data {
        command.arg("--data-dir").arg(data);
    }
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while is_there().is_none() {
        assert!(Instant::now() < end, "nothing was copied within a minute");
        assert_eq!(child.try_wait().unwrap(), None, "it ended before anything was seen");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(told(&output).0, -1, "it had come to its end");
}
