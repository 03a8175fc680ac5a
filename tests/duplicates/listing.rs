//! `GET /users/duplicates`: every value that more than one profile holds.

use super::*;

/// DUP-1, DUP-8: by email, phone, and (ours) LINE ID; values in order, members whole, one keeper each.
#[tokio::test]
async fn groups_are_listed_by_each_kind_of_value() {
    let (_server, caller) = server().await;
    let objects = json!([
        {"external_id": "a", "email": "One@example.com", "phone": "+819012345670", "native_line_id": line_id(1)},
        {"external_id": "b", "email": " one@EXAMPLE.com ", "phone": "+81 90-1234-5670"},
        {"external_id": "c", "email": "two@example.com", "native_line_id": line_id(1)},
        {"external_id": "d", "email": "two@example.com"},
        {"external_id": "e", "email": "alone@example.com", "phone": "12"},
        {"external_id": "f", "phone": "12"},
    ]);
    caller.track(&json!({"attributes": objects})).await.unwrap();
    for (by, expected) in [
        ("email", vec![("one@example.com", vec!["a", "b"]), ("two@example.com", vec!["c", "d"])]),
        // What is no valid number finds nobody (PHN-4).
        ("phone", vec![("+819012345670", vec!["a", "b"])]),
        ("native_line_id", vec![("U00000000000000000000000000000001", vec!["a", "c"])]),
    ] {
        let found = groups(&caller, &format!("by={by}")).await;
        let told: Vec<_> = found
            .iter()
            .map(|group| {
                let members = group["members"].as_array().unwrap();
                let mut ids: Vec<_> =
                    members.iter().map(|member| member["external_id"].as_str().unwrap()).collect();
                ids.sort_unstable();
                (group["value"].as_str().unwrap(), ids)
            })
            .collect();
        assert_eq!(told, expected, "{by}");
        for group in &found {
            let keep = group["members"]
                .as_array()
                .unwrap()
                .iter()
                .find(|member| member["braze_id"] == group["keep"]);
            assert!(keep.is_some_and(|member| member["updated_at"].is_string()), "{group}");
            assert_eq!((&group["would_merge"], &group["reason"]), (&json!(false), &json!("both_identified")));
        }
    }
}

/// Pages by cursor are the whole list, in order.
#[tokio::test]
async fn pages_make_up_the_whole_list() {
    let (_server, caller) = server().await;
    for number in 0..7 {
        let objects: Vec<_> = ["a", "b"]
            .map(|side| json!({"external_id": format!("{side}{number}"), "email": format!("p{number}@example.com")}))
            .into();
        caller.track(&json!({"attributes": objects})).await.unwrap();
    }
    let all = groups(&caller, "by=email").await;
    assert_eq!(all.len(), 7);
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = caller.get(&format!("/users/duplicates?by=email&limit=3{cursor}")).await.unwrap().json;
        paged.extend(page["groups"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, all);
}

/// What cannot be read is 400 `field_invalid`; jobs and parked groups that are not there are 404.
#[tokio::test]
async fn malformed_rules_are_refused() {
    let (_server, caller) = server().await;
    for query in ["", "by=name", "by=email&keep=first", "by=email&order=up", "by=email&merge_identified=1"] {
        let answer = caller.get(&format!("/users/duplicates?{query}")).await.unwrap();
        assert_eq!((answer.status, &answer.json["code"]), (400, &json!("field_invalid")), "{query}");
    }
    for body in
        [json!({}), json!({"by": "email", "keep": 1}), json!({"by": "email", "merge_identified": "yes"})]
    {
        let answer = caller.post("/users/duplicates/merge", &body).await.unwrap();
        assert_eq!((answer.status, &answer.json["code"]), (400, &json!("field_invalid")), "{body}");
    }
    for id in ["nothing", "00000000-0000-4000-8000-000000000000"] {
        let job = caller.get(&format!("/users/duplicates/jobs/{id}")).await.unwrap();
        assert_eq!((job.status, &job.json["code"]), (404, &json!("job_unknown")));
        let path = format!("/users/duplicates/parked/{id}/release");
        let group = caller.post(&path, &json!({})).await.unwrap();
        assert_eq!((group.status, &group.json["code"]), (404, &json!("parked_unknown")));
    }
}
