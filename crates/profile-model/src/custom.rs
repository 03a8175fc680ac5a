//! What an incoming custom attribute does to a profile.
//!
//! Values are stored at face value (`TRK-12`): a date-like string stays the string that was sent, a string of digits
//! stays a string. What cannot be stored leaves the old value where it is and is no error of the object (`TRK-17`).

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::{Document, ValueFault, Zone, add, canonical, canonicalize};

pub use data_type::{DataType, data_type};
pub(crate) use forced::coerce;

mod array;
mod data_type;
mod forced;
mod nested;
mod object_array;

/// Longest name of a custom attribute or event, in characters (`OPEN-23`).
pub const MAX_NAME_CHARACTERS: usize = 255;

/// Longest string, alone or inside an array or object, in characters (section 3.5, `NST-2`).
pub const MAX_STRING_CHARACTERS: usize = 255;

/// Most elements of an array of scalars (`ARR-4`, `OPEN-7`).
pub const MAX_ARRAY_ELEMENTS: usize = 500;

/// Largest array or object, in bytes of its JSON text: 100 KB (`ARR-5`, `NST-2`, `NST-11`).
pub const MAX_VALUE_BYTES: usize = 100 * 1_024;

/// What became of one incoming custom attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CustomOutcome {
    /// The profile said so already.
    Unchanged,
    /// Set, changed or removed.
    Changed,
    /// Not stored; the old value stays (`CAT-4`, `NST-6`, `SYN-6`).
    Dropped(DropReason),
}

/// Why a custom attribute was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// The name is empty or over 255 characters or holds U+0000 (`OPEN-23`).
    BadName,
    /// A string over 255 characters (`OPEN-20`).
    StringTooLong,
    /// Over 100 KB (`ARR-5`, `NST-11`).
    TooLarge,
    /// A text or number that cannot be stored, or nesting too deep.
    BadValue(ValueFault),
    /// An element of an array is not of an allowed type, or scalars and objects are mixed.
    BadElement,
    /// A null, a bad key or a bad `$time` inside an object (`NST-2`, `NST-5`, `NST-6`).
    BadNestedValue,
    /// An operator whose operands have not its form (`NST-7`, `NST-12`).
    BadOperator,
    /// `inc` on what is not a number.
    NotANumber,
    /// An array operator on what is not such an array (`ARR-7`).
    NotAnArray,
}

impl DropReason {
    /// A clause for reports; holds no value.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::BadName => "attribute names must have 1 to 255 characters",
            Self::StringTooLong => "strings must be at most 255 characters",
            Self::TooLarge => "arrays and objects must be at most 100 KB",
            Self::BadValue(ValueFault::NulCharacter) => "text must not contain the character U+0000",
            Self::BadValue(ValueFault::NumberTooLong) => "the number has too many digits",
            Self::BadValue(ValueFault::TooDeep) => "arrays and objects are nested too deeply",
            Self::BadElement => "arrays must hold strings, numbers and booleans, or objects only",
            Self::BadNestedValue => {
                "objects must not hold null, a bad '$time', or keys with spaces, '.' or '$'"
            }
            Self::BadOperator => "the operator's operands are not valid",
            Self::NotANumber => "'inc' needs a number to change",
            Self::NotAnArray => "the operator needs an array to change",
        }
    }
}

impl From<ValueFault> for DropReason {
    fn from(fault: ValueFault) -> Self {
        Self::BadValue(fault)
    }
}

/// Applies one incoming value to the document, by every rule of sections 3.5 to 3.7.
///
/// `null` removes (`ATT-2`); an object may be an operator (`inc`, `add`/`remove`, `$add`/`$remove`/`$update`);
/// `merge_objects` is the request's `_merge_objects` (`NST-3`, `NST-10`). `zone` only decides whether a `$time` can be
/// read. All or nothing: after `Dropped` the document is as it was.
pub fn apply_custom(
    document: &mut Document,
    name: &str,
    incoming: &Value,
    merge_objects: bool,
    zone: &Zone,
) -> CustomOutcome {
    match change(document, name, incoming, merge_objects, zone) {
        Ok(true) => CustomOutcome::Changed,
        Ok(false) => CustomOutcome::Unchanged,
        Err(reason) => CustomOutcome::Dropped(reason),
    }
}

