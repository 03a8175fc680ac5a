//! Citus whose workers go away: what was acknowledged is there once, what failed is not there by half.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use testkit::postgres::citus::{CitusDatabase, coordinator_for};
use testkit::{Answer, Caller, Server};

use super::{BINARY, on};

const CLIENTS: usize = 8;

/// How often all connections to all workers are cut.
const CUTS: usize = 40;

/// Objects of a batch: they go to several buckets, on several workers.
const BATCH: usize = 8;

const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() \
     AND pid <> pg_backend_pid() AND backend_type = 'client backend'";

const PREPARED: &str = "SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()";

/// What an answer says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Done,
    Nothing,
    Unknown,
}

/// Success, or one of the answers after which the caller may try again.
fn said(answer: &Answer) -> Option<Said> {
    match (answer.status, answer.json["code"].as_str()) {
        (200..300, _) => Some(Said::Done),
        (503, Some("storage_unavailable" | "conflict")) => Some(Said::Nothing),
        (503, Some("outcome_unknown")) => Some(Said::Unknown),
        _ => None,
    }
}

/// What a client did, by name, and what it was told.
#[derive(Default)]
struct Record {
    batches: Vec<(String, Said)>,
    merges: Vec<(String, Said)>,
    erasures: Vec<(String, Said)>,
    counted: u64,
    slowest: Duration,
    /// Answers that nobody should get.
    odd: Vec<String>,
}

impl Record {
    async fn post(&mut self, caller: &Caller, path: &str, body: &Value) -> Said {
        self.send(caller, path, &[("content-type", "application/json")], body).await
    }

    /// With an `Idempotency-Key`, again and again until it is done: so it is done once.
    async fn surely(&mut self, caller: &Caller, key: &str, body: &Value) {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        while self.send(caller, "/users/track", &headers, body).await != Said::Done {}
    }

    /// Makes people and waits until they are seen by each of their identifiers. What a worker was cut off from between the
    /// two phases of a commit is done, and is seen when the cluster has settled it.
    async fn make(&mut self, caller: &Caller, key: &str, ids: &[String]) {
        let people: Vec<_> = ids.iter().map(|id| person(id)).collect();
        self.surely(caller, key, &json!({"attributes": people})).await;
        for id in ids {
            for by in [json!({"external_ids": [id]}), json!({"email_address": format!("{id}@example.com")})] {
                testkit::eventually("it is seen", 60, async || {
                    (caller.export(by.clone()).await.ok()?.len() == 1).then_some(())
                })
                .await
                .unwrap();
            }
        }
    }

    async fn send(&mut self, caller: &Caller, path: &str, headers: &[(&str, &str)], body: &Value) -> Said {
        let began = Instant::now();
        let answer = caller.send(path, headers, body.to_string().into_bytes()).await.unwrap();
        self.slowest = self.slowest.max(began.elapsed());
        said(&answer).unwrap_or_else(|| {
            self.odd.push(format!("{path}: {} {}", answer.status, answer.text));
            Said::Unknown
        })
    }
}

fn person(id: &str) -> Value {
    json!({"external_id": id, "email": format!("{id}@example.com"), "points": {"inc": 1}, id: true})
}

/// Writes until it is told to stop, one thing after the other, each kind in turn.
async fn write(caller: &Caller, number: usize, stop: &AtomicBool) -> Record {
    let mut record = Record::default();
    let mut round = 0;
    while !stop.load(Ordering::Relaxed) {
        let name = format!("{number}-{round}");
        round += 1;
        match (number + round) % 4 {
            0 => {
                let people: Vec<_> = (0..BATCH).map(|place| person(&format!("b{name}-{place}"))).collect();
                let told = record.post(caller, "/users/track", &json!({"attributes": people})).await;
                record.batches.push((name, told));
            }
            1 => {
                let count = json!({"external_id": "all", "points": {"inc": 1}});
                record.surely(caller, &name, &json!({"attributes": [count]})).await;
                record.counted += 1;
            }
            2 => {
                let sides = ["k", "m"].map(|side| format!("{side}{name}"));
                record.make(caller, &name, &sides).await;
                let update = json!({
                    "identifier_to_merge": {"external_id": sides[1]}, "identifier_to_keep": {"external_id": sides[0]},
                });
                let body = json!({"merge_updates": [update]});
                let told = record.post(caller, "/users/merge", &body).await;
                record.merges.push((name, told));
            }
            _ => {
                let id = format!("e{name}");
                record.make(caller, &name, std::slice::from_ref(&id)).await;
                let told = record.post(caller, "/users/delete", &json!({"external_ids": [id]})).await;
                record.erasures.push((name, told));
            }
        }
    }
    record
}

async fn found(caller: &Caller, by: Value) -> Vec<Value> {
    caller.export(by).await.unwrap()
}

