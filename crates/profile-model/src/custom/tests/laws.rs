//! What holds for any sequence of changes.

use std::collections::HashSet;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

fn any_scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-5_i64..5).prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from),
        Just(json!("x".repeat(256))),
        Just(json!("a\0")),
        Just(json!("2026-11-21")),
        "-?[0-9]{1,25}(\\.[0-9]{1,5})?".prop_filter_map("JSON number", |text| from_str(&text).ok()),
    ]
}

fn any_nested() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![8 => any_scalar(), 1 => Just(Value::Null), 1 => Just(json!({"$time": "1980-01-01"}))];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("[a-c]{1,2}|\\$time|a b", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_change() -> impl Strategy<Value = Value> {
    let objects = || {
        vec(btree_map("id|[ab]", any_scalar(), 0..3), 0..4).prop_map(|objects| {
            Value::from(
                objects.into_iter().map(|map| Value::Object(map.into_iter().collect())).collect::<Vec<_>>(),
            )
        })
    };
    let selector = |id: Value| json!({"$identifier_key": "id", "$identifier_value": id});
    prop_oneof![
        any_scalar(),
        any_nested(),
        vec(any_scalar(), 0..8).prop_map(Value::from),
        objects(),
        any_scalar().prop_map(|by| json!({ "inc": by })),
        (vec(any_scalar(), 0..4), vec(any_scalar(), 0..4))
            .prop_map(|(add, remove)| json!({"add": add, "remove": remove})),
        (0_u32..400, 1_u32..700)
            .prop_map(|(from, count)| json!({"add": (from..from + count).collect::<Vec<_>>()})),
        (objects(), any_scalar(), any_scalar(), any_nested()).prop_map(move |(add, gone, old, new)| {
            let mut update = selector(old);
            update["$new_object"] = new;
            json!({"$add": add, "$remove": [selector(gone)], "$update": [update]})
        }),
    ]
}

/// Whether a change is an operator, whose repetition may well change something again.
fn is_operator(change: &Value) -> bool {
    change.as_object().is_some_and(|entries| Operator::of(entries).is_some())
}

proptest! {
    #[test]
    fn limits_hold_after_any_sequence_and_dropping_changes_nothing(
        changes in vec((any_change(), any::<bool>()), 1..12),
    ) {
        let mut document = Document::default();
        for (change, merge) in &changes {
            let before = document.clone();
            let outcome = apply_custom(&mut document, "a", change, *merge, &Zone::utc());
            prop_assert_eq!(outcome == CustomOutcome::Changed, document != before);
            let Some(text) = document.get("a") else { continue };
            prop_assert!(text.get().len() <= MAX_VALUE_BYTES);
            prop_assert!(data_type(text).is_some());
            let stored = value(&document);
            prop_assert_eq!(canonicalize(stored.clone()).unwrap().to_string(), text.get());
            match &stored {
                Value::Array(items) if !items.iter().any(Value::is_object) => {
                    prop_assert!(items.len() <= MAX_ARRAY_ELEMENTS);
                    let unique: HashSet<String> = items.iter().map(Value::to_string).collect();
                    prop_assert_eq!(unique.len(), items.len());
                }
                Value::Array(items) => prop_assert!(items.iter().all(Value::is_object)),
                Value::Null => prop_assert!(false, "null is never stored"),
                _ => {}
            }
        }
    }

    /// `TRK-12`; design, section 4: a repeated set is a no-op.
    #[test]
    fn a_repeated_set_changes_nothing(start in any_change(), change in any_change(), merge in any::<bool>()) {
        prop_assume!(!is_operator(&change));
        let mut document = after(&[start]);
        let first = apply_custom(&mut document, "a", &change, merge, &Zone::utc());
        let second = apply_custom(&mut document, "a", &change, merge, &Zone::utc());
        match first {
            CustomOutcome::Dropped(_) => prop_assert_eq!(second, first),
            _ => prop_assert_eq!(second, CustomOutcome::Unchanged),
        }
    }

    #[test]
    fn adding_again_what_was_added_changes_nothing(start in vec(any_scalar(), 0..8), added in vec("[a-d]", 0..6)) {
        let mut document = after(&[Value::from(start), json!({ "add": added })]);
        let again = apply_custom(&mut document, "a", &json!({ "add": added }), false, &Zone::utc());
        prop_assert_eq!(again, CustomOutcome::Unchanged);
    }

    #[test]
    fn increments_sum_up_in_any_order(steps in vec(any::<i32>(), 1..10)) {
        let sum = |steps: &[i32]| value(&after(&steps.iter().map(|step| json!({ "inc": step })).collect::<Vec<_>>()));
        let mut reversed = steps.clone();
        reversed.reverse();
        prop_assert_eq!(sum(&steps), json!(steps.iter().map(|step| i64::from(*step)).sum::<i64>()));
        prop_assert_eq!(sum(&steps), sum(&reversed));
    }

    #[test]
    fn other_attributes_are_never_touched(change in any_change(), merge in any::<bool>()) {
        let mut document = Document::parse(r#"{"b":[1,2],"z":"x"}"#).unwrap();
        apply_custom(&mut document, "a", &change, merge, &Zone::utc());
        document.remove("a");
        prop_assert_eq!(document.to_json(), r#"{"b":[1,2],"z":"x"}"#);
    }
}
