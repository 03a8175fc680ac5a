//! Names in use, forced types, the blocklist, and settings over the API.

use super::*;

fn names(answer: &testkit::Answer, array: &str) -> Vec<String> {
    let listed = answer.json[array].as_array().unwrap().iter();
    listed.map(|one| one.as_str().or(one["name"].as_str()).unwrap().to_owned()).collect()
}

/// CAT-5, EVT-9, PUR-1, section 2.15: a name is there from its first use on, by whatever door.
#[tokio::test]
async fn names_are_listed_from_their_first_use_on() {
    let (_server, caller) = server().await;
    let time = "2026-11-01T00:00:00Z";
    caller
        .track(&json!({
            "attributes": [{
                "external_id": "a", "first_name": "not custom", "points": 3, "Tier": "gold", "since": "2024-01-01",
                "tags": ["x"], "address": {"city": "Kyoto"}, "pets": [{"name": "Tama"}], "vip": true,
            }],
            "events": [{"external_id": "a", "name": "watched", "time": time}, {"external_id": "a", "name": "Added", "time": time}],
            "purchases": [{"external_id": "a", "product_id": "tea", "currency": "JPY", "price": 5, "time": time}],
        }))
        .await
        .unwrap();
    caller.import("external_id,from_csv\nb,7\n").await.unwrap();
    let answer = caller.get("/custom_attributes").await.unwrap();
    assert_eq!((answer.status, &answer.json["message"]), (200, &json!("success")));
    assert_eq!(answer.header("link"), None);
    let told = |name: &str, data_type: &str, array_length: Value| {
        json!({
            "array_length": array_length, "data_type": data_type, "description": "", "name": name,
            "status": "Active", "tag_names": [],
        })
    };
    assert_eq!(
        answer.json["attributes"],
        json!([
            told("Tier", "String", json!(null)),
            told("address", "Object", json!(null)),
            told("from_csv", "Number", json!(null)),
            told("pets", "Object Array", json!(500)),
            told("points", "Number", json!(null)),
            told("since", "Time", json!(null)),
            told("tags", "Array", json!(500)),
            told("vip", "Boolean", json!(null)),
        ])
    );
    let events = caller.get("/events").await.unwrap();
    assert_eq!(
        events.json["events"][0],
        json!({"name": "Added", "description": "", "included_in_analytics_report": false, "status": "Active", "tag_names": []})
    );
    assert_eq!(
        caller.get("/events/list?page=0").await.unwrap().json,
        json!({"message": "success", "events": ["Added", "watched"]})
    );
    assert_eq!(caller.get("/events/list?page=1").await.unwrap().json["events"], json!([]));
    assert_eq!(
        caller.get("/purchases/product_list").await.unwrap().json,
        json!({"message": "success", "products": ["tea"]})
    );
}

/// Section 2.15: 50 a page, alphabetical, the next one in the `Link` header; 250 by page number.
#[tokio::test]
async fn lists_go_on_by_the_link_header() {
    let (_server, caller) = server().await;
    let mut wanted = Vec::new();
    for chunk in 0..4 {
        let events: Vec<_> = (0..75)
            .map(|number| json!({"external_id": "a", "name": format!("event {:03}", chunk * 75 + number), "time": "2026-11-01T00:00:00Z"}))
            .collect();
        wanted.extend(events.iter().map(|event| event["name"].as_str().unwrap().to_owned()));
        caller.track(&json!({"events": events})).await.unwrap();
    }
    let (mut found, mut path, mut pages) = (Vec::new(), "/events".to_owned(), 0);
    loop {
        let answer = caller.get(&path).await.unwrap();
        let page = names(&answer, "events");
        assert!(page.len() <= 50);
        found.extend(page);
        pages += 1;
        let links = answer.header("link").unwrap_or_default().to_owned();
        let Some(next) = links.split(", ").find(|link| link.ends_with("; rel=\"next\"")) else { break };
        let url = next.trim_start_matches('<').split('>').next().unwrap();
        path = url.strip_prefix(caller.base()).expect("an absolute URL of this server").to_owned();
    }
    assert_eq!((pages, &found), (6, &wanted));
    let first = caller.get("/events/list").await.unwrap();
    let second = caller.get("/events/list?page=1").await.unwrap();
    assert_eq!([names(&first, "events"), names(&second, "events")].concat(), wanted);
    for bad in ["/events?cursor=xx", "/events/list?page=-1", "/custom_attributes?cursor=%00"] {
        assert_eq!(caller.get(bad).await.unwrap().status, 400, "{bad}");
    }
}

