use serde_json::json;

use super::*;
use crate::{Filling, Settings};

mod merges;

fn identify(body: &Value) -> Result<Parsed<Identify>, IdentityFault> {
    parse_identify(body, &Settings::default())
}

fn texts(errors: &[ElementError]) -> Vec<(&'static str, u32, &str)> {
    errors.iter().map(|error| (error.array, error.index, error.message.as_str())).collect()
}

fn alias_entry(external_id: Value) -> Value {
    json!({"external_id": external_id, "user_alias": {"alias_label": "l", "alias_name": "n"}})
}

/// IDF-1: several arrays in one request, read in a fixed order, each element with its array and index.
#[test]
fn several_arrays_are_read_in_order() {
    let words = json!(["unidentified", "most_recently_updated"]);
    let body = json!({
        "phone_numbers_to_identify": [{"external_id": "c", "phone": "+819012345678", "prioritization": words}],
        "emails_to_identify": [
            {"external_id": "b", "email": " B@Example.com ", "prioritization": words},
            {"external_id": 7, "email": "b@example.com", "prioritization": []},
        ],
        "aliases_to_identify": [alias_entry(json!("a"))],
        "partner": "somebody",
    });
    let parsed = identify(&body).unwrap();
    assert!(parsed.errors.is_empty());
    let read: Vec<_> =
        parsed.items.iter().map(|item| (item.array, item.index, item.external_id.as_str())).collect();
    let expected = [
        (IdentifyArray::Aliases, 0, "a"),
        (IdentifyArray::Emails, 0, "b"),
        (IdentifyArray::Emails, 1, "7"),
        (IdentifyArray::Phones, 0, "c"),
    ];
    assert_eq!(read, expected);
    assert_eq!(parsed.items[1].who.priorities, [Priority::Unidentified, Priority::MostRecentlyUpdated]);
    // OPEN-9, PHN-1: the identifier as it is looked up.
    assert_eq!(parsed.items[1].who.target.key(), parsed.items[2].who.target.key());
    assert!(parsed.items.iter().all(|item| item.filling == Filling::Gaps));
}

/// IDF-1, section 0.1: 50 elements over all arrays.
#[test]
fn fifty_elements_in_all_are_the_most() {
    let aliases = |count: usize| vec![alias_entry(json!("a")); count];
    let emails = |count: usize| {
        vec![json!({"external_id": "b", "email": "b@example.com", "prioritization": ["identified"]}); count]
    };
    let body =
        |left, right| json!({"aliases_to_identify": aliases(left), "emails_to_identify": emails(right)});
    assert_eq!(identify(&body(20, 30)).unwrap().items.len(), 50);
    for (left, right) in [(51, 0), (0, 51), (20, 31)] {
        assert_eq!(identify(&body(left, right)).unwrap_err(), TOO_MANY_ALIASES);
    }
    // Malformed ones count as well.
    assert_eq!(identify(&json!({"aliases_to_identify": vec![json!(1); 51]})).unwrap_err(), TOO_MANY_ALIASES);
    let text = "The max number of external_ids and aliases per request was exceeded";
    assert_eq!(TOO_MANY_ALIASES.to_string(), text);
    assert_eq!(TOO_MANY_IDS.to_string(), "The max number of ids per request was exceeded");
}

/// IDF-13.
#[test]
fn merge_behavior_is_merge_or_none() {
    let with =
        |word: Value| json!({"aliases_to_identify": [alias_entry(json!("a"))], "merge_behavior": word});
    for (word, filling) in
        [(json!("merge"), Filling::Gaps), (Value::Null, Filling::Gaps), (json!("none"), Filling::Nothing)]
    {
        assert_eq!(identify(&with(word)).unwrap().items[0].filling, filling);
    }
    for word in [json!("None"), json!(""), json!(true), json!(["merge"])] {
        let fault = identify(&with(word)).unwrap_err();
        assert_eq!(fault, IdentityFault::Ours("'merge_behavior' must be 'merge' or 'none'".into()));
    }
}

