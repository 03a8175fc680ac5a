//! What makes two deliveries the same event.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::RawEvent;

/// Longest `webhookEventId` that is used as it is, in bytes.
const MAX_EVENT_ID: usize = 255;

/// The deduplication key of an event within its channel.
///
/// The `webhookEventId` if there is a usable one (1 to 255 bytes, no U+0000, which not every database stores). Else the
/// lower-case hex SHA-256 of the event without `deliveryContext`, the only part that differs in a redelivery; properties are
/// sorted by name first, because their order and white space are not stable. Unreadable text is hashed as it is.
pub fn event_key(event: &RawEvent) -> String {
    event.read().key
}

/// The `webhookEventId` of an event, if it can serve as a key.
pub(super) fn usable_id(event: &Value) -> Option<&str> {
    let id = event.get("webhookEventId")?.as_str()?;
    ((1..=MAX_EVENT_ID).contains(&id.len()) && !id.contains('\0')).then_some(id)
}

/// The key of an event that could be parsed.
pub(super) fn of_value(event: &Value) -> String {
    match usable_id(event) {
        Some(id) => id.to_owned(),
        None => {
            let mut canonical = String::new();
            write_canonical(event, true, &mut canonical);
            of_text(&canonical)
        }
    }
}

/// The key of a text that has no usable id: lower-case hex SHA-256.
pub(super) fn of_text(text: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Writes compact JSON with sorted names. Sorted here and not by the map type, whose order is a cargo feature that any
/// other crate could switch: keys must not depend on that.
fn write_canonical(value: &Value, outermost: bool, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> =
                map.iter().filter(|(name, _)| !(outermost && name.as_str() == "deliveryContext")).collect();
            entries.sort_by(|a, b| a.0.cmp(b.0));
            out.push('{');
            for (position, (name, inner)) in entries.into_iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write_canonical(inner, false, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (position, inner) in items.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_canonical(inner, false, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}
