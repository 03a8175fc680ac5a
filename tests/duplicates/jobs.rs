//! Merging as a long job: progress, and what a killed server left is gone on with.

use super::*;

const PAIRS: usize = 1_500;

async fn fill(caller: &Caller) {
    for from in (0..PAIRS).step_by(25) {
        let objects: Vec<_> = (from..from + 25)
            .flat_map(|number| {
                let email = format!("p{number:05}@example.com");
                let anonymous = json!({
                    "user_alias": alias("web", &format!("w{number}")), "_update_existing_only": false, "email": email,
                    "m": number,
                });
                [json!({"external_id": format!("k{number}"), "email": email, "k": number}), anonymous]
            })
            .collect();
        caller.track(&json!({"attributes": objects})).await.unwrap();
    }
}

/// `kill -9` in the middle: the next process goes on where it was; no group is done twice or left out, and the counts are
/// those of one run.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_job_is_gone_on_with() {
    let (mut server, caller) = server().await;
    fill(&caller).await;
    let answer = caller.post("/users/duplicates/merge", &json!({"by": "email"})).await.unwrap();
    let job = answer.json["job_id"].as_str().unwrap().to_owned();
    let path = format!("/users/duplicates/jobs/{job}");
    let progress = testkit::eventually("the job is in work", 20, async || {
        let shown = caller.get(&path).await.ok()?.json;
        (shown["groups"].as_u64()? > 40).then_some(shown)
    });
    let progress = progress.await.unwrap();
    server.kill9().await.unwrap();
    assert!(progress["groups"].as_u64().unwrap() < PAIRS as u64, "the job was too quick to be killed");
    server.restart().await.unwrap();
    let caller = server.caller();
    let ended = ended(&caller, &job).await;
    let all = PAIRS as u64;
    assert_eq!((&ended["state"], counts(&ended)), (&json!("complete"), [all, all, all, 0]));
    for number in (0..PAIRS).step_by(97) {
        let user = user(&caller, &format!("k{number}")).await;
        assert_eq!(user["custom_attributes"], json!({"k": number, "m": number}));
    }
    assert_eq!(groups(&caller, "by=email").await, Vec::<Value>::new());
}

/// Writes go on beside a job: they wait for a page at most, and none is lost.
#[tokio::test(flavor = "multi_thread")]
async fn writes_go_on_beside_a_job() {
    let (_server, caller) = server().await;
    fill(&caller).await;
    let started = caller.post("/users/duplicates/merge", &json!({"by": "email"})).await.unwrap();
    let path = format!("/users/duplicates/jobs/{}", started.json["job_id"].as_str().unwrap());
    let mut written = 0;
    let mut slowest = std::time::Duration::ZERO;
    let job = loop {
        let shown = caller.get(&path).await.unwrap().json;
        if shown["state"] != "running" {
            break shown;
        }
        let begun = std::time::Instant::now();
        let number = written % PAIRS;
        let objects = json!([
            {"external_id": format!("k{number}"), "beside_k": written},
            {"user_alias": alias("web", &format!("w{number}")), "beside_m": written},
        ]);
        caller.track(&json!({"attributes": objects})).await.unwrap();
        slowest = slowest.max(begun.elapsed());
        written += 1;
    };
    assert_eq!(counts(&job)[1], PAIRS as u64);
    assert!(written > 20, "{written}");
    assert!(slowest < std::time::Duration::from_secs(2), "{slowest:?}");
    for number in (0..written.min(PAIRS)).step_by(13) {
        let user = user(&caller, &format!("k{number}")).await;
        let told = &user["custom_attributes"];
        assert!(told["beside_k"].is_u64() && told["beside_m"].is_u64(), "{number}: {told}");
    }
}
