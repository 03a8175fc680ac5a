use super::*;
use crate::{
    Document, Email, GroupId, GroupState, LineUserId, MergeId, MergedSide, Phone, ProfileId, Timestamp,
};

mod identifiers;
mod states;

fn profile(number: u8) -> Profile {
    let id = ProfileId::from_bytes([number; 16]);
    Profile::new(id, Timestamp::from_millis(1_700_000_000_000 + i64::from(number)))
}

fn with_field(number: u8, name: FieldName, value: Value) -> Profile {
    let mut profile = profile(number);
    profile.fields.set(name, &value);
    profile
}

fn with_custom(number: u8, text: &str) -> Profile {
    Profile { custom: Document::parse(text).unwrap(), ..profile(number) }
}

fn dropped(combined: &Combined) -> Vec<(&str, &Value)> {
    combined.dropped.iter().map(|dropped| (dropped.field.as_str(), &dropped.value)).collect()
}

/// A value of each field that is like no other's.
fn sample(name: FieldName, which: &str) -> Value {
    match name {
        FieldName::DateOfFirstSession | FieldName::DateOfLastSession => {
            json!(if which == "k" { "2024-05-01T00:00:00.000Z" } else { "2024-06-01T00:00:00.000Z" })
        }
        FieldName::PushTokens => json!([{"app_id": "app", "token": which}]),
        _ => json!(format!("{}-{which}", name.as_str())),
    }
}

/// Section 5: every standard field, K's if set, else M's; what is not taken is told.
#[test]
fn every_field_is_the_survivors_if_it_has_one_and_else_the_others() {
    for name in FieldName::ALL {
        let (ours, theirs) = (sample(*name, "k"), sample(*name, "m"));
        let filled = combine(&profile(1), &with_field(2, *name, theirs.clone()), Filling::Gaps);
        assert_eq!(filled.profile.fields.get(*name), Some(&theirs), "{name}");
        let kept = combine(&with_field(1, *name, ours.clone()), &profile(2), Filling::Gaps);
        assert_eq!(kept.profile.fields.get(*name), Some(&ours), "{name}");
        assert!(filled.dropped.is_empty() && kept.dropped.is_empty());
        let both = combine(
            &with_field(1, *name, ours.clone()),
            &with_field(2, *name, theirs.clone()),
            Filling::Gaps,
        );
        let combines = matches!(
            name,
            FieldName::DateOfFirstSession | FieldName::DateOfLastSession | FieldName::PushTokens
        );
        if !combines {
            assert_eq!(both.profile.fields.get(*name), Some(&ours), "{name}");
            assert_eq!(dropped(&both), [(name.as_str(), &theirs)]);
        }
        let same =
            combine(&with_field(1, *name, ours.clone()), &with_field(2, *name, ours.clone()), Filling::Gaps);
        assert_eq!(same.profile.fields.get(*name), Some(&ours), "{name}");
        assert!(same.dropped.is_empty(), "{name}: what both have is not lost");
    }
}

/// MF-1: Alex and blank give Alex, Alex and Al give Al; a blank is neither taken nor told.
#[test]
fn a_blank_field_is_empty() {
    let first_name = |number, text: &str| with_field(number, FieldName::FirstName, json!(text));
    for (ours, theirs, expected, told) in
        [("", "Alex", "Alex", 0), (" \t", "Alex", "Alex", 0), ("Al", "Alex", "Al", 1), ("Al", " ", "Al", 0)]
    {
        let combined = combine(&first_name(1, ours), &first_name(2, theirs), Filling::Gaps);
        assert_eq!(combined.profile.fields.text(FieldName::FirstName), Some(expected), "{ours:?} {theirs:?}");
        assert_eq!(combined.dropped.len(), told);
    }
    let combined = combine(&profile(1), &first_name(2, " "), Filling::Gaps);
    assert_eq!(combined.profile.fields.text(FieldName::FirstName), None);
}

/// Section 5: the earlier first session, the later last one, whoever has it.
#[test]
fn sessions_span_both() {
    let (early, late) = (json!("2024-05-01T00:00:00.000Z"), json!("2024-06-01T00:00:00.000Z"));
    for (ours, theirs) in [(&early, &late), (&late, &early)] {
        for (name, expected) in
            [(FieldName::DateOfFirstSession, &early), (FieldName::DateOfLastSession, &late)]
        {
            let (kept, removed) = (with_field(1, name, ours.clone()), with_field(2, name, theirs.clone()));
            let combined = combine(&kept, &removed, Filling::Gaps);
            assert_eq!(combined.profile.fields.get(name), Some(expected));
            assert!(combined.dropped.is_empty());
        }
    }
}

