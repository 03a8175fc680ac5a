//! Long jobs: imports of CSV files, and merges of duplicates.

use serde_json::json;
use testkit::alias;

use super::Client;
use crate::storm::promise::Promise;

/// Imports a small file: two customers of its own, and a value of a shared one that only this client writes.
pub(super) async fn import(client: &mut Client, turn: usize) {
    let [id, _] = client.shared(turn);
    let (one, other) = (client.own("row", turn), client.own("line", turn));
    let name = format!("file_{}_{id}", client.number);
    let csv = format!("external_id,{name},row\n{one},,1\n{id},t{turn},\n{other},,2\n");
    let done = client.stage.caller(turn).import(csv).await.unwrap();
    assert_eq!((&done["status"], &done["rows_skipped"]), (&json!("Complete"), &json!(0)), "{done}");
    client.witness.set(&id, &name, json!(format!("t{turn}")));
    client.promise(Promise::user(&one, json!({"custom_attributes": {"row": 1}})));
    client.promise(Promise::user(&other, json!({"custom_attributes": {"row": 2}})));
}

/// A customer and a visitor share an address: a job makes them one. The jobs of others run beside it.
pub(super) async fn fold(client: &mut Client, turn: usize) {
    let own = client.own("pair", turn);
    let email = format!("{own}@example.com");
    let web = alias("web", &own);
    let visitor = json!({"user_alias": web, "_update_existing_only": false, "email": email, "m": turn});
    let body = json!({"attributes": [{"external_id": own, "email": email, "k": turn}, visitor]});
    client.stage.track(turn, &body).await;
    let answer = client.stage.post(turn + 1, "/users/duplicates/merge", &json!({"by": "email"})).await;
    let path = format!("/users/duplicates/jobs/{}", answer.json["job_id"].as_str().unwrap());
    let job = testkit::eventually("the job ends", 120, async || {
        let job = client.stage.get(turn, &path).await.json;
        (job["state"] != "running").then_some(job)
    });
    let job = job.await.unwrap();
    assert_eq!(job["state"], "complete", "{job}");
    let shows = json!({"external_id": own, "custom_attributes": {"k": turn, "m": turn}});
    client.promise(Promise::alias("web", &own, shows));
}
