use serde_json::{Value, json};

use super::{FieldReading, MAX_FIELD_CHARACTERS, read_field};
use crate::{FieldName, Fields, ObjectFault, Settings, Zone, is_reserved};

fn read(name: &str, value: Value) -> FieldReading {
    read_field(name.parse().expect("field"), &value, &Settings::default())
}

#[track_caller]
fn sets(name: &str, sent: Value, stored: Value) {
    assert_eq!(read(name, sent), FieldReading::Set(stored), "{name}");
}

#[track_caller]
fn ignores(name: &str, sent: Value) {
    assert!(
        matches!(read(name, sent), FieldReading::Ignored(reason) if reason.starts_with(&format!("'{name}'"))),
        "{name}"
    );
}

/// `ATT-2`.
#[test]
fn null_clears_every_field() {
    for name in FieldName::ALL {
        assert_eq!(read_field(*name, &Value::Null, &Settings::default()), FieldReading::Clear, "{name}");
    }
}

/// Section 3.1; `ATT-4`: no sanitising.
#[test]
fn names_are_kept_as_sent() {
    sets("first_name", json!(" <b>花子</b> "), json!(" <b>花子</b> "));
    sets("last_name", json!(""), json!(""));
    ignores("first_name", json!(1));
    ignores("home_city", json!("a\0"));
    ignores("last_name", json!("x".repeat(MAX_FIELD_CHARACTERS + 1)));
    sets("image_url", json!("山".repeat(1_024)), json!("山".repeat(1_024)));
    ignores("image_url", json!("山".repeat(1_025)));
}

/// Section 3.1; design, section 5: the written calendar date.
#[test]
fn a_date_of_birth_is_the_written_date() {
    sets("dob", json!("1980-12-21"), json!("1980-12-21"));
    sets("dob", json!("1980/12/21"), json!("1980-12-21"));
    sets("dob", json!("1980-12-21T00:00:00+09:00"), json!("1980-12-21"));
    ignores("dob", json!("21 December"));
    ignores("dob", json!(19801221));
}

/// Section 3.1, `CSV-14`: enumerations are exact.
#[test]
fn genders_are_exact() {
    for gender in ["M", "F", "O", "N", "P"] {
        sets("gender", json!(gender), json!(gender));
    }
    for gender in ["m", "male", "M ", ""] {
        ignores("gender", json!(gender));
    }
}

/// Section 3.1: no match is stored as null.
#[test]
fn countries_become_codes_and_unknown_ones_nothing() {
    sets("country", json!("Australia"), json!("AU"));
    sets("country", json!("jp"), json!("JP"));
    assert_eq!(read("country", json!("Atlantis")), FieldReading::Clear);
    ignores("country", json!(81));
}

/// Section 3.1, 3.3.
#[test]
fn unsupported_languages_and_zones_are_not_set() {
    sets("language", json!("ja"), json!("ja"));
    ignores("language", json!("xx"));
    sets("time_zone", json!("Asia/Tokyo"), json!("Asia/Tokyo"));
    sets("time_zone", json!("Eastern Time (US & Canada)"), json!("Eastern Time (US & Canada)"));
    ignores("time_zone", json!("Tokio"));
}

/// Section 3.4; design, section 5: one zone for every door.
#[test]
fn dates_become_utc_with_milliseconds() {
    let settings = Settings { time_zone: Zone::parse("Asia/Tokyo").unwrap(), ..Settings::default() };
    for name in [FieldName::DateOfFirstSession, FieldName::DateOfLastSession, FieldName::MarkedEmailAsSpamAt]
    {
        let reading = read_field(name, &json!("2026/11/21 09:00"), &settings);
        assert_eq!(reading, FieldReading::Set(json!("2026-11-21T00:00:00.000Z")));
        assert!(matches!(read_field(name, &json!("soon"), &settings), FieldReading::Ignored(_)));
    }
}

/// `CSV-12`: cells say true and false as text.
#[test]
fn flags_are_true_or_false() {
    sets("email_open_tracking_disabled", json!(true), json!(true));
    sets("email_click_tracking_disabled", json!("false"), json!(false));
    ignores("email_open_tracking_disabled", json!(1));
    ignores("email_click_tracking_disabled", json!("True"));
}

