//! Rules of sections 3.5 to 3.7, one test each; operators on arrays of objects and properties over random sequences are
//! beside.

use serde_json::{Value, from_str, json};

use super::*;

mod laws;
mod objects;

/// A document after applying `changes` to one attribute `a`.
fn after(changes: &[Value]) -> Document {
    let mut document = Document::default();
    for change in changes {
        apply_custom(&mut document, "a", change, false, &Zone::utc());
    }
    document
}

fn value(document: &Document) -> Value {
    document.get("a").map_or(Value::Null, |text| from_str(text.get()).expect("stored JSON"))
}

#[track_caller]
fn becomes(start: Value, change: Value, merge: bool, end: Value) {
    let mut document = after(&[start]);
    let before = document.clone();
    let outcome = apply_custom(&mut document, "a", &change, merge, &Zone::utc());
    assert_eq!(value(&document), end);
    let expected = if document == before { CustomOutcome::Unchanged } else { CustomOutcome::Changed };
    assert_eq!(outcome, expected);
}

#[track_caller]
fn is_dropped(start: Value, change: Value, reason: DropReason) {
    for merge in [false, true] {
        let mut document = after(std::slice::from_ref(&start));
        let before = document.clone();
        let outcome = apply_custom(&mut document, "a", &change, merge, &Zone::utc());
        assert_eq!(outcome, CustomOutcome::Dropped(reason));
        assert_eq!(document, before);
    }
}

/// `TRK-12`, `CAT-1`: every value is written at face value; dates and digits in text stay text.
#[test]
fn scalars_are_stored_at_face_value() {
    for sent in [
        json!(true),
        json!(-3),
        json!("2026-11-21"),
        json!("0130"),
        json!(" blanks "),
        json!(""),
        json!("1e3"),
    ] {
        becomes(Value::Null, sent.clone(), false, sent);
    }
    becomes(json!(1), json!("now a string"), false, json!("now a string"));
    becomes(
        Value::Null,
        from_str("12345678901234567890.50").unwrap(),
        false,
        from_str("12345678901234567890.5").unwrap(),
    );
}

/// `ATT-2`.
#[test]
fn null_removes() {
    becomes(json!(1), Value::Null, false, Value::Null);
    becomes(Value::Null, Value::Null, false, Value::Null);
}

/// Section 3.5, `OPEN-20`, `SYN-6`: characters are counted, not bytes; the old value stays.
#[test]
fn a_string_over_255_characters_leaves_the_old_value() {
    becomes(Value::Null, json!("山".repeat(255)), false, json!("山".repeat(255)));
    is_dropped(json!("old"), json!("x".repeat(256)), DropReason::StringTooLong);
    is_dropped(json!(["old"]), json!(["x".repeat(256)]), DropReason::StringTooLong);
}

/// Design, section 4.
#[test]
fn what_cannot_be_stored_alike_is_dropped() {
    is_dropped(json!("old"), json!("a\0b"), DropReason::BadValue(ValueFault::NulCharacter));
    is_dropped(json!("old"), json!(["a\0b"]), DropReason::BadValue(ValueFault::NulCharacter));
    is_dropped(json!("old"), from_str("1e999").unwrap(), DropReason::BadValue(ValueFault::NumberTooLong));
    is_dropped(json!("old"), json!({"k": {"l": "a\0"}}), DropReason::BadValue(ValueFault::NulCharacter));
}

/// `OPEN-23`, `CAT-5`: 255 characters, case-sensitive.
#[test]
fn names_have_1_to_255_characters_and_differ_by_case() {
    let mut document = Document::default();
    for (name, expected) in [
        ("山".repeat(255), CustomOutcome::Changed),
        ("x".repeat(256), CustomOutcome::Dropped(DropReason::BadName)),
        (String::new(), CustomOutcome::Dropped(DropReason::BadName)),
        ("a\0".to_owned(), CustomOutcome::Dropped(DropReason::BadName)),
        ("$serde_json::private::Number".to_owned(), CustomOutcome::Dropped(DropReason::BadName)),
        ("Tier".to_owned(), CustomOutcome::Changed),
        ("tier".to_owned(), CustomOutcome::Changed),
    ] {
        assert_eq!(apply_custom(&mut document, &name, &json!(1), false, &Zone::utc()), expected);
    }
    assert_eq!(document.len(), 3);
}