/// Bodies that are wrong as a whole name the field.
#[test]
fn a_body_without_elements_is_refused() {
    let ours = |text: &str| IdentityFault::Ours(text.to_owned());
    let none = "'aliases_to_identify', 'emails_to_identify' or 'phone_numbers_to_identify' must hold at least one element";
    for body in [json!({}), json!({"aliases_to_identify": [], "emails_to_identify": null})] {
        assert_eq!(identify(&body).unwrap_err(), ours(none));
    }
    let fault = identify(&json!({"phone_numbers_to_identify": "secret"})).unwrap_err();
    assert_eq!(fault, ours("'phone_numbers_to_identify' must be an array"));
    for body in [json!(null), json!([]), json!("secret")] {
        assert_eq!(identify(&body).unwrap_err(), ours("the body must be a JSON object"));
        assert_eq!(parse_new_aliases(&body).unwrap_err(), ours("the body must be a JSON object"));
    }
    for body in [json!({}), json!({"external_ids": null}), json!({"external_ids": []})] {
        let text = "'external_ids' must be an array with at least one element";
        assert_eq!(parse_removals(&body).unwrap_err(), ours(text));
    }
}

/// Elements: each fault names its array and index, and the rest is read.
#[test]
fn faults_of_elements_are_told_and_the_rest_is_read() {
    let long = "x".repeat(988);
    let body = json!({"aliases_to_identify": [
        null,
        alias_entry(Value::Null),
        alias_entry(json!("")),
        alias_entry(json!(1.5)),
        alias_entry(json!(long)),
        alias_entry(json!("nul\u{0}")),
        {"external_id": "a"},
        {"external_id": "a", "user_alias": ["l", "n"]},
        {"external_id": "a", "user_alias": {"alias_label": "l", "alias_name": long}},
        alias_entry(json!("x".repeat(987))),
    ]});
    let parsed = identify(&body).unwrap();
    let expected = [
        ObjectFault::NotAnObject,
        ObjectFault::BadExternalId,
        ObjectFault::BadExternalId,
        ObjectFault::BadExternalId,
        ObjectFault::ExternalIdTooLong,
        ObjectFault::NulCharacter,
        ObjectFault::BadUserAlias,
        ObjectFault::BadUserAlias,
        ObjectFault::UserAliasTooLong,
    ];
    let expected: Vec<_> =
        (0..).zip(expected).map(|(index, fault)| ("aliases_to_identify", index, fault.message())).collect();
    assert_eq!(texts(&parsed.errors), expected);
    assert_eq!((parsed.items.len(), parsed.items[0].index), (1, 9));
}

/// PRI-1, PRI-2, PRI-3; ID-7 is about the look-up: an invalid number is read and finds nobody.
#[test]
fn prioritizations_are_checked() {
    let entry = |words: Value| json!({"external_id": "a", "email": "a@example.com", "prioritization": words});
    let required = "'prioritization' is required with 'email' or 'phone' and must be an array";
    let known = "'prioritization' may only hold 'identified', 'unidentified', 'most_recently_updated', 'least_recently_updated'";
    let both = "'prioritization' must not hold both 'identified' and 'unidentified'";
    let cases = [
        (Value::Null, required),
        (json!("identified"), required),
        (json!({}), required),
        (json!(["Identified"]), known),
        (json!(["identified", null]), known),
        (json!(["unidentified", "identified"]), both),
    ];
    let entries: Vec<_> = cases.iter().map(|(words, _)| entry(words.clone())).collect();
    let parsed = identify(&json!({"emails_to_identify": entries})).unwrap();
    let expected: Vec<_> =
        (0..).zip(cases).map(|(index, (_, text))| ("emails_to_identify", index, text)).collect();
    assert_eq!(texts(&parsed.errors), expected);
    let all = json!(["identified", "least_recently_updated", "most_recently_updated"]);
    let phone = json!({"external_id": "a", "phone": "12", "prioritization": all});
    let parsed = identify(&json!({"phone_numbers_to_identify": [phone]})).unwrap();
    assert_eq!(parsed.items[0].who.priorities.len(), 3);
    assert_eq!(parsed.items[0].who.target.key(), None);
}