/// `BAD_LOCATION_UPDATE`.
#[test]
fn a_location_has_both_coordinates() {
    sets(
        "current_location",
        json!({"longitude": 139.70, "latitude": 35, "altitude": 3}),
        json!({"latitude": 35, "longitude": 139.7}),
    );
    for bad in [
        json!("Tokyo"),
        json!([139.7, 35.6]),
        json!({"longitude": 139.7}),
        json!({"longitude": "139.7", "latitude": "35.6"}),
        json!({"longitude": 181, "latitude": 0}),
        json!({"longitude": 0, "latitude": -90.5}),
    ] {
        assert_eq!(read("current_location", bad), FieldReading::Refused(ObjectFault::BadLocation));
    }
}

/// `BAD_PUSH_TOKEN_*`, `BAD_DEVICE_ID`.
#[test]
fn push_tokens_are_checked_one_by_one() {
    let token = json!([{"app_id": "a", "token": "t", "device_id": "12345678", "x": 1}, {"app_id": "a", "token": "u"}]);
    let kept = json!([{"app_id": "a", "device_id": "12345678", "token": "t"}, {"app_id": "a", "token": "u"}]);
    sets("push_tokens", token, kept);
    for (bad, fault) in [
        (json!("t"), ObjectFault::BadPushTokens),
        (json!(["t"]), ObjectFault::BadPushTokens),
        (json!([{"token": "t"}]), ObjectFault::BadPushTokenAppId),
        (json!([{"app_id": "a", "token": 1}]), ObjectFault::BadPushTokenString),
        (json!([{"app_id": "a"}]), ObjectFault::BadPushTokenString),
        (json!([{"app_id": "a", "token": "t", "device_id": "1234567"}]), ObjectFault::BadDeviceId),
        (json!([{"app_id": "a", "token": "t", "device_id": "1".repeat(256)}]), ObjectFault::BadDeviceId),
    ] {
        assert_eq!(read("push_tokens", bad), FieldReading::Refused(fault));
    }
}

/// Section 3.1.
#[test]
fn social_fields_keep_known_keys_of_the_right_type() {
    sets(
        "facebook",
        json!({"id": "1", "likes": ["a"], "num_friends": 3, "x": 1}),
        json!({"id": "1", "likes": ["a"], "num_friends": 3}),
    );
    sets(
        "twitter",
        json!({"id": 12345678901234567890_u64, "screen_name": "e"}),
        json!({"id": 12345678901234567890_u64, "screen_name": "e"}),
    );
    ignores("facebook", json!({"id": 1}));
    ignores("facebook", json!({}));
    ignores("twitter", json!({"followers_count": 1.5}));
    ignores("twitter", json!("e"));
}

/// `ATT-1`, `ATT-3`, `OPEN-14`, `ID-9`.
#[test]
fn reserved_names_are_never_custom_and_case_matters() {
    for name in [
        "first_name",
        "native_line_id",
        "_merge_objects",
        "email_subscription_info",
        "alias_name",
        "braze_id",
    ] {
        assert!(is_reserved(name), "{name}");
    }
    for name in ["First_Name", "tier", "", "Email", "subscription_state"] {
        assert!(!is_reserved(name), "{name}");
    }
    for name in FieldName::ALL {
        assert_eq!(FieldName::parse(name.as_str()), Some(*name));
        assert!(is_reserved(name.as_str()));
    }
}

#[test]
fn fields_are_stored_in_their_order_and_come_back() {
    let mut fields = Fields::default();
    assert!(fields.set(FieldName::Gender, &json!("F")));
    assert!(fields.set(FieldName::FirstName, &json!("花子")));
    assert!(!fields.set(FieldName::FirstName, &json!("花子")));
    assert_eq!(fields.to_json(), r#"{"first_name":"花子","gender":"F"}"#);
    assert_eq!(Fields::parse(&fields.to_json()).unwrap(), fields);
    assert_eq!(format!("{fields:?}"), r#"{"first_name", "gender"}"#);
    assert_eq!(fields.text(FieldName::Gender), Some("F"));
    assert!(fields.remove(FieldName::Gender));
    assert!(!fields.set(FieldName::Gender, &Value::Null));
    assert_eq!(fields.len(), 1);
    assert!(Fields::parse(r#"{"tier":"gold"}"#).is_err());
}

#[test]
fn numbers_in_fields_stay_exact_in_storage() {
    let stored = r#"{"current_location":{"latitude":35.658580000000001,"longitude":139.7}}"#;
    assert_eq!(Fields::parse(stored).unwrap().to_json(), stored);
}
