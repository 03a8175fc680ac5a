//! Arrays of objects: `NST-6` to `NST-12`.

use super::*;

fn pets() -> Value {
    json!([{"id": 1, "name": "Gus"}, {"id": 2, "name": "Tama"}, {"id": 2, "name": "Mike"}])
}

/// `NST-7`.
#[test]
fn add_appends_and_makes_the_array() {
    becomes(
        json!([{"id": 1}]),
        json!({"$add": [{"id": 1}, {"id": 3}]}),
        false,
        json!([{"id": 1}, {"id": 1}, {"id": 3}]),
    );
    becomes(Value::Null, json!({"$add": [{"id": 1}]}), false, json!([{"id": 1}]));
    becomes(json!([]), json!({"$add": [{"id": 1}]}), false, json!([{"id": 1}]));
}

/// `NST-9`.
#[test]
fn remove_takes_every_match() {
    let remove = json!({"$remove": [{"$identifier_key": "id", "$identifier_value": 2}]});
    becomes(pets(), remove.clone(), false, json!([{"id": 1, "name": "Gus"}]));
    becomes(Value::Null, remove, false, Value::Null);
    let by_text = json!({"$remove": [{"$identifier_key": "id", "$identifier_value": "2"}]});
    becomes(pets(), by_text, false, pets());
}

/// `NST-10`.
#[test]
fn update_overwrites_or_merges_into_the_element() {
    let update = json!({"$update": [{"$identifier_key": "id", "$identifier_value": 1, "$new_object": {"age": 3, "tag": {"n": 1}}}]});
    let rest = &pets().as_array().unwrap()[1..].to_vec();
    let with = |first: Value| Value::from([vec![first], rest.clone()].concat());
    becomes(pets(), update.clone(), false, with(json!({"age": 3, "tag": {"n": 1}})));
    becomes(pets(), update, true, with(json!({"age": 3, "id": 1, "name": "Gus", "tag": {"n": 1}})));
}

/// `NST-8`: so an upsert by remove and add takes two requests.
#[test]
fn operators_run_add_remove_update_whatever_their_order() {
    let change = json!({
        "$update": [{"$identifier_key": "id", "$identifier_value": 3, "$new_object": {"id": 4}}],
        "$remove": [{"$identifier_key": "id", "$identifier_value": 2}],
        "$add": [{"id": 2, "name": "again"}, {"id": 3}],
    });
    becomes(pets(), change, false, json!([{"id": 1, "name": "Gus"}, {"id": 4}]));
}

/// `NST-6`: one bad operand drops all operators of the attribute.
#[test]
fn one_bad_operand_drops_all() {
    for (bad, reason) in [
        (json!([{"id": null}]), DropReason::BadNestedValue),
        (json!([{"id": {"$time": "soon"}}]), DropReason::BadNestedValue),
        (json!([{"a b": 1}]), DropReason::BadNestedValue),
        (json!(["x"]), DropReason::BadElement),
        (json!({"id": 1}), DropReason::BadOperator),
    ] {
        let remove = json!([{"$identifier_key": "id", "$identifier_value": 1}]);
        is_dropped(pets(), json!({"$remove": remove, "$add": bad}), reason);
    }
    for bad in [
        json!({"$remove": [{"$identifier_key": "id"}]}),
        json!({"$remove": [{"$identifier_key": 1, "$identifier_value": 1}]}),
        json!({"$remove": [1]}),
        json!({"$update": [{"$identifier_key": "id", "$identifier_value": 1}]}),
        json!({"$add": [], "id": 1}),
        json!({"$add": [], "add": [1]}),
        json!({"$upsert": [], "$add": []}),
    ] {
        is_dropped(pets(), bad, DropReason::BadOperator);
    }
    let null_in_new = json!({"$update": [{"$identifier_key": "id", "$identifier_value": 1, "$new_object": {"name": null}}]});
    is_dropped(pets(), null_in_new, DropReason::BadNestedValue);
}

/// `NST-12`.
#[test]
fn operators_for_objects_need_an_array_of_objects() {
    is_dropped(json!(["x"]), json!({"$add": [{"id": 1}]}), DropReason::NotAnArray);
    is_dropped(json!({"id": 1}), json!({"$add": [{"id": 1}]}), DropReason::NotAnArray);
}

/// `NST-11`: no limit on their number, 100 KB in all, else the attribute stays as it was.
#[test]
fn arrays_of_objects_are_limited_by_size_alone() {
    let many = |count: u32| Value::from((0..count).map(|id| json!({ "id": id })).collect::<Vec<_>>());
    becomes(Value::Null, many(5_000), false, many(5_000));
    is_dropped(json!([{"id": 1}]), many(9_000), DropReason::TooLarge);
    is_dropped(many(5_000), json!({"$add": many(4_000)}), DropReason::TooLarge);
}

/// Numbers compare in their canonical form.
#[test]
fn identifiers_compare_by_value() {
    let remove: Value =
        from_str(r#"{"$remove":[{"$identifier_key":"id","$identifier_value":2e0}]}"#).unwrap();
    becomes(pets(), remove, false, json!([{"id": 1, "name": "Gus"}]));
}
