//! Track and export.

use profile_model::{DOCUMENTED_FIELDS, LINE_FIELDS};
use serde_json::{Map, Value, json};

use super::{about, flag, list, number, object, or_null, shared, success, text, time, uuid, word};

/// The fields of an object that say whom it is about (`ID-1`).
fn identifiers() -> Vec<(&'static str, Value)> {
    vec![
        (
            "external_id?",
            about(json!({"type": ["string", "integer"], "maxLength": 987}), "Makes the user if unknown."),
        ),
        ("user_alias?", shared("UserAlias")),
        ("braze_id?", about(text(), "Only of an existing user.")),
        ("email?", about(or_null(text()), "Names the user where no other identifier does; else it is set.")),
        ("phone?", about(or_null(text()), "As email, behind it.")),
        (
            "_update_existing_only?",
            about(
                flag(),
                "`true`: nothing happens if the user is unknown. With a user alias `true` is the default.",
            ),
        ),
    ]
}

fn with_identifiers(fields: Vec<(&'static str, Value)>) -> Value {
    let all: Vec<_> = identifiers().into_iter().chain(fields).collect();
    let required: Vec<_> = all.iter().map(|(name, _)| *name).filter(|name| !name.ends_with('?')).collect();
    let properties: Map<String, Value> =
        all.iter().map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema.clone())).collect();
    json!({"type": "object", "required": required, "properties": properties})
}

pub(super) fn components() -> Vec<(&'static str, Value)> {
    vec![
        ("Attributes", attributes()),
        ("Event", event()),
        ("Purchase", purchase()),
        ("TrackRequest", track_request()),
        ("Tracked", tracked()),
        ("ExportRequest", export_request()),
        ("User", user()),
        ("LineState", line_state()),
    ]
}

fn attributes() -> Value {
    let states = word(&["opted_in", "subscribed", "unsubscribed"]);
    let membership = object([
        ("subscription_group_id", text()),
        ("subscription_state", word(&["subscribed", "unsubscribed"])),
        ("use_double_opt_in_logic?", flag()),
    ]);
    let mut schema = with_identifiers(vec![
        ("first_name?", or_null(text())),
        ("last_name?", or_null(text())),
        ("home_city?", or_null(text())),
        ("dob?", about(or_null(text()), "`YYYY-MM-DD`")),
        ("gender?", about(or_null(text()), "`M`, `F`, `O`, `N` or `P`")),
        ("country?", about(or_null(text()), "ISO 3166-1 alpha-2, or a name")),
        ("language?", or_null(text())),
        ("time_zone?", about(or_null(text()), "IANA or Rails name")),
        ("native_line_id?", about(or_null(text()), "LINE user ID: `U` and 32 lower-case hex digits")),
        ("email_subscribe?", or_null(states.clone())),
        ("push_subscribe?", or_null(states)),
        ("subscription_groups?", list(membership)),
        (
            "current_location?",
            or_null(object([
                ("longitude", json!({"type": "number"})),
                ("latitude", json!({"type": "number"})),
            ])),
        ),
        ("_merge_objects?", about(flag(), "`true`: nested objects are merged, not replaced.")),
    ]);
    schema["description"] =
        "Whom it is about, standard fields, and any other name: a custom attribute. `null` removes a value."
            .into();
    schema["additionalProperties"] = Value::Bool(true);
    schema
}

fn event() -> Value {
    with_identifiers(vec![
        ("name", text()),
        ("time", about(text(), "ISO 8601; a time in the future becomes now")),
        ("app_id?", text()),
        ("properties?", json!({"type": "object"})),
    ])
}

fn purchase() -> Value {
    with_identifiers(vec![
        ("product_id", json!({"type": ["string", "integer"]})),
        ("currency", about(text(), "ISO 4217")),
        ("price", about(json!({"type": "number"}), "Negative for a refund")),
        ("quantity?", json!({"type": "integer", "minimum": 1, "maximum": 100})),
        ("time", text()),
        ("app_id?", text()),
        ("properties?", json!({"type": "object"})),
    ])
}

fn track_request() -> Value {
    object([
        ("attributes?", list(shared("Attributes"))),
        ("events?", list(shared("Event"))),
        ("purchases?", list(shared("Purchase"))),
    ])
}

fn tracked() -> Value {
    success([
        ("attributes_processed?", about(number(), "Objects applied, if the array was sent.")),
        ("events_processed?", number()),
        ("purchases_processed?", number()),
        (
            "errors?",
            about(
                list(shared("ObjectError")),
                "Objects or values that were left out; the others are applied.",
            ),
        ),
    ])
}

/// The answer of `/users/track/sync`.
pub(crate) fn synced() -> Value {
    let user = json!({"type": "object", "description":
        "The identifier as sent, and `custom_attributes`, `custom_events` or `purchase_events` as they are now."});
    success([("users", list(user)), ("errors?", list(shared("ObjectError")))])
}

fn export_request() -> Value {
    let fields: Vec<_> = DOCUMENTED_FIELDS.iter().chain(LINE_FIELDS).collect();
    let ids = |of: Value| json!({"type": "array", "items": of, "maxItems": 50});
    object([
        ("external_ids?", ids(json!({"type": ["string", "integer"]}))),
        ("user_aliases?", ids(shared("UserAlias"))),
        ("braze_id?", text()),
        ("email_address?", text()),
        ("phone?", text()),
        ("device_id?", text()),
        ("native_line_ids?", about(ids(text()), "Ours.")),
        ("fields_to_export?", list(json!({"type": "string", "examples": fields}))),
    ])
}

/// The answer of `/users/export/ids`.
pub(crate) fn exported() -> Value {
    let merged = object([
        ("external_id", text()),
        ("survivor", object([("external_id?", or_null(text())), ("braze_id", uuid())])),
    ]);
    success([
        ("users", list(shared("User"))),
        ("invalid_user_ids?", about(list(text()), "Identifiers that nobody has.")),
        ("merged_ids?", about(list(merged), "Ids of merged profiles, and who they are part of.")),
    ])
}

fn user() -> Value {
    let occurrence = object([("name", text()), ("first", time()), ("last", time()), ("count", number())]);
    let mut schema = object([
        ("braze_id?", uuid()),
        ("external_id?", text()),
        ("user_aliases?", list(shared("UserAlias"))),
        ("created_at?", time()),
        ("first_name?", text()),
        ("last_name?", text()),
        ("email?", text()),
        ("phone?", text()),
        ("dob?", text()),
        ("country?", text()),
        ("language?", text()),
        ("time_zone?", text()),
        ("gender?", text()),
        ("home_city?", text()),
        ("last_coordinates?", list(json!({"type": "number"}))),
        ("random_bucket?", number()),
        ("total_revenue?", json!({"type": "number"})),
        ("email_subscribe?", word(&["opted_in", "subscribed", "unsubscribed"])),
        ("push_subscribe?", word(&["opted_in", "subscribed", "unsubscribed"])),
        ("custom_attributes?", json!({"type": "object"})),
        ("custom_events?", list(occurrence.clone())),
        ("purchases?", list(occurrence)),
        ("native_line_id?", text()),
        ("line?", list(shared("LineState"))),
    ]);
    schema["description"] = "What was asked for and is not empty; arrays asked for are always there.".into();
    schema
}

fn line_state() -> Value {
    object([
        ("channel_id", text()),
        ("subscription_group_id", uuid()),
        ("state", word(&["subscribed", "unsubscribed"])),
        ("changed_at", about(or_null(time()), "`null` before any event.")),
    ])
}
