//! Subscription groups and states.

use serde_json::{Value, json};

use super::{about, flag, list, number, object, or_null, shared, some, success, text, time, uuid, word};

const STATES: [&str; 2] = ["subscribed", "unsubscribed"];

pub(super) fn components() -> Vec<(&'static str, Value)> {
    vec![("SubscriptionGroup", group())]
}

fn group() -> Value {
    object([
        ("subscription_group_id", uuid()),
        ("name", text()),
        ("channel", word(&["email", "sms", "whatsapp", "line"])),
        ("archived", flag()),
        ("created_at", time()),
    ])
}

fn one_or_several() -> Value {
    json!({"anyOf": [{"type": "string"}, some(50, text())]})
}

pub(crate) fn set_request() -> Value {
    object([
        ("subscription_group_id", text()),
        ("subscription_state", word(&STATES)),
        ("external_id?", one_or_several()),
        ("email?", one_or_several()),
        ("phone?", about(one_or_several(), "Not with `email`.")),
        ("use_double_opt_in_logic?", flag()),
    ])
}

pub(crate) fn set_v2_request() -> Value {
    let group = object([
        ("subscription_group_id", text()),
        ("subscription_state", word(&STATES)),
        ("external_ids?", some(50, text())),
        ("emails?", some(50, text())),
        ("phones?", about(some(50, text()), "Not with `emails`.")),
        ("use_double_opt_in_logic?", flag()),
    ]);
    object([("subscription_groups", some(50, group))])
}

pub(crate) fn set() -> Value {
    let outcome = object([
        ("subscription_group_id", uuid()),
        ("set", number()),
        ("unknown", number()),
        ("reason", or_null(text())),
    ]);
    success([("outcomes?", about(list(outcome), "With `explain=true`."))])
}

pub(crate) fn status() -> Value {
    let states = word(&["Subscribed", "Unsubscribed", "Unknown"]);
    success([(
        "status",
        about(json!({"type": "object", "additionalProperties": states}), "The state by identifier, as sent."),
    )])
}

pub(crate) fn user_groups() -> Value {
    let group = object([
        ("id", uuid()),
        ("name", text()),
        ("channel", text()),
        ("status", word(&["Subscribed", "Unsubscribed"])),
    ]);
    let user = object([
        ("email", or_null(text())),
        ("phone", or_null(text())),
        ("external_id", or_null(text())),
        ("subscription_groups", list(group)),
    ]);
    success([("users", list(user)), ("total_count", number()), ("errors", list(json!({})))])
}

pub(crate) fn new_group() -> Value {
    let name = json!({"type": "string", "minLength": 1, "maxLength": 255});
    object([("name", name), ("channel", word(&["email", "sms", "whatsapp"]))])
}

pub(crate) fn made() -> Value {
    success([("subscription_group_id", uuid())])
}

pub(crate) fn groups() -> Value {
    success([("subscription_groups", list(shared("SubscriptionGroup"))), ("next_cursor", or_null(text()))])
}

pub(crate) fn group_change() -> Value {
    object([("archived?", flag()), ("name?", text())])
}

pub(crate) fn changed() -> Value {
    json!({"allOf": [shared("SubscriptionGroup"), success([])]})
}
