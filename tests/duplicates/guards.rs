//! What a rule leaves to a person: guards, common values, and the cap on how many become one.

use super::*;

async fn both(caller: &Caller, email: &str, left: Value, right: Value) {
    for (side, mut object) in [("l", left), ("r", right)] {
        object["email"] = json!(email);
        if object.get("external_id").is_none() {
            put_anonymous(caller, &format!("{side}-{email}"), object).await;
        } else {
            put(caller, object).await;
        }
    }
}

/// Each guard parks its group with its reason; `merge_identified` lifts the one about two external ids, no other.
#[tokio::test]
async fn guarded_groups_are_parked_with_their_reasons() {
    let (_server, caller) = server().await;
    both(&caller, "ids@example.com", json!({"external_id": "a1"}), json!({"external_id": "a2"})).await;
    let lines = [json!({"native_line_id": line_id(1)}), json!({"native_line_id": line_id(2)})];
    both(&caller, "line@example.com", lines[0].clone(), lines[1].clone()).await;
    both(&caller, "dob@example.com", json!({"dob": "1980-01-01"}), json!({"dob": "1990-01-01"})).await;
    let all = [
        json!({"external_id": "b1", "native_line_id": line_id(3), "dob": "1980-01-01"}),
        json!({"external_id": "b2", "native_line_id": line_id(4), "dob": "1990-01-01"}),
    ];
    both(&caller, "all@example.com", all[0].clone(), all[1].clone()).await;
    // A date that only one has is no contradiction.
    both(&caller, "free@example.com", json!({"dob": "1980-01-01"}), json!({})).await;
    let job = run(&caller, json!({"by": "email"})).await;
    assert_eq!(counts(&job), [5, 1, 1, 4]);
    let mut told: Vec<_> = parked(&caller)
        .await
        .iter()
        .map(|group| {
            assert_eq!((&group["by"], &group["state"]), (&json!("email"), &json!("open")));
            assert_eq!(group["members"].as_array().unwrap().len(), 2);
            (group["value"].as_str().unwrap().to_owned(), group["reasons"].to_string())
        })
        .collect();
    told.sort();
    let expected = [
        ("all@example.com", json!(["both_identified", "different_line_id", "different_dob"])),
        ("dob@example.com", json!(["different_dob"])),
        ("ids@example.com", json!(["both_identified"])),
        ("line@example.com", json!(["different_line_id"])),
    ];
    assert_eq!(told, expected.map(|(value, reasons)| (value.to_owned(), reasons.to_string())));
    // DUP-9
    let job = run(&caller, json!({"by": "email", "merge_identified": true})).await;
    assert_eq!(counts(&job), [4, 1, 1, 3]);
    assert_eq!(holders(&caller, json!({"email_address": "ids@example.com"})).await, ["a2"]);
    assert_eq!(holders(&caller, json!({"email_address": "all@example.com"})).await, ["b1", "b2"]);
    assert_eq!(parked(&caller).await.len(), 3, "a group that was merged waits no more");
}

/// One of three that may not be joined parks the whole group: nobody is joined half.
#[tokio::test]
async fn one_contradiction_parks_the_whole_group() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "ann", "email": "one@example.com", "dob": "1980-01-01"})).await;
    put_anonymous(&caller, "w1", json!({"email": "one@example.com"})).await;
    put_anonymous(&caller, "w2", json!({"email": "one@example.com", "dob": "1990-01-01"})).await;
    assert_eq!(counts(&run(&caller, json!({"by": "email"})).await), [1, 0, 0, 1]);
    assert_eq!(holders(&caller, json!({"email_address": "one@example.com"})).await, ["ann", "w1", "w2"]);
    // The contradiction gone, the group is merged and waits no more.
    put_anonymous(&caller, "w2", json!({"dob": null})).await;
    assert_eq!(counts(&run(&caller, json!({"by": "email"})).await), [1, 1, 2, 0]);
    assert_eq!(parked(&caller).await, Vec::<Value>::new());
}

/// Built-in junk, made-up phone numbers, and the workspace's own values join nobody.
#[tokio::test]
async fn common_values_join_nobody() {
    let (server, caller) = server().await;
    let values = [
        json!({"email": "test@test.com"}),
        json!({"email": "NoReply@Example.com"}),
        json!({"phone": "+819011111111"}),
        json!({"phone": "+819091234567"}),
        json!({"email": "shop@example.jp"}),
    ];
    for (number, value) in values.iter().enumerate() {
        for side in ["a", "b"] {
            put_anonymous(&caller, &format!("{side}{number}"), value.clone()).await;
        }
    }
    set(&server, "common_values=Shop@example.jp", async || {
        let found = groups(&caller, "by=email").await;
        found.iter().all(|group| group["would_merge"] == json!(false)).then_some(())
    })
    .await;
    for (by, count) in [("email", 3), ("phone", 2)] {
        for group in groups(&caller, &format!("by={by}")).await {
            assert_eq!(group["guards"], json!(["common_value"]), "{group}");
        }
        assert_eq!(counts(&run(&caller, json!({"by": by})).await), [count, 0, 0, count]);
    }
    assert_eq!(holders(&caller, json!({"email_address": "test@test.com"})).await, ["a0", "b0"]);
}

