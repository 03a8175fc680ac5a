//! Arrays of objects and their operators (`NST-7`..`NST-12`).

use serde_json::{Map, Value};

use super::array::identity;
use super::{DropReason, nested, store, stored};
use crate::{Document, Zone, canonicalize};

/// Keys that make an object an operator on an array of objects.
pub(super) const OPERATORS: &[&str] = &["$add", "$remove", "$update"];

/// A whole array, already canonical: objects only. No limit on their number (`NST-11`), equal ones stay (`NST-9`).
pub(super) fn of(items: Vec<Value>, zone: &Zone) -> Result<Value, DropReason> {
    items.iter().try_for_each(|item| check_element(item, zone))?;
    Ok(Value::Array(items))
}

/// Adds, then removes, then updates, whatever the order in the JSON (`NST-8`). One bad operand drops all (`NST-6`).
pub(super) fn operate(
    document: &mut Document,
    name: &str,
    entries: &Map<String, Value>,
    merge_objects: bool,
    zone: &Zone,
) -> Result<bool, DropReason> {
    if !entries.keys().all(|key| OPERATORS.contains(&key.as_str())) {
        return Err(DropReason::BadOperator);
    }
    let added = operands(entries.get("$add"))?;
    added.iter().try_for_each(|item| check_element(item, zone))?;
    let removed = read_all(entries.get("$remove"), |operand| Selector::read(operand, 2))?;
    let updated = read_all(entries.get("$update"), |operand| {
        let selector = Selector::read(operand, 3)?;
        let new = operand.get("$new_object").cloned().ok_or(DropReason::BadOperator)?;
        check_element(&new, zone)?;
        Ok((selector, new))
    })?;
    let old = stored(document, name);
    let is_new = old.is_none();
    let mut items = match old {
        None => Vec::new(),
        Some(Value::Array(items)) if items.iter().all(Value::is_object) => items,
        Some(_) => return Err(DropReason::NotAnArray),
    };
    items.extend(added);
    items.retain(|item| !removed.iter().any(|selector| selector.matches(item)));
    for (selector, new) in &updated {
        for item in items.iter_mut().filter(|item| selector.matches(item)) {
            if merge_objects {
                nested::merge(item, new.clone());
            } else {
                item.clone_from(new);
            }
        }
    }
    if is_new && items.is_empty() {
        return Ok(false);
    }
    store(document, name, Value::Array(items))
}

/// Which elements an operand means: those whose `key` has `value`, uniqueness not enforced (`NST-9`).
struct Selector {
    key: String,
    value: Value,
}

impl Selector {
    /// Reads an operand with exactly this many keys.
    fn read(operand: &Value, keys: usize) -> Result<Self, DropReason> {
        let entries =
            operand.as_object().filter(|entries| entries.len() == keys).ok_or(DropReason::BadOperator)?;
        let key = entries.get("$identifier_key").and_then(Value::as_str).ok_or(DropReason::BadOperator)?;
        let value = entries.get("$identifier_value").ok_or(DropReason::BadOperator)?;
        Ok(Self { key: key.to_owned(), value: value.clone() })
    }

    fn matches(&self, item: &Value) -> bool {
        item.get(&self.key).is_some_and(|value| identity(value) == identity(&self.value))
    }
}

fn read_all<T>(
    value: Option<&Value>,
    read: impl Fn(&Value) -> Result<T, DropReason>,
) -> Result<Vec<T>, DropReason> {
    operands(value)?.iter().map(read).collect()
}

/// The operands in canonical form, so that they compare with what is stored.
fn operands(value: Option<&Value>) -> Result<Vec<Value>, DropReason> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => match canonicalize(Value::Array(items.clone()))? {
            Value::Array(items) => Ok(items),
            _ => Err(DropReason::BadOperator),
        },
        Some(_) => Err(DropReason::BadOperator),
    }
}

fn check_element(item: &Value, zone: &Zone) -> Result<(), DropReason> {
    if !item.is_object() {
        return Err(DropReason::BadElement);
    }
    nested::check(item, zone)
}
