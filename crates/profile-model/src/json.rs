//! What both engines must store alike: canonical JSON values.

use serde_json::Value;

use crate::canonical;

/// Deepest nesting of arrays and objects in a stored value; far below what any engine refuses.
pub const MAX_DEPTH: usize = 64;

/// Why a value cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ValueFault {
    /// A string or key holds U+0000, which PostgreSQL cannot store.
    #[error("text must not contain the character U+0000")]
    NulCharacter,
    /// A number needs more digits than [`MAX_NUMBER_DIGITS`](crate::MAX_NUMBER_DIGITS).
    #[error("a number has too many digits")]
    NumberTooLong,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("arrays and objects are nested too deeply")]
    TooDeep,
}

/// Brings a value to the one form it is stored in: numbers canonical at every depth, objects in key order.
///
/// # Errors
/// A [`ValueFault`] if any part of it cannot be stored; nothing of it is stored then.
pub fn canonicalize(mut value: Value) -> Result<Value, ValueFault> {
    settle(&mut value, MAX_DEPTH)?;
    Ok(value)
}

/// [`canonicalize`] in place; on an error the value is left half done and must be thrown away.
fn settle(value: &mut Value, depth: usize) -> Result<(), ValueFault> {
    match value {
        Value::Null | Value::Bool(_) => Ok(()),
        Value::Number(number) => {
            *number = canonical(number).ok_or(ValueFault::NumberTooLong)?;
            Ok(())
        }
        Value::String(text) => refuse_nul(text),
        Value::Array(items) => {
            let depth = depth.checked_sub(1).ok_or(ValueFault::TooDeep)?;
            items.iter_mut().try_for_each(|item| settle(item, depth))
        }
        Value::Object(entries) => {
            let depth = depth.checked_sub(1).ok_or(ValueFault::TooDeep)?;
            entries.iter_mut().try_for_each(|(key, item)| {
                refuse_nul(key)?;
                settle(item, depth)
            })
        }
    }
}

fn refuse_nul(text: &str) -> Result<(), ValueFault> {
    if text.as_bytes().contains(&0) { Err(ValueFault::NulCharacter) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_str, json};

    use super::{MAX_DEPTH, ValueFault, canonicalize};

    /// Design, section 4: numbers keep one canonical text, at every depth.
    #[test]
    fn numbers_are_canonical_at_every_depth_and_keys_in_order() {
        let value: Value = from_str(r#"{"b":[1.50,{"c":-0}],"a":12345678901234567890}"#).unwrap();
        let canonical = canonicalize(value).unwrap();
        assert_eq!(canonical.to_string(), r#"{"a":12345678901234567890,"b":[1.5,{"c":0}]}"#);
    }

    /// Design, section 4: a string with U+0000 is an invalid value.
    #[test]
    fn nul_in_a_string_or_key_is_refused() {
        assert_eq!(canonicalize(json!("a\0")), Err(ValueFault::NulCharacter));
        assert_eq!(canonicalize(json!([{"a\0": 1}])), Err(ValueFault::NulCharacter));
    }

    #[test]
    fn too_long_numbers_and_too_deep_values_are_refused() {
        assert_eq!(canonicalize(from_str("[1e999]").unwrap()), Err(ValueFault::NumberTooLong));
        let nested = |depth| (0..depth).fold(json!(1), |value, _| json!([value]));
        assert!(canonicalize(nested(MAX_DEPTH)).is_ok());
        assert_eq!(canonicalize(nested(MAX_DEPTH + 1)), Err(ValueFault::TooDeep));
    }
}
