use serde_json::json;

use super::*;
use crate::{Body, Change, Target};

fn parse(body: Value) -> TrackBatch {
    parse_track(body, &Config::default(), WorkspaceId(1)).unwrap()
}

fn only_error(object: Value) -> (String, bool) {
    let batch = parse(json!({"attributes": [object]}));
    assert_eq!(batch.errors.len(), 1);
    (batch.errors[0].message.clone(), batch.errors[0].rejected)
}

/// ID-1, TRK-9.
#[test]
fn an_object_without_identifier_is_rejected_with_its_index() {
    let batch = parse(json!({"attributes": [{"external_id": "a"}, {"first_name": "x"}]}));
    assert_eq!(batch.items.len(), 1);
    let error = &batch.errors[0];
    assert_eq!((error.array, error.index, error.rejected), (InputArray::Attributes, 1, true));
    assert_eq!(error.message, "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required");
}

/// ID-2.
#[test]
fn two_primaries_are_rejected() {
    let alias = json!({"alias_label": "l", "alias_name": "n"});
    let (message, rejected) = only_error(json!({"external_id": "a", "user_alias": alias}));
    assert_eq!(message, "only one of 'external_id', 'user_alias' or 'braze_id' may be provided");
    assert!(rejected);
}

/// ID-3, ID-4, ID-5.
#[test]
fn email_names_before_phone_and_only_without_a_primary() {
    let batch = parse(json!({"attributes": [
        {"email": "a@example.com", "phone": "+819012345678"},
        {"external_id": "x", "email": "a@example.com"},
        {"phone": "+819012345678"},
    ]}));
    assert!(matches!(batch.items[0].target, Target::Email(_)));
    assert!(matches!(batch.items[1].target, Target::ExternalId(_)));
    assert!(matches!(batch.items[2].target, Target::Phone(_)));
    let Body::Attributes(attributes) = &batch.items[1].body else { panic!("not attributes") };
    assert!(matches!(attributes.email, Some(Change::Set(_))));
}

/// ID-7, TRK-16.
#[test]
fn an_invalid_email_or_naming_phone_rejects_the_object() {
    assert!(only_error(json!({"phone": "12"})).1);
    let (message, rejected) = only_error(json!({"external_id": "a", "email": "nobody"}));
    assert_eq!(message, "The value provided for the 'email' field is not a valid email.");
    assert!(rejected);
}

/// PHN-4: where something else names the user, what is no number is told and the rest applies; in an event it is not even
/// looked at.
#[test]
fn a_blank_phone_is_left_out_and_named() {
    for phone in [json!(""), json!("  "), json!([]), json!(true), json!("1".repeat(988))] {
        let batch = parse(json!({"attributes": [{"external_id": "a", "first_name": "x", "phone": phone}]}));
        let Body::Attributes(attributes) = &batch.items[0].body else { panic!("not attributes") };
        assert_eq!((attributes.phone.is_none(), attributes.fields.len()), (true, 1), "{phone}");
        let [error] = &batch.errors[..] else { panic!("not one error") };
        assert!(!error.rejected && error.message.ends_with("the phone number was left as it was"));
        assert!(only_error(json!({"phone": phone})).1);
    }
    let event = json!({"external_id": "a", "phone": "", "email": "", "name": "e", "time": "2026-11-01"});
    let batch = parse(json!({"events": [event], "purchases": [
        {"external_id": "a", "phone": [], "product_id": "p", "currency": "JPY", "price": 1, "time": "2026-11-01"},
    ]}));
    assert_eq!((batch.items.len(), batch.errors.len()), (2, 0));
}

/// PUR-3: a whole number, also as a column of floats holds it.
#[test]
fn a_quantity_may_be_written_with_a_point() {
    let purchase = |quantity: Value| {
        parse(json!({"purchases": [{"external_id": "a", "product_id": "p", "currency": "JPY", "price": 1,
            "time": "2026-11-01", "quantity": quantity}]}))
    };
    let batch = purchase(json!(2.0));
    assert!(matches!(&batch.items[0].body, Body::Purchase(purchase) if purchase.quantity == 2));
    for bad in [json!(2.5), json!(0.0), json!(101), json!(-1), json!("2")] {
        assert_eq!(purchase(bad.clone()).errors[0].message, "'quantity' is not valid", "{bad}");
    }
}

/// PTI-1, section 2.1 (BAD_PUSH_TOKEN_IMPORT).
#[test]
fn a_push_token_import_names_nobody_and_brings_tokens() {
    let tokens = json!([{"app_id": "a", "token": "t"}]);
    for wrong in [
        json!({"push_token_import": true, "external_id": "a", "push_tokens": tokens}),
        json!({"push_token_import": true, "braze_id": "b", "push_tokens": tokens}),
        json!({"push_token_import": true, "email": "a@example.com"}),
        json!({"push_token_import": true, "push_tokens": []}),
    ] {
        assert!(only_error(wrong.clone()).0.contains("needs 'push_tokens' and must not come"), "{wrong}");
    }
    let (message, rejected) = only_error(json!({"push_token_import": true, "push_tokens": tokens}));
    assert!(message.contains("is not supported") && rejected);
}

/// TRK-2, OPEN-4.
#[test]
fn seventy_six_objects_are_too_many() {
    let objects = |count| vec![json!({"external_id": "a"}); count];
    let body = |left, right| json!({"attributes": objects(left), "events": objects(right)});
    let fault = parse_track(body(40, 36), &Config::default(), WorkspaceId(1)).unwrap_err();
    assert_eq!(fault.to_string(), "Max Input Length Exceeded");
    assert!(parse_track(body(40, 35), &Config::default(), WorkspaceId(1)).is_ok());
}

/// Design, section 5: the rest of the object applies.
#[test]
fn a_malformed_line_id_is_left_out_and_named() {
    let (message, rejected) = only_error(json!({"external_id": "a", "native_line_id": "U12", "x": 1}));
    assert_eq!(message, "'native_line_id' must be a LINE user ID ('U' and 32 lower-case hex digits)");
    assert!(!rejected);
}

/// CLI-6, CLI-5, TRK-7.
#[test]
fn integers_name_somebody_and_unknown_keys_are_tolerated() {
    let batch = parse(json!({"partner": "x", "events": [], "attributes": [{"external_id": 12}]}));
    assert_eq!(batch.items[0].target, Target::ExternalId("12".into()));
    assert_eq!(batch.sent, [Some(1), Some(0), None]);
}

/// PUR-8, EVT-1.
#[test]
fn bad_prices_quantities_and_times_are_object_errors() {
    let good = json!({"external_id": "a", "product_id": 7, "currency": "jpy", "price": 10, "time": "2024-01-01T00:00:00Z"});
    for (name, value, message) in [
        ("price", json!("x"), "'price' is not valid"),
        ("quantity", json!(101), "'quantity' is not valid"),
        ("quantity", json!(0), "'quantity' is not valid"),
        ("time", json!("soon"), "'time' must be a time in ISO 8601"),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        let batch = parse(json!({"purchases": [good.clone(), bad]}));
        assert_eq!(batch.items.len(), 1);
        assert_eq!(batch.errors[0].message, message);
    }
}
