//! A dry run of a merge of duplicates: outcomes field by field, and a plan that holds as long as nothing has moved.

use super::*;

async fn rehearse(caller: &Caller, rule: &Value) -> Value {
    let answer = caller.post("/users/duplicates/merge?dry_run=true", rule).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json
}

async fn apply(caller: &Caller, told: &Value, rule: &Value) -> testkit::Answer {
    let plan = told["plan"].as_str().unwrap();
    caller.post(&format!("/users/duplicates/merge?plan={plan}"), rule).await.unwrap()
}

async fn pair(caller: &Caller, email: &str) {
    put(caller, json!({"external_id": email, "email": email, "tier": "gold"})).await;
    put_anonymous(caller, email, json!({"email": email, "tier": "silver", "fav": 1})).await;
}

/// Issue 3, item 5: of the groups of the page, who would stay as it would be, and what of the others would be dropped. What
/// is parked shows nothing of the kind. Nothing is written, and the job does what was said.
#[tokio::test]
async fn a_dry_run_shows_the_result_field_by_field() {
    let (_server, caller) = server().await;
    pair(&caller, "a@example.com").await;
    pair(&caller, "b@example.com").await;
    for id in ["c1", "c2"] {
        put(&caller, json!({"external_id": id, "email": "c@example.com"})).await;
    }
    let rule = json!({"by": "email"});
    let before = user(&caller, "a@example.com").await;
    let told = rehearse(&caller, &rule).await;
    let outcomes = told["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), 3);
    for outcome in &outcomes[..2] {
        let shown = &outcome["profile"][0];
        assert_eq!(shown["custom_attributes"], json!({"tier": "gold", "fav": 1}), "{outcome}");
        assert_eq!(shown["braze_id"], outcome["keep"]);
        assert_eq!(outcome["dropped"], json!([{"field": "custom_attributes.tier", "value": "silver"}]));
    }
    assert!(outcomes[2].get("profile").is_none() && outcomes[2].get("dropped").is_none());
    assert_eq!(user(&caller, "a@example.com").await, before);
    let page = caller.post("/users/duplicates/merge?dry_run=true&limit=1", &rule).await.unwrap().json;
    assert_eq!((page["outcomes"].as_array().unwrap().len(), &page["plan"]), (1, &told["plan"]));
    let answer = apply(&caller, &told, &rule).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    ended(&caller, answer.json["job_id"].as_str().unwrap()).await;
    assert_eq!(user(&caller, "a@example.com").await["custom_attributes"], json!({"tier": "gold", "fav": 1}));
}

/// A plan rests on settings and on what was said of a group before, too: both make it stale.
#[tokio::test]
async fn a_plan_is_stale_when_a_setting_or_a_review_moved() {
    let (_server, caller) = server().await;
    let rule = json!({"by": "email"});
    pair(&caller, "a@example.com").await;
    for settings in
        [json!({"common_values": ["a@example.com"]}), json!({"common_values": null, "fold_limit": 0})]
    {
        let told = rehearse(&caller, &rule).await;
        assert_eq!(caller.patch("/workspace/settings", &settings).await.unwrap().status, 200);
        let answer = apply(&caller, &told, &rule).await;
        assert_eq!((answer.status, &answer.json["code"]), (409, &json!("plan_stale")), "{settings}");
    }
    run(&caller, rule.clone()).await;
    let group = parked(&caller).await.remove(0);
    caller.patch("/workspace/settings", &json!({"fold_limit": null})).await.unwrap();
    let told = rehearse(&caller, &rule).await;
    assert_eq!(told["outcomes"][0]["would_merge"], true);
    let path = format!("/users/duplicates/parked/{}/dismiss", group["id"].as_str().unwrap());
    assert_eq!(caller.post(&path, &json!({})).await.unwrap().status, 200);
    let answer = apply(&caller, &told, &rule).await;
    assert_eq!((answer.status, &answer.json["code"]), (409, &json!("plan_stale")));
    // Nothing moved since this one.
    let told = rehearse(&caller, &rule).await;
    assert_eq!(apply(&caller, &told, &rule).await.status, 202);
}