fn change(
    document: &mut Document,
    name: &str,
    incoming: &Value,
    merge_objects: bool,
    zone: &Zone,
) -> Result<bool, DropReason> {
    if !is_name(name) {
        return Err(DropReason::BadName);
    }
    match incoming {
        Value::Null => Ok(document.remove(name)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let value = scalar(incoming)?;
            Ok(document.set(name, &value))
        }
        Value::Array(_) => {
            let value = match canonicalize(incoming.clone())? {
                Value::Array(items) if items.iter().any(Value::is_object) => object_array::of(items, zone)?,
                Value::Array(items) => array::of(items)?,
                other => other,
            };
            store(document, name, value)
        }
        Value::Object(entries) => match Operator::of(entries) {
            Some(Operator::Increment) => increment(document, name, entries),
            Some(Operator::Scalars) => array::operate(document, name, entries),
            Some(Operator::Objects) => object_array::operate(document, name, entries, merge_objects, zone),
            None => set_object(document, name, incoming, merge_objects, zone),
        },
    }
}

/// Whether a custom attribute may be called so. Names that the JSON library takes for marks of its own would make a
/// stored document unreadable as a value.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !is_too_long(name, MAX_NAME_CHARACTERS)
        && !name.contains('\0')
        && !name.starts_with("$serde_json::private::")
}

/// Which operator an object is. An object with just an operator's keys is one, even if its operands turn out wrong: to
/// take a mistyped operator for data would overwrite what it was meant to change.
enum Operator {
    /// `{"inc": n}`
    Increment,
    /// `{"add": [..], "remove": [..]}` (`ARR-1`)
    Scalars,
    /// `{"$add": [..], "$remove": [..], "$update": [..]}` (`NST-7`)
    Objects,
}

impl Operator {
    fn of(entries: &Map<String, Value>) -> Option<Self> {
        let all =
            |names: &[&str]| !entries.is_empty() && entries.keys().all(|key| names.contains(&key.as_str()));
        if all(&["inc"]) {
            Some(Self::Increment)
        } else if all(&["add", "remove"]) {
            Some(Self::Scalars)
        } else if entries.keys().any(|key| object_array::OPERATORS.contains(&key.as_str())) {
            Some(Self::Objects)
        } else {
            None
        }
    }
}

/// `CAT-3`: exact, from 0 if there is nothing yet.
fn increment(document: &mut Document, name: &str, entries: &Map<String, Value>) -> Result<bool, DropReason> {
    let Some(Value::Number(by)) = entries.get("inc") else { return Err(DropReason::BadOperator) };
    let by = canonical(by).ok_or(ValueFault::NumberTooLong)?;
    let sum = match stored(document, name) {
        None => by,
        Some(Value::Number(old)) => add(&old, &by).ok_or(ValueFault::NumberTooLong)?,
        Some(_) => return Err(DropReason::NotANumber),
    };
    Ok(document.set(name, &Value::Number(sum)))
}

/// `NST-3`: replaces, or merges at all levels if asked to.
fn set_object(
    document: &mut Document,
    name: &str,
    incoming: &Value,
    merge_objects: bool,
    zone: &Zone,
) -> Result<bool, DropReason> {
    let mut value = canonicalize(incoming.clone())?;
    nested::check(&value, zone)?;
    if merge_objects && let Some(mut old) = stored(document, name) {
        nested::merge(&mut old, value);
        value = old;
    }
    store(document, name, value)
}

/// A scalar in its stored form.
fn scalar(value: &Value) -> Result<Cow<'_, Value>, DropReason> {
    match value {
        Value::String(text) if text.contains('\0') => Err(ValueFault::NulCharacter.into()),
        Value::String(text) if is_too_long(text, MAX_STRING_CHARACTERS) => Err(DropReason::StringTooLong),
        Value::String(_) | Value::Bool(_) => Ok(Cow::Borrowed(value)),
        Value::Number(number) => {
            canonical(number).map(|number| Cow::Owned(number.into())).ok_or(ValueFault::NumberTooLong.into())
        }
        _ => Err(DropReason::BadElement),
    }
}

/// Stores an array or object within the size limit.
fn store(document: &mut Document, name: &str, value: Value) -> Result<bool, DropReason> {
    let text = value.to_string();
    if text.len() > MAX_VALUE_BYTES {
        return Err(DropReason::TooLarge);
    }
    Ok(document.set_text(name, text))
}

fn stored(document: &Document, name: &str) -> Option<Value> {
    document.text(name).and_then(|text| serde_json::from_str(text).ok())
}

/// Counts characters only if the bytes leave room for doubt.
pub(crate) fn is_too_long(text: &str, characters: usize) -> bool {
    text.len() > characters && text.chars().nth(characters).is_some()
}

#[cfg(test)]
mod tests;
