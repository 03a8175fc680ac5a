//! `MRG-2`, `MRG-3`.

use super::*;

fn merges(body: &Value) -> Result<Vec<Merge>, IdentityFault> {
    parse_merges(body, &Settings::default())
}

fn update(merge: Value, keep: Value) -> Value {
    json!({"identifier_to_merge": merge, "identifier_to_keep": keep})
}

fn quoted(result: Result<Vec<Merge>, IdentityFault>) -> &'static str {
    match result {
        Err(IdentityFault::Quoted(text)) => text,
        other => panic!("not refused with a quoted text: {other:?}"),
    }
}

/// MRG-2, OPEN-18: any kind on either side, kinds may differ; CLI-5, CLI-6: extra keys of an alias, integer ids.
#[test]
fn each_side_is_one_identifier_of_any_kind() {
    let words = json!(["identified"]);
    let sides = [
        json!({"external_id": "a"}),
        json!({"external_id": 5}),
        json!({"user_alias": {"alias_label": "l", "alias_name": "n", "more": 1}}),
        json!({"email": "a@example.com", "prioritization": words}),
        json!({"phone": "+819012345678", "prioritization": words}),
        json!({"external_id": "a", "email": null}),
    ];
    for left in &sides {
        for right in &sides {
            let read = merges(&json!({"merge_updates": [update(left.clone(), right.clone())]})).unwrap();
            assert_eq!((read.len(), read[0].index), (1, 0));
        }
    }
    let read = merges(&json!({"merge_updates": [update(sides[1].clone(), sides[3].clone())]})).unwrap();
    assert_eq!(read[0].removed.target, Target::ExternalId("5".into()));
    assert_eq!(read[0].kept.priorities, [Priority::Identified]);
}

/// MRG-3, to the letter.
#[test]
fn the_documented_texts_are_quoted() {
    let good = update(json!({"external_id": "a"}), json!({"external_id": "b"}));
    let array = "'merge_updates' must be an array of objects";
    for body in [
        json!(null),
        json!([good]),
        json!({}),
        json!({"merge_updates": good}),
        json!({"merge_updates": []}),
        json!({"merge_updates": [good, []]}),
    ] {
        assert_eq!(quoted(merges(&body)), array);
    }
    let many = |count| json!({"merge_updates": vec![good.clone(); count]});
    assert_eq!(merges(&many(50)).unwrap().len(), 50);
    assert_eq!(quoted(merges(&many(51))), "a single request may not contain more than 50 merge updates");
    let keys = "'merge_updates' must only have 'identifier_to_merge' and 'identifier_to_keep'";
    let mut extra = good.clone();
    extra["note"] = json!(1);
    for wrong in [json!({}), json!({"identifier_to_keep": {"external_id": "a"}}), extra] {
        assert_eq!(quoted(merges(&json!({"merge_updates": [good, wrong]}))), keys);
    }
    let identifiers = "identifiers must be objects with an 'external_id' property that is a string, 'user_alias' \
                       property that is an object, 'email' property that is a string, or 'phone' property that is a string";
    for side in [
        json!(null),
        json!("a"),
        json!({}),
        json!({"external_id": null}),
        json!({"external_id": ["a"]}),
        json!({"user_alias": "l:n"}),
        json!({"email": {}, "prioritization": []}),
        json!({"phone": 81, "prioritization": []}),
        json!({"external_id": "a", "user_alias": {"alias_label": "l", "alias_name": "n"}}),
    ] {
        for wrong in
            [update(side.clone(), json!({"external_id": "b"})), update(json!({"external_id": "b"}), side)]
        {
            assert_eq!(quoted(merges(&json!({"merge_updates": [good, wrong]}))), identifiers);
        }
    }
}

/// Where no text is known ours names the element, the side and the field, and no value.
#[test]
fn other_faults_name_index_side_and_field() {
    let good = json!({"external_id": "b"});
    for (side, text) in [
        (json!({"external_id": ""}), "'external_id' must be a non-empty string"),
        (json!({"external_id": 1.5}), "'external_id' must be a non-empty string"),
        (json!({"user_alias": {}}), ObjectFault::BadUserAlias.message()),
        (json!({"email": "secret", "prioritization": []}), ObjectFault::BadEmail.message()),
        (
            json!({"phone": "secret"}),
            "'prioritization' is required with 'email' or 'phone' and must be an array",
        ),
    ] {
        for (name, wrong) in [
            ("identifier_to_merge", update(side.clone(), good.clone())),
            ("identifier_to_keep", update(good.clone(), side.clone())),
        ] {
            let fault =
                merges(&json!({"merge_updates": [update(good.clone(), good.clone()), wrong]})).unwrap_err();
            assert_eq!(fault, IdentityFault::Ours(format!("merge_updates[1].{name}: {text}")));
        }
    }
}
