//! Properties of events and purchases (`EVT-4`..`EVT-7`, `PUR-6`).

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::custom::is_too_long;
use crate::{MAX_DEPTH, MAX_NAME_CHARACTERS, MAX_STRING_CHARACTERS, ObjectFault, canonical};

/// Most properties that are kept (`EVT-4`).
pub const MAX_PROPERTIES: usize = 256;

/// Whose properties they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PropertyOwner {
    /// Of a custom event: reserved keys, 100 KB.
    Event,
    /// Of a purchase: no reserved keys, 50 KB (`OPEN-10`).
    Purchase,
}

impl PropertyOwner {
    /// Most bytes of the JSON text that is kept (`EVT-6`, `OPEN-10`).
    #[must_use]
    pub const fn max_bytes(self) -> usize {
        match self {
            Self::Event => 100 * 1_024,
            Self::Purchase => 50 * 1_024,
        }
    }
}

/// Reads `properties` to the canonical JSON text that is stored; `None` if nothing is left to store.
///
/// A property that cannot be kept is left out and the others stay: a name that is empty, over 255 characters or begins
/// with `$`; a null; text with U+0000; a number with too many digits. Strings over 255 characters are cut there, as
/// clients of the API do before sending (an event happens once: a cut value is worth more than none, while an attribute
/// has an old value to keep). Over 256 properties the first by byte order of their names stay.
///
/// # Errors
/// The whole object is rejected if it is no JSON object, holds a reserved key (`EVT-7`) or is too large (`EVT-6`).
pub fn read_properties(value: &Value, owner: PropertyOwner) -> Result<Option<Box<RawValue>>, ObjectFault> {
    let entries = match value {
        Value::Null => return Ok(None),
        Value::Object(entries) => entries,
        _ => return Err(ObjectFault::BadProperties),
    };
    if owner == PropertyOwner::Event {
        if entries.contains_key("time") {
            return Err(ObjectFault::ReservedPropertyTime);
        }
        if entries.contains_key("event_name") {
            return Err(ObjectFault::ReservedPropertyEventName);
        }
    }
    let kept: Map<String, Value> = keepable(entries, MAX_DEPTH).take(MAX_PROPERTIES).collect();
    if kept.is_empty() {
        return Ok(None);
    }
    let text = serde_json::value::to_raw_value(&kept).map_err(|_| ObjectFault::BadProperties)?;
    if text.get().len() > owner.max_bytes() {
        return Err(match owner {
            PropertyOwner::Event => ObjectFault::EventPropertiesTooLarge,
            PropertyOwner::Purchase => ObjectFault::PurchasePropertiesTooLarge,
        });
    }
    Ok(Some(text))
}

/// The entries of an object that can be stored, in their stored form. `$time` marks a date inside an object (`NST-5`).
fn keepable(entries: &Map<String, Value>, depth: usize) -> impl Iterator<Item = (String, Value)> {
    entries.iter().filter_map(move |(name, value)| {
        let named = !name.is_empty()
            && (!name.starts_with('$') || (name == "$time" && depth < MAX_DEPTH))
            && !name.contains('\0')
            && !is_too_long(name, MAX_NAME_CHARACTERS);
        named.then(|| Some((name.clone(), keep(value, depth)?))).flatten()
    })
}

/// The stored form of a value; `None` if it has none.
fn keep(value: &Value, depth: usize) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some(value.clone()),
        Value::Number(number) => canonical(number).map(Value::Number),
        Value::String(text) if text.contains('\0') => None,
        Value::String(text) if is_too_long(text, MAX_STRING_CHARACTERS) => {
            Some(Value::String(text.chars().take(MAX_STRING_CHARACTERS).collect()))
        }
        Value::String(_) => Some(value.clone()),
        Value::Array(items) => {
            let depth = depth.checked_sub(1)?;
            Some(Value::Array(items.iter().filter_map(|item| keep(item, depth)).collect()))
        }
        Value::Object(entries) => {
            let depth = depth.checked_sub(1)?;
            Some(Value::Object(keepable(entries, depth).collect()))
        }
    }
}

#[cfg(test)]
mod tests;
