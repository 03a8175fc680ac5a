use proptest::collection::btree_map;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Document;
use crate::canonicalize;

#[test]
fn untouched_attributes_are_copied_to_the_letter() {
    let stored = r#"{"a":12345678901234567890.10,"b":"é\u0001","n":{"z":[1]}}"#;
    let mut document = Document::parse(stored).unwrap();
    assert!(document.set("c", &json!(true)));
    assert_eq!(document.to_json(), r#"{"a":12345678901234567890.10,"b":"é\u0001","c":true,"n":{"z":[1]}}"#);
}

/// Design, section 4: `updated_at` does not move on a no-op, so a no-op must be told from a change.
#[test]
fn setting_and_removing_say_whether_anything_changed() {
    let mut document = Document::default();
    assert!(document.set("a", &json!("x")));
    assert!(!document.set("a", &json!("x")));
    assert!(document.set("a", &json!("y")));
    assert!(document.set("a", &Value::Null));
    assert!(!document.remove("a"));
    assert!(document.is_empty());
}

#[test]
fn debug_shows_names_and_no_values() {
    let mut document = Document::default();
    document.set("tier", &json!("secret"));
    assert_eq!(format!("{document:?}"), r#"{"tier"}"#);
}

/// What is set and read back is the value, whatever the name looks like as JSON.
#[test]
fn names_with_escapes_are_found() {
    let mut document = Document::parse(r#"{"a\"b":1,"c":2}"#).unwrap();
    assert_eq!(document.text("a\"b"), Some("1"));
    assert!(document.set("a\"b", &json!(3)));
    assert!(document.set("\n", &json!("\"")));
    assert_eq!(document.to_json(), r#"{"\n":"\"","a\"b":3,"c":2}"#);
}

/// A row that somebody wrote by hand is still one value per name.
#[test]
fn an_unsorted_document_is_put_in_order_and_the_last_of_equal_names_wins() {
    let document = Document::parse(r#"{"b":1,"a":2, "b" : [3] }"#).unwrap();
    assert_eq!(document.to_json(), r#"{"a":2,"b":[3]}"#);
    assert_eq!(document, Document::parse(r#"{"a":2,"b":[3]}"#).unwrap());
}

#[test]
fn a_clone_goes_its_own_way() {
    let mut document = Document::parse(r#"{"a":1,"b":2}"#).unwrap();
    let before = document.clone();
    assert!(document.remove("a"));
    assert_eq!(before.to_json(), r#"{"a":1,"b":2}"#);
    assert_eq!(document.to_json(), r#"{"b":2}"#);
    assert_eq!(document.iter().map(|(name, value)| (name, value.get())).collect::<Vec<_>>(), [("b", "2")]);
}

#[test]
fn what_is_no_object_is_refused() {
    for text in ["", "[]", "1", "null", "{\"a\":}", "{}{}", "{\"a\":1"] {
        assert!(Document::parse(text).is_err(), "{text}");
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~é\\n山]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map("[a-z\"\\\\]{0,3}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn parsing_what_was_written_gives_the_same_document(values in btree_map("[ -~\\x01-\\x1f山]{0,6}", any_value(), 0..8)) {
        let mut document = Document::default();
        for (name, value) in &values {
            document.set(name, &canonicalize(value.clone()).unwrap());
        }
        let text = document.to_json();
        let back = Document::parse(&text).unwrap();
        prop_assert_eq!(&back, &document);
        prop_assert_eq!(back.to_json(), text.clone());
        let as_value: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(as_value, Value::Object(values.into_iter().collect()));
    }

    /// The quick way through our own text and the library's way through any text see the same members.
    #[test]
    fn both_ways_of_reading_agree(values in btree_map("[a-c\"\\\\山]{0,3}", any_value(), 0..6)) {
        let text = Value::Object(values.into_iter().collect()).to_string();
        let spaced = text.replacen('{', "{ ", 1);
        let (quick, general) = (Document::parse(&text).unwrap(), Document::parse(&spaced).unwrap());
        prop_assert_eq!(&quick, &general);
        prop_assert_eq!(quick.to_json(), text.clone());
        prop_assert_eq!(general.to_json(), text);
    }

    #[test]
    fn no_text_makes_the_reader_fail(text in "\\{?[{}\\[\\]\":,\\\\a1é ]{0,24}") {
        if let Ok(document) = Document::parse(&text) {
            let _ = (document.to_json(), document.iter().count(), document.get("a").map(|value| value.get().len()));
        }
    }

    #[test]
    fn changes_are_those_of_a_map(
        start in btree_map("[a-d]", any_value(), 0..4),
        changes in proptest::collection::vec(("[a-e]", proptest::option::of(any_value())), 0..8),
    ) {
        let mut model = start.clone();
        let mut document = Document::parse(&Value::Object(start.into_iter().collect()).to_string()).unwrap();
        for (name, value) in changes {
            let (expected, changed) = match value {
                Some(value) => (model.insert(name.clone(), value.clone()) != Some(value.clone()), document.set(&name, &value)),
                None => (model.remove(&name).is_some(), document.remove(&name)),
            };
            prop_assert_eq!(changed, expected);
        }
        prop_assert_eq!(document.to_json(), Value::Object(model.into_iter().collect()).to_string());
    }
}