/// Emails and phones that cannot be read.
#[test]
fn addresses_that_cannot_be_read_are_told() {
    let words = json!(["identified"]);
    let entry = |name: &str, value: Value| json!({"external_id": "a", name: value, "prioritization": words});
    let body = json!({
        "emails_to_identify": [entry("email", json!("nobody")), entry("email", json!(5)), entry("phone", json!("+81"))],
        "phone_numbers_to_identify": [entry("phone", json!(5)), entry("email", json!("a@example.com"))],
    });
    let (email, phone) = (ObjectFault::BadEmail.message(), ObjectFault::BadPhoneValue.message());
    let expected = [
        ("emails_to_identify", 0, email),
        ("emails_to_identify", 1, email),
        ("emails_to_identify", 2, email),
        ("phone_numbers_to_identify", 0, phone),
        ("phone_numbers_to_identify", 1, phone),
    ];
    assert_eq!(texts(&identify(&body).unwrap().errors), expected);
}

/// ALN-1, CLI-6: with and without external id; integers become text.
#[test]
fn new_aliases_are_read() {
    let body = json!({"user_aliases": [
        {"external_id": 5, "alias_label": "l", "alias_name": 6},
        {"alias_label": "l", "alias_name": "n", "external_id": null},
        {"external_id": "", "alias_label": "l", "alias_name": "n"},
        {"external_id": "a", "alias_label": "", "alias_name": "n"},
    ]});
    let parsed = parse_new_aliases(&body).unwrap();
    let read: Vec<_> =
        parsed.items.iter().map(|item| (item.external_id.as_deref(), &*item.alias.name)).collect();
    assert_eq!(read, [(Some("5"), "6"), (None, "n")]);
    let expected = [
        ("user_aliases", 2, ObjectFault::BadExternalId.message()),
        ("user_aliases", 3, "'alias_label' and 'alias_name' must be non-empty strings of at most 987 bytes"),
    ];
    assert_eq!(texts(&parsed.errors), expected);
}

/// ALU-1: all three are required.
#[test]
fn alias_updates_need_all_three() {
    let all = json!({"alias_label": "l", "old_alias_name": "a", "new_alias_name": "b"});
    let mut elements = vec![all.clone(), json!("secret")];
    for name in ["alias_label", "old_alias_name", "new_alias_name"] {
        let mut element = all.clone();
        element.as_object_mut().unwrap().remove(name);
        elements.push(element);
    }
    let parsed = parse_alias_updates(&json!({"alias_updates": elements})).unwrap();
    let text =
        "'alias_label', 'old_alias_name' and 'new_alias_name' must be non-empty strings of at most 987 bytes";
    let expected = [
        ("alias_updates", 1, ObjectFault::NotAnObject.message()),
        ("alias_updates", 2, text),
        ("alias_updates", 3, text),
        ("alias_updates", 4, text),
    ];
    assert_eq!(texts(&parsed.errors), expected);
    let item = &parsed.items[0];
    assert_eq!((&*item.from.label, &*item.from.name, &*item.to.name), ("l", "a", "b"));
}

/// REN-1, REM-1: the fault names the field that was sent.
#[test]
fn renames_and_removals_name_their_fields() {
    let pair = |from: Value, to: Value| json!({"current_external_id": from, "new_external_id": to});
    let long = "x".repeat(988);
    let body = json!({"external_id_renames": [
        pair(json!("a"), json!(1)), pair(json!(""), json!("b")), pair(json!("a"), Value::Null), pair(json!("a"), json!(long)), 1,
    ]});
    let parsed = parse_renames(&body).unwrap();
    assert_eq!((&*parsed.items[0].from, &*parsed.items[0].to), ("a", "1"));
    let expected = [
        ("external_id_renames", 1, "'current_external_id' must be a non-empty string"),
        ("external_id_renames", 2, "'new_external_id' must be a non-empty string"),
        ("external_id_renames", 3, "'new_external_id' must be at most 987 bytes"),
        ("external_id_renames", 4, ObjectFault::NotAnObject.message()),
    ];
    assert_eq!(texts(&parsed.errors), expected);
    let parsed = parse_removals(&json!({"external_ids": ["a", 5, "", {}]})).unwrap();
    assert_eq!(parsed.items, [(0, "a".to_owned()), (1, "5".to_owned())]);
    let bad = ObjectFault::BadExternalId.message();
    assert_eq!(texts(&parsed.errors), [("external_ids", 2, bad), ("external_ids", 3, bad)]);
}
