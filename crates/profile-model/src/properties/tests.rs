use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn read(value: &Value, owner: PropertyOwner) -> Result<Option<String>, ObjectFault> {
    Ok(read_properties(value, owner)?.map(|text| text.get().to_owned()))
}

fn kept(value: &Value) -> Option<String> {
    read(value, PropertyOwner::Event).expect("accepted")
}

/// `EVT-4`, `EVT-5`.
#[test]
fn properties_are_an_object_of_any_values() {
    let value =
        json!({"s": "x", "n": 1.50, "b": true, "t": "2026-11-21", "l": [1, "a"], "o": {"p": [{"q": 1}]}});
    assert_eq!(
        kept(&value).as_deref(),
        Some(r#"{"b":true,"l":[1,"a"],"n":1.5,"o":{"p":[{"q":1}]},"s":"x","t":"2026-11-21"}"#)
    );
    assert_eq!(kept(&json!(null)), None);
    assert_eq!(kept(&json!({})), None);
    for bad in [json!([]), json!("x"), json!(1)] {
        assert_eq!(read(&bad, PropertyOwner::Event), Err(ObjectFault::BadProperties));
    }
}

/// `EVT-7`: an error for events; purchases have no reserved keys (`PUR-6`).
#[test]
fn reserved_keys_reject_an_event_and_not_a_purchase() {
    assert_eq!(read(&json!({"time": 1}), PropertyOwner::Event), Err(ObjectFault::ReservedPropertyTime));
    assert_eq!(
        read(&json!({"event_name": 1}), PropertyOwner::Event),
        Err(ObjectFault::ReservedPropertyEventName)
    );
    assert_eq!(kept(&json!({"o": {"time": 1}})).as_deref(), Some(r#"{"o":{"time":1}}"#));
    assert_eq!(read(&json!({"time": 1}), PropertyOwner::Purchase), Ok(Some(r#"{"time":1}"#.to_owned())));
}

/// `EVT-4`: names; what cannot be kept is left out alone.
#[test]
fn a_property_that_cannot_be_kept_is_left_out_alone() {
    let value: Value = serde_json::from_str(&format!(
        r#"{{"":1,"$a":1,"{}":1,"nul":"a\u0000","n\u0000":1,"none":null,"big":1e999,"ok":{{"$b":1,"c":null,"when":{{"$time":"2026-11-21"}}}}}}"#,
        "k".repeat(256)
    ))
    .unwrap();
    assert_eq!(kept(&value).as_deref(), Some(r#"{"ok":{"when":{"$time":"2026-11-21"}}}"#));
    assert_eq!(kept(&json!({"none": null})), None);
    assert!(kept(&json!({"k".repeat(255): 1})).is_some());
}

/// `EVT-5`.
#[test]
fn strings_are_cut_at_255_characters() {
    let value = json!({"a": "山".repeat(300), "l": ["x".repeat(300)]});
    let expected = json!({"a": "山".repeat(255), "l": ["x".repeat(255)]});
    assert_eq!(kept(&value), Some(expected.to_string()));
}

/// `EVT-4`.
#[test]
fn the_first_256_properties_are_kept() {
    let many: Map<String, Value> = (0..300).map(|n| (format!("p{n:03}"), json!(n))).collect();
    let kept: Map<String, Value> = serde_json::from_str(&kept(&Value::Object(many)).unwrap()).unwrap();
    assert_eq!(kept.len(), MAX_PROPERTIES);
    assert!(kept.contains_key("p255") && !kept.contains_key("p256"));
}

/// `EVT-6`, `OPEN-10`: separate limits.
#[test]
fn too_large_properties_reject_the_object() {
    let of = |count: usize| json!({"l": vec!["x".repeat(253); count]});
    assert!(read(&of(390), PropertyOwner::Event).is_ok());
    assert_eq!(read(&of(410), PropertyOwner::Event), Err(ObjectFault::EventPropertiesTooLarge));
    assert!(read(&of(195), PropertyOwner::Purchase).is_ok());
    assert_eq!(read(&of(210), PropertyOwner::Purchase), Err(ObjectFault::PurchasePropertiesTooLarge));
}

proptest! {
    #[test]
    fn reading_what_was_kept_keeps_it_all(names in proptest::collection::btree_map("[ -~]{0,4}", "[ -~山\\x00]{0,300}", 0..20)) {
        let value = Value::Object(names.into_iter().map(|(name, text)| (name, json!([text.clone(), {"k": text}]))).collect());
        if let Ok(Some(text)) = read(&value, PropertyOwner::Purchase) {
            let again: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read(&again, PropertyOwner::Purchase), Ok(Some(text)));
        }
    }
}
