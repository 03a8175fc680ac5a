//! JSON of every kind, made of words that mean something here as often as not.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Number, Value, json};

/// Names of fields and values that some route looks at.
const WORDS: &[&str] = &[
    "external_id",
    "user_alias",
    "alias_label",
    "alias_name",
    "braze_id",
    "email",
    "phone",
    "native_line_id",
    "name",
    "time",
    "product_id",
    "price",
    "quantity",
    "currency",
    "properties",
    "_update_existing_only",
    "_merge_objects",
    "subscription_groups",
    "subscription_group_id",
    "subscription_state",
    "email_subscribe",
    "country",
    "dob",
    "inc",
    "add",
    "remove",
    "$add",
    "$remove",
    "$update",
    "$identifier_key",
    "$identifier_value",
    "$new_object",
    "$time",
    "push_tokens",
    "push_token_import",
    "current_location",
    "prioritization",
    "suppress",
    "attributes",
    "events",
    "hanako",
    "taro",
    "hanako@example.com",
    "subscribed",
    "unsubscribed",
    "opted_in",
    "identified",
    "unidentified",
    "U89f4a626548ccd48482f529a482f138b",
    "+819012345678",
    "09012345678",
    "2026-01-15T09:00:00Z",
    "2026-02-30",
    "true",
    "false",
    "null",
    "0",
    "1",
    "-1",
    "1001",
    "018f0000-0000-7000-8000-000000000001",
    "release",
    "JP",
    "",
    " ",
];

/// Numbers that are easily bent.
const NUMBERS: &[&str] =
    &["12345678901234567890123", "-0", "1e400", "0.1e-300", "9223372036854775808", "-1.5", "1E2"];

/// A word, known or any.
pub(super) fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(WORDS).prop_map(str::to_owned),
        2 => ".{0,12}",
        1 => select(&["\0", "a\0b", "\u{feff}", "縁結び", "🎎", "%", "..", "/", "'", "\"", "\\"][..]).prop_map(str::to_owned),
        1 => (0_usize..1200).prop_map(|length| "x".repeat(length)),
    ]
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        (-3_i64..100).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(NUMBERS).prop_map(|text| Value::Number(text.parse::<Number>().unwrap())),
    ]
}

/// Any JSON.
pub(super) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Bytes that are mostly no JSON.
pub(super) fn raw() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        value().prop_flat_map(|value| {
            let text = value.to_string().into_bytes();
            (0..=text.len()).prop_map(move |end| text[..end].to_vec())
        }),
        (1_usize..3000).prop_map(|depth| b"[".repeat(depth)),
    ]
}

/// What happens to one place of a body.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Replace(Value),
    Remove,
    /// The last element of a list once more, or a member more.
    Add(String, Value),
}

/// Any change.
pub(super) fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => value().prop_map(Change::Replace),
        1 => Just(Change::Remove),
        3 => (word(), value()).prop_map(|(name, value)| Change::Add(name, value)),
    ]
}

impl Change {
    /// Makes the change at one of the places of the body, the root rarely.
    pub(super) fn make(&self, body: &mut Value, place: Index) {
        let mut places = Vec::new();
        collect(body, &mut String::new(), &mut places);
        let at = place.get(&places).clone();
        match self {
            Self::Replace(value) => {
                if let Some(found) = body.pointer_mut(&at) {
                    *found = value.clone();
                }
            }
            Self::Remove => remove(body, &at),
            Self::Add(name, value) => match body.pointer_mut(&at) {
                Some(Value::Object(members)) => {
                    members.insert(name.clone(), value.clone());
                }
                Some(Value::Array(list)) => {
                    let more = list.last().cloned().unwrap_or_else(|| json!({}));
                    list.push(more);
                }
                _ => {}
            },
        }
    }
}

fn remove(body: &mut Value, at: &str) {
    let Some((parent, name)) = at.rsplit_once('/') else { return };
    match body.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.remove(&name.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(list)) => {
            if let Ok(place) = name.parse::<usize>() {
                list.remove(place);
            }
        }
        _ => {}
    }
}

/// JSON pointers of all places.
fn collect(value: &Value, at: &mut String, places: &mut Vec<String>) {
    places.push(at.clone());
    let length = at.len();
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.replace('~', "~0").replace('/', "~1"), member))
            .collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(place, element)| (place.to_string(), element)).collect()
        }
        _ => Vec::new(),
    };
    for (name, child) in children {
        at.push('/');
        at.push_str(&name);
        collect(child, at, places);
        at.truncate(length);
    }
}