/// `CAT-3`, section 3.5.
#[test]
fn inc_adds_exactly_and_begins_at_zero() {
    becomes(Value::Null, json!({"inc": 5}), false, json!(5));
    becomes(json!(5), json!({"inc": -7}), false, json!(-2));
    becomes(json!(5), json!({"inc": 0}), false, json!(5));
    becomes(
        from_str("12345678901234567890").unwrap(),
        json!({"inc": 1}),
        false,
        from_str("12345678901234567891").unwrap(),
    );
    becomes(from_str("0.1").unwrap(), from_str(r#"{"inc":0.2}"#).unwrap(), false, from_str("0.3").unwrap());
    is_dropped(json!("5"), json!({"inc": 1}), DropReason::NotANumber);
    is_dropped(json!(5), json!({"inc": "1"}), DropReason::BadOperator);
    becomes(Value::Null, json!({"inc": 1, "ltd": 2}), false, json!({"inc": 1, "ltd": 2}));
}

/// `ARR-1`, `ARR-2`, `ARR-3`.
#[test]
fn arrays_are_sets_that_remember_their_order() {
    becomes(Value::Null, json!(["hotdog", "hotdog", "hotdog", "pizza"]), false, json!(["hotdog", "pizza"]));
    becomes(json!(["x", "y"]), json!({"add": ["z"]}), false, json!(["x", "y", "z"]));
    becomes(json!(["x", "y"]), json!({"add": ["x"]}), false, json!(["y", "x"]));
    becomes(json!(["x", "y"]), json!({"add": ["y"]}), false, json!(["x", "y"]));
    becomes(json!(["x", "y"]), json!({"remove": ["x", "q"]}), false, json!(["y"]));
    becomes(json!(["x", "y"]), json!({"remove": ["x", "y"]}), false, json!([]));
    becomes(json!(["x", "y"]), json!({"add": ["z"], "remove": ["x"]}), false, json!(["y", "z"]));
    becomes(json!(["x"]), json!({"add": ["b", "c", "b"]}), false, json!(["x", "c", "b"]));
    becomes(json!([1, "1", true]), json!({"remove": ["1"]}), false, json!([1, true]));
    becomes(Value::Null, json!([]), false, json!([]));
}

/// `ARR-4`, `ARR-6`, `OPEN-7`, `OPEN-21`.
#[test]
fn arrays_over_500_elements_lose_their_front() {
    let numbers = |range: std::ops::Range<u32>| Value::from(range.collect::<Vec<_>>());
    becomes(numbers(0..500), json!({"add": [500]}), false, numbers(1..501));
    becomes(Value::Null, numbers(0..700), false, numbers(200..700));
    becomes(numbers(0..500), json!({"add": numbers(500..1100)}), false, numbers(600..1100));
}

/// `ARR-5`: a set or an add that would pass 100 KB changes nothing.
#[test]
fn arrays_over_100_kb_leave_the_old_value() {
    let long = |count: usize| {
        Value::from((0..count).map(|n| format!("{n:03}{}", "山".repeat(250))).collect::<Vec<_>>())
    };
    becomes(Value::Null, long(130), false, long(130));
    is_dropped(json!(["old"]), long(140), DropReason::TooLarge);
    is_dropped(
        long(130),
        json!({"add": ["x".repeat(255), "y".repeat(255), "山".repeat(255), "川".repeat(255), "木".repeat(255), "z".repeat(255), "火".repeat(255), "水".repeat(255)]}),
        DropReason::TooLarge,
    );
}

/// `ARR-7`.
#[test]
fn operators_on_what_is_missing_or_no_array() {
    becomes(Value::Null, json!({"add": ["x"]}), false, json!(["x"]));
    becomes(Value::Null, json!({"add": []}), false, Value::Null);
    becomes(Value::Null, json!({"remove": ["x"]}), false, Value::Null);
    is_dropped(json!("text"), json!({"add": ["x"]}), DropReason::NotAnArray);
    is_dropped(json!([{"id": 1}]), json!({"add": ["x"]}), DropReason::NotAnArray);
    is_dropped(json!(["x"]), json!({"add": "x"}), DropReason::BadOperator);
    is_dropped(json!(["x"]), json!({"add": [{"id": 1}]}), DropReason::BadElement);
}

/// `NST-1`, `NST-12`: scalars, or objects; no mixture, no null, no array in an array.
#[test]
fn elements_of_an_array_are_of_one_sort() {
    for bad in [json!([1, null]), json!([[1]]), json!([1, {"id": 1}]), json!([{"id": 1}, "x"])] {
        is_dropped(json!(["old"]), bad, DropReason::BadElement);
    }
    is_dropped(json!(["old"]), json!([{"l": [[1]]}]), DropReason::BadElement);
}

/// `NST-3`, `NST-4`.
#[test]
fn objects_replace_or_merge_at_all_levels() {
    let old = json!({"b": {"c": 1, "d": 2}, "l": [1, 2]});
    becomes(old.clone(), json!({"b": {"c": 3}}), false, json!({"b": {"c": 3}}));
    becomes(old.clone(), json!({"b": {"c": 3}, "l": [3]}), true, json!({"b": {"c": 3, "d": 2}, "l": [3]}));
    becomes(old.clone(), json!({"b": 1}), true, json!({"b": 1, "l": [1, 2]}));
    becomes(old.clone(), json!({}), true, old.clone());
    becomes(json!("text"), json!({"b": 1}), true, json!({"b": 1}));
    becomes(old, Value::Null, true, Value::Null);
}

/// `NST-2`.
#[test]
fn keys_and_strings_in_objects_are_limited() {
    for key in ["a b", "a.b", "$a", "", &"k".repeat(256)] {
        is_dropped(json!({"old": 1}), json!({"ok": 1, key: 2}), DropReason::BadNestedValue);
        is_dropped(json!({"old": 1}), json!({"ok": {"deep": [{key: 2}]}}), DropReason::BadNestedValue);
    }
    becomes(
        Value::Null,
        json!({"k".repeat(255): "v".repeat(255)}),
        false,
        json!({"k".repeat(255): "v".repeat(255)}),
    );
    is_dropped(json!({"old": 1}), json!({"ok": {"deep": "v".repeat(256)}}), DropReason::StringTooLong);
}

/// `NST-2`, `NST-11`: 100 KB in all, also for what a merge adds up to.
#[test]
fn objects_over_100_kb_leave_the_old_value() {
    let half = |prefix: &str| {
        Value::Object((0..230).map(|n| (format!("{prefix}{n}"), json!("v".repeat(250)))).collect())
    };
    is_dropped(json!({"old": 1}), json!({"l": half("l"), "r": half("r")}), DropReason::TooLarge);
    let mut document = after(&[half("l")]);
    let before = document.clone();
    let outcome = apply_custom(&mut document, "a", &half("r"), true, &Zone::utc());
    assert_eq!(outcome, CustomOutcome::Dropped(DropReason::TooLarge));
    assert_eq!(document, before);
}

/// `NST-5`, `NST-6`, `DAT-4`: dates are marked; a bad one, or a null, drops the whole update.
#[test]
fn a_bad_date_or_null_inside_drops_the_whole_update() {
    becomes(Value::Null, json!({"b": {"$time": "1980-01-01"}}), false, json!({"b": {"$time": "1980-01-01"}}));
    becomes(Value::Null, json!({"$time": "1980-01-01"}), false, json!({"$time": "1980-01-01"}));
    let old = json!({"b": {"$time": "1980-01-01"}});
    becomes(old.clone(), json!({"b": {"$time": "1990-01-01"}}), true, json!({"b": {"$time": "1990-01-01"}}));
    becomes(old.clone(), json!({"b": {"c": 1}}), true, json!({"b": {"c": 1}}));
    for bad in [
        json!({"ok": 1, "b": {"$time": "soon"}}),
        json!({"ok": 1, "b": {"$time": null}}),
        json!({"ok": 1, "b": {"$time": 1}}),
        json!({"ok": 1, "b": {"$time": "3001-01-01"}}),
        json!({"ok": 1, "b": {"$time": "1980-01-01", "x": 1}}),
        json!({"ok": 1, "b": null}),
        json!({"ok": 1, "b": [{"c": null}]}),
        json!({"ok": 1, "b": [null]}),
    ] {
        is_dropped(old.clone(), bad, DropReason::BadNestedValue);
    }
}

/// `CAT-1`, `DAT-1`, `DAT-2`, `DAT-4`.
#[test]
fn types_are_told_from_the_stored_value() {
    for (sent, expected) in [
        (json!(false), DataType::Boolean),
        (json!(-1.5), DataType::Number),
        (json!("gold"), DataType::String),
        (json!("Mar 26 2026 06:12 PM +00:00"), DataType::String),
        (json!("3001-01-01"), DataType::String),
        (json!("20261121"), DataType::String),
        (json!("2026-11-21"), DataType::Time),
        (json!({"$time": "2026-11-21"}), DataType::Time),
        (json!([]), DataType::Array),
        (json!(["{"]), DataType::Array),
        (json!([{"id": 1}]), DataType::ObjectArray),
        (json!({"id": 1}), DataType::Object),
    ] {
        let document = after(&[sent]);
        assert_eq!(data_type(document.get("a").expect("stored")), Some(expected));
    }
    assert_eq!(DataType::ObjectArray.as_str(), "Object Array");
}
