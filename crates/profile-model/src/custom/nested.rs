//! Nested objects (section 3.7).

use serde_json::{Map, Value};

use super::{DropReason, MAX_STRING_CHARACTERS, is_too_long};
use crate::{Zone, parse_time};

/// The key that marks a date inside an object (`NST-5`). Stored as sent, with the mark, so that what is exported can be
/// sent again.
pub(super) const TIME: &str = "$time";

/// Checks an object or anything in it: no null, no bad key, no bad `$time`, no over-long string, no array directly in an
/// array (`NST-1`, `NST-2`, `NST-5`, `NST-6`, `DAT-4`).
pub(super) fn check(value: &Value, zone: &Zone) -> Result<(), DropReason> {
    match value {
        Value::Null => Err(DropReason::BadNestedValue),
        Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(text) if is_too_long(text, MAX_STRING_CHARACTERS) => Err(DropReason::StringTooLong),
        Value::String(_) => Ok(()),
        Value::Array(items) => items.iter().try_for_each(|item| match item {
            Value::Array(_) => Err(DropReason::BadElement),
            item => check(item, zone),
        }),
        Value::Object(entries) => match marked_time(entries) {
            Some(time) => check_time(time, zone),
            None => entries.iter().try_for_each(|(key, value)| {
                check_key(key)?;
                check(value, zone)
            }),
        },
    }
}

/// Merges `new` into `old` at all levels (`NST-3`). Only objects merge; everything else, dates too, is replaced.
pub(super) fn merge(old: &mut Value, new: Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new))
            if marked_time(old).is_none() && marked_time(&new).is_none() =>
        {
            for (key, value) in new {
                match old.get_mut(&key) {
                    Some(old) => merge(old, value),
                    None => {
                        old.insert(key, value);
                    }
                }
            }
        }
        (old, new) => *old = new,
    }
}

/// What `$time` says, if the object is a date.
pub(super) fn marked_time(entries: &Map<String, Value>) -> Option<&Value> {
    if entries.len() == 1 { entries.get(TIME) } else { None }
}

fn check_time(time: &Value, zone: &Zone) -> Result<(), DropReason> {
    match time.as_str().and_then(|text| parse_time(text, zone)) {
        Some(_) => Ok(()),
        None => Err(DropReason::BadNestedValue),
    }
}

fn check_key(key: &str) -> Result<(), DropReason> {
    let bad = key.is_empty() || key.contains([' ', '.', '$']) || is_too_long(key, MAX_STRING_CHARACTERS);
    if bad { Err(DropReason::BadNestedValue) } else { Ok(()) }
}