/// Design 5, issue item 7: more than `fold_limit` profiles within the window are not folded into one person, neither at
/// once nor bit by bit.
#[tokio::test]
async fn no_rule_folds_more_than_the_cap_into_one_person() {
    let (server, caller) = server().await;
    let join = async |from: usize, to: usize| {
        for number in from..to {
            put_anonymous(&caller, &format!("w{number:02}"), json!({"email": "one@example.com"})).await;
        }
    };
    put(&caller, json!({"external_id": "ann", "email": "one@example.com"})).await;
    // The default: ten.
    join(0, 11).await;
    assert_eq!(groups(&caller, "by=email").await[0]["guards"], json!(["too_many"]));
    assert_eq!(counts(&run(&caller, json!({"by": "email"})).await), [1, 0, 0, 1]);
    let delete = json!({"user_aliases": [alias("web", "w00")]});
    assert_eq!(caller.post("/users/delete", &delete).await.unwrap().json["deleted"], 1);
    assert_eq!(counts(&run(&caller, json!({"by": "email"})).await), [1, 1, 10, 0]);
    // The window remembers them.
    join(20, 21).await;
    assert_eq!(counts(&run(&caller, json!({"by": "email"})).await), [1, 0, 0, 1]);
    assert_eq!(parked(&caller).await[0]["reasons"], json!(["too_many"]));
    // A person who names two is only warned.
    let update = json!({"identifier_to_merge": {"user_alias": alias("web", "w20")}, "identifier_to_keep": {"external_id": "ann"}});
    let answer = caller.post("/users/merge?explain=true", &json!({"merge_updates": [update]})).await.unwrap();
    assert_eq!(answer.json["outcomes"][0]["result"], "merged", "{}", answer.text);
    join(30, 31).await;
    set(&server, "fold_limit=20", async || {
        (groups(&caller, "by=email").await[0]["would_merge"] == json!(true)).then_some(())
    })
    .await;
    assert_eq!(counts(&run(&caller, json!({"by": "email"})).await), [1, 1, 1, 0]);
}

/// A value that hundreds hold is parked unread: its members are counted, not loaded.
#[tokio::test]
async fn a_value_of_hundreds_is_parked_unread() {
    let (_server, caller) = server().await;
    for from in (0..150).step_by(50) {
        let objects: Vec<_> = (from..from + 50)
            .map(|number| json!({"external_id": format!("x{number}"), "email": "family@example.com"}))
            .collect();
        caller.track(&json!({"attributes": objects})).await.unwrap();
    }
    let found = groups(&caller, "by=email").await;
    assert_eq!(
        (&found[0]["count"], &found[0]["members"], &found[0]["guards"]),
        (&json!(150), &json!([]), &json!(["too_many"]))
    );
    assert_eq!(counts(&run(&caller, json!({"by": "email", "merge_identified": true})).await), [1, 0, 0, 1]);
}

/// A phone number that the workspace lists is one however it is written there, in the workspace's region: strangers who
/// share the shop's number stay strangers (design, section 5: one function reads phones).
#[tokio::test]
async fn a_common_phone_number_may_be_written_as_people_write_it() {
    let (_server, caller) = server().await;
    let settings = json!({"phone_region": "JP", "common_values": ["0355509876"]});
    assert_eq!(caller.patch("/workspace/settings", &settings).await.unwrap().status, 200);
    put(&caller, json!({"external_id": "ann", "phone": "03-5550-9876"})).await;
    for name in ["w1", "w2", "w3"] {
        put_anonymous(&caller, name, json!({"phone": "03-5550-9876"})).await;
    }
    assert_eq!(groups(&caller, "by=phone").await[0]["guards"], json!(["common_value"]));
    assert_eq!(counts(&run(&caller, json!({"by": "phone"})).await), [1, 0, 0, 1]);
    assert_eq!(holders(&caller, json!({"phone": "03-5550-9876"})).await, ["ann", "w1", "w2", "w3"]);
    assert_eq!(parked(&caller).await[0]["reasons"], json!(["common_value"]));
}

/// The cap holds also where the one who stays is another each time: the newest of a chain of anonymous profiles brings
/// along whoever was folded into the others.
#[tokio::test]
async fn the_cap_holds_along_a_chain_of_keepers() {
    let (_server, caller) = server().await;
    assert_eq!(caller.patch("/workspace/settings", &json!({"fold_limit": 2})).await.unwrap().status, 200);
    let mut told = Vec::new();
    for number in 0..6 {
        put_anonymous(&caller, &format!("w{number}"), json!({"email": "one@example.com"})).await;
        let job = run(&caller, json!({"by": "email"})).await;
        told.push((job["merged_profiles"].as_u64().unwrap(), job["parked_groups"].as_u64().unwrap()));
    }
    assert_eq!(told, [(0, 0), (1, 0), (1, 0), (0, 1), (0, 1), (0, 1)]);
    assert_eq!(parked(&caller).await[0]["reasons"], json!(["too_many"]));
    assert_eq!(holders(&caller, json!({"email_address": "one@example.com"})).await.len(), 4);
}
