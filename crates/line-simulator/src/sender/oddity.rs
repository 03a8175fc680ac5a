//! Making events odd (line.md H5).

use serde_json::{Value, json};

use crate::verbs::Oddness;

/// Four minutes, the skew the product must bear.
const SKEW_MS: i64 = 240_000;

/// Applies what concerns events to each of them; what concerns the request is left to others.
pub(super) fn spoil(events: &mut [Value], odd: &[Oddness]) {
    for oddness in odd {
        if *oddness == Oddness::Reversed {
            events.reverse();
        }
        for event in events.iter_mut().filter(|event| event.is_object()) {
            spoil_one(event, *oddness);
        }
    }
}

fn spoil_one(event: &mut Value, oddness: Oddness) {
    let kind = event["type"].as_str().unwrap_or_default().to_owned();
    match oddness {
        Oddness::UnknownType => event["type"] = Value::from("somethingNew"),
        Oddness::UnknownMessageType => {
            event["type"] = Value::from("message");
            event["message"] = json!({"type":"hologram","id":"590000000000000001"});
        }
        Oddness::UnknownSourceType => event["source"]["type"] = Value::from("planet"),
        Oddness::MissingSource => remove(event, "source"),
        Oddness::MissingUser => remove(&mut event["source"], "userId"),
        Oddness::MissingEventId => remove(event, "webhookEventId"),
        Oddness::MissingDeliveryContext => remove(event, "deliveryContext"),
        Oddness::MissingDetail => {
            remove(event, "replyToken");
            remove(event, &kind);
        }
        Oddness::NullValues => {
            for name in ["mode", "replyToken", "deliveryContext", kind.as_str()] {
                event[name] = Value::Null;
            }
        }
        Oddness::Standby => {
            event["mode"] = Value::from("standby");
            remove(event, "replyToken");
        }
        Oddness::ModuleId => {
            if let Some(id) = event["source"]["userId"].as_str().filter(|id| id.starts_with('U')) {
                event["source"]["userId"] = Value::from(format!("L{id}-{id}"));
            }
        }
        Oddness::ExtraFields => {
            event["addedByLine"] = json!({"deep":[1, {"er": null}]});
            event["source"]["addedByLine"] = Value::from(1.5);
        }
        Oddness::ClockAhead => shift(event, SKEW_MS),
        Oddness::ClockBehind => shift(event, -SKEW_MS),
        Oddness::Reversed
        | Oddness::WrongSecret
        | Oddness::OldSecret
        | Oddness::MissingSignature
        | Oddness::EmptySignature
        | Oddness::ForeignDestination
        | Oddness::Duplicate
        | Oddness::Concurrent => {}
    }
}

fn remove(of: &mut Value, name: &str) {
    if let Some(object) = of.as_object_mut() {
        object.remove(name);
    }
}

fn shift(event: &mut Value, by_ms: i64) {
    if let Some(at) = event["timestamp"].as_i64() {
        event["timestamp"] = Value::from(at + by_ms);
    }
}