/// Section 5: K's devices and M's, each token of an app once.
#[test]
fn push_tokens_are_united() {
    let tokens = |number, tokens: Value| with_field(number, FieldName::PushTokens, tokens);
    let kept = tokens(1, json!([{"app_id": "a", "token": "1"}, {"app_id": "a", "token": "2"}]));
    let removed = tokens(
        2,
        json!([{"app_id": "a", "token": "2"}, {"app_id": "b", "token": "2"}, {"app_id": "a", "token": "3"}]),
    );
    let combined = combine(&kept, &removed, Filling::Gaps);
    let expected = json!([
        {"app_id": "a", "token": "1"}, {"app_id": "a", "token": "2"}, {"app_id": "b", "token": "2"},
        {"app_id": "a", "token": "3"},
    ]);
    assert_eq!(combined.profile.fields.get(FieldName::PushTokens), Some(&expected));
    assert!(combined.dropped.is_empty());
}

/// Section 5: per name; no deep merge of objects or arrays; numbers stay as they are written.
#[test]
fn custom_attributes_are_united_by_name() {
    let kept = with_custom(1, r#"{"arr":[1],"n":1.50,"obj":{"a":1},"same":true}"#);
    let removed = with_custom(2, r#"{"arr":[2],"big":12345678901234567890.5,"obj":{"b":2},"same":true}"#);
    let combined = combine(&kept, &removed, Filling::Gaps);
    let expected = r#"{"arr":[1],"big":12345678901234567890.5,"n":1.50,"obj":{"a":1},"same":true}"#;
    assert_eq!(combined.profile.custom.to_json(), expected);
    let told = dropped(&combined);
    assert_eq!(told, [("custom_attributes.arr", &json!([2])), ("custom_attributes.obj", &json!({"b": 2}))]);
}

/// Section 5: `braze_id`, `created_at`, bucket, origin, version and earlier merges are K's.
#[test]
fn the_survivor_stays_itself() {
    let mut kept = profile(1);
    kept.version = 7;
    kept.external_id = Some("k".into());
    kept.origin = Some(crate::Actor::new("api", "key"));
    kept.merged = vec![MergedSide {
        merge: MergeId(uuid::Uuid::from_bytes([3; 16])),
        profile: ProfileId::from_bytes([4; 16]),
        how: crate::How::Merge,
        at: kept.created_at,
        undo_until: kept.created_at,
        keys: Vec::new(),
        occurred_at: Some(kept.created_at),
        survivor_occurred_at: None,
    }];
    let removed = Profile { origin: None, version: 3, ..profile(2) };
    let combined = combine(&kept, &removed, Filling::Gaps);
    assert_eq!(combined.profile, kept);
    assert!(combined.dropped.is_empty());
}

/// IDF-13: `none` moves identifiers and fills nothing; told is what the survivor has not alike.
#[test]
fn nothing_is_filled_where_that_is_wished() {
    let mut kept = with_custom(1, r#"{"same":1,"tier":"gold"}"#);
    kept.email = Email::parse("Same@Example.com");
    kept.fields.set(FieldName::FirstName, &json!("Al"));
    let mut removed = with_custom(2, r#"{"other":2,"same":1,"tier":"silver"}"#);
    removed.email = Email::parse("same@example.com");
    removed.phone = Some(Phone::parse("+819012345678", "US").phone);
    removed.line_id = Some(LineUserId::from_stored(format!("U{:032x}", 1)));
    removed.aliases = vec![Alias { label: "web".into(), name: "w".into() }];
    removed.fields.set(FieldName::FirstName, &json!("Al"));
    removed.fields.set(FieldName::LastName, &json!("Lee"));
    removed.own.email_groups.insert(GroupId(uuid::Uuid::nil()), GroupState::Subscribed);
    let combined = combine(&kept, &removed, Filling::Nothing);
    let expected = Profile { line_id: removed.line_id.clone(), aliases: removed.aliases.clone(), ..kept };
    assert_eq!(combined.profile, expected);
    let told = [
        ("phone", &json!("+819012345678")),
        ("last_name", &json!("Lee")),
        ("custom_attributes.other", &json!(2)),
        ("custom_attributes.tier", &json!("silver")),
        ("subscription_groups.00000000-0000-0000-0000-000000000000", &json!("subscribed")),
    ];
    assert_eq!(dropped(&combined), told);
}