/// CAT-2: coerced, or ignored; the old value stays. CAT-6: dropped without a word, from every door, and not shown. CAT-8: the statuses.
#[tokio::test]
async fn forced_types_and_the_blocklist_hold_at_every_door() {
    let (_server, caller) = server().await;
    let time = "2026-11-01T00:00:00Z";
    let before = json!({
        "attributes": [{"external_id": "a", "ssn": "kept and hidden", "points": 1}],
        "events": [{"external_id": "a", "name": "debug", "time": time}],
    });
    caller.track(&before).await.unwrap();
    let changes = json!({
        "forced_types": {"points": "Number", "vip": "Boolean"},
        "blocklist": {"attributes": ["ssn"], "events": ["debug"], "products": ["gift"]},
    });
    let answer = caller.patch("/workspace/settings", &changes).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = json!({
        "attributes": [{"external_id": "a", "points": "42", "vip": "T", "ssn": "123"}],
        "events": [{"external_id": "a", "name": "debug", "time": time}, {"external_id": "a", "name": "ok", "time": time}],
        "purchases": [{"external_id": "a", "product_id": "gift", "currency": "JPY", "price": 5, "time": time}],
    });
    let answer = caller.track(&body).await.unwrap();
    assert_eq!(
        answer.json,
        json!({"message": "success", "attributes_processed": 1, "events_processed": 2, "purchases_processed": 1})
    );
    let show = async || caller.export(json!({"external_ids": ["a"]})).await.unwrap().remove(0);
    let user = show().await;
    assert_eq!(user["custom_attributes"], json!({"points": 42, "vip": true}));
    assert_eq!(user["custom_events"].as_array().unwrap().len(), 1);
    assert_eq!(user["purchases"], json!([]));
    caller.import("external_id,points,vip,ssn\na,many,f,999\n").await.unwrap();
    assert_eq!(show().await["custom_attributes"], json!({"points": 42, "vip": false}));
    let listed = caller.get("/custom_attributes").await.unwrap();
    let status = |name: &str| {
        let all = listed.json["attributes"].as_array().unwrap();
        all.iter()
            .find(|one| one["name"] == name)
            .map(|one| (one["status"].clone(), one["data_type"].clone()))
    };
    assert_eq!(status("ssn"), Some((json!("Blocklisted"), json!("String"))));
    assert_eq!(status("vip"), Some((json!("Active"), json!("Boolean"))));
    // Unblocked, what was stored is shown again: nothing came in meanwhile.
    caller.patch("/workspace/settings", &json!({"blocklist": null})).await.unwrap();
    let user = show().await;
    assert_eq!(user["custom_attributes"], json!({"points": 42, "ssn": "kept and hidden", "vip": false}));
    assert_eq!(user["custom_events"].as_array().unwrap().len(), 2);
}

/// Settings over the API: those not named stay, a refusal names its setting and changes none.
#[tokio::test]
async fn settings_change_by_name_over_the_api() {
    let (_server, caller) = server().await;
    let answer = caller.get("/workspace/settings").await.unwrap();
    assert_eq!(answer.json["settings"]["phone_region"], "US");
    caller.patch("/workspace/settings", &json!({"phone_region": "JP"})).await.unwrap();
    for (bad, named) in [
        (json!({"time_zone": "Tokio"}), "time_zone"),
        (json!({"batch_limit": "per_array", "undo_days": -1}), "undo_days"),
        (json!({"colour": "blue"}), "colour"),
    ] {
        let answer = caller.patch("/workspace/settings", &bad).await.unwrap();
        assert_eq!((answer.status, &answer.json["code"]), (400, &json!("setting_invalid")));
        assert!(answer.json["message"].as_str().unwrap().contains(named), "{}", answer.text);
    }
    assert_eq!(caller.patch("/workspace/settings", &json!([])).await.unwrap().status, 400);
    let settings = caller.get("/workspace/settings").await.unwrap().json["settings"].clone();
    assert_eq!((&settings["phone_region"], &settings["batch_limit"]), (&json!("JP"), &json!("total")));
    // PHN-1: applied at once.
    caller.track(&json!({"attributes": [{"external_id": "p", "phone": "09012345678"}]})).await.unwrap();
    let users = caller.export(json!({"phone": "+819012345678"})).await.unwrap();
    assert_eq!(users[0]["external_id"], "p");
}