/// Whether somebody is there, whole, once, by each identifier; else nobody by any.
async fn is_there(caller: &Caller, id: &str) -> bool {
    let by_id = found(caller, json!({"external_ids": [id]})).await;
    let by_email = found(caller, json!({"email_address": format!("{id}@example.com")})).await;
    assert_eq!(by_id, by_email, "{id} is there by half");
    assert!(by_id.len() < 2, "{by_id:?}");
    by_id.first().is_some_and(|user| {
        assert_eq!(user["custom_attributes"], json!({"points": 1, id: true}), "{id}");
        true
    })
}

/// Compares what is there with what the client was told; counts how often it was told what.
async fn judge(caller: &Caller, record: &Record, told: &mut [usize; 3]) {
    for (name, said) in &record.batches {
        told[*said as usize] += 1;
        let mut there = 0;
        for place in 0..BATCH {
            there += usize::from(is_there(caller, &format!("b{name}-{place}")).await);
        }
        let expected = match said {
            Said::Done => BATCH..=BATCH,
            Said::Nothing => 0..=0,
            Said::Unknown => 0..=BATCH,
        };
        assert!(expected.contains(&there), "{name}: {there} of a batch of which was said {said:?}");
    }
    for (name, said) in &record.merges {
        told[*said as usize] += 1;
        let (kept, removed) = (format!("k{name}"), format!("m{name}"));
        let users = found(caller, json!({"external_ids": [kept, removed]})).await;
        let is_one = users.len() == 1;
        if is_one {
            let both = json!({"points": 1, &kept: true, &removed: true});
            assert_eq!((&users[0]["external_id"], &users[0]["custom_attributes"]), (&json!(kept), &both));
        } else {
            assert!(is_there(caller, &kept).await && is_there(caller, &removed).await, "{name}");
        }
        assert!(*said == Said::Unknown || is_one == (*said == Said::Done), "{name}: {said:?}, {users:?}");
    }
    for (name, said) in &record.erasures {
        told[*said as usize] += 1;
        let is_there = is_there(caller, &format!("e{name}")).await;
        assert!(*said == Said::Unknown || is_there == (*said == Said::Nothing), "{name}: {said:?}");
    }
}

/// The connections of the cluster to its workers are cut again and again while eight clients write to a workspace of eight
/// buckets.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_while_workers_go_away_is_there_once() {
    let Some(coordinator) = coordinator_for("workers that go away") else { return };
    let (database, data) = (CitusDatabase::create(&coordinator).unwrap(), tempfile::tempdir().unwrap());
    let mut options = on(&database.url(), data.path());
    options.environment.push(("ENMUSUBI_BOOTSTRAP_BUCKETS".to_owned(), "8".to_owned()));
    let mut command = std::process::Command::new(BINARY);
    let output = command.args(["migrate", "--distribute", "--database", &database.url()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let server = Server::start(BINARY, options).await.unwrap();
    let caller = server.caller();
    let stop = AtomicBool::new(false);
    let cutting = async {
        let mut cut = 0;
        for _ in 0..CUTS {
            cut += tokio::task::block_in_place(|| {
                // As the cluster does by itself, once a minute.
                database.run("SELECT recover_prepared_transactions()").unwrap();
                let told = database.run_on_workers(CUT).unwrap();
                told.iter().map(|count| count.parse::<u64>().unwrap()).sum::<u64>()
            });
            tokio::task::yield_now().await;
        }
        stop.store(true, Ordering::Relaxed);
        cut
    };
    let writing = join_all((0..CLIENTS).map(|number| write(&caller, number, &stop)));
    let (records, cut) = join(writing, cutting).await;
    assert!(cut > CUTS as u64, "{cut} connections were cut");
    let odd: Vec<_> = records.iter().flat_map(|record| &record.odd).collect();
    assert!(odd.is_empty(), "{odd:?}: {}", server.log());
    testkit::eventually("it serves again, and nothing is in doubt", 30, async || {
        database.run("SELECT recover_prepared_transactions()").unwrap();
        let answer = caller.post("/users/track", &json!({"attributes": [{"external_id": "after"}]})).await;
        let doubts = database.run_on_workers(PREPARED).unwrap();
        (answer.unwrap().status == 201 && doubts.iter().all(|count| count == "0")).then_some(())
    })
    .await
    .unwrap();
    let mut told = [0; 3];
    for record in &records {
        judge(&caller, record, &mut told).await;
    }
    let counted: u64 = records.iter().map(|record| record.counted).sum();
    let all = found(&caller, json!({"external_ids": ["all"]})).await;
    assert_eq!(all[0]["custom_attributes"]["points"], counted);
    let (code, sound, _) = server.command(&["doctor"]).await.unwrap();
    assert_eq!(code, 0, "{sound}");
    let slowest = records.iter().map(|record| record.slowest).max().unwrap();
    eprintln!(
        "{cut} connections cut; {told:?} done, not done, unknown; {counted} counted; slowest {slowest:?}"
    );
}
