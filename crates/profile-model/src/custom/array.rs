//! Arrays of scalars (section 3.6).

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{DropReason, MAX_ARRAY_ELEMENTS, scalar, store, stored};
use crate::{Document, value_text};

/// A whole array: values unique, the first of equal ones stays (`ARR-2`); over the limit the last ones stay
/// (`OPEN-21`).
pub(super) fn of(items: Vec<Value>) -> Result<Value, DropReason> {
    let mut unique: Vec<Value> = Vec::with_capacity(items.len().min(MAX_ARRAY_ELEMENTS));
    let mut seen = std::collections::HashSet::with_capacity(items.len());
    for item in items {
        let item = scalar(&item)?.into_owned();
        if seen.insert(identity(&item).into_owned()) {
            unique.push(item);
        }
    }
    drop_front(&mut unique);
    Ok(Value::Array(unique))
}

/// `{"add": [..], "remove": [..]}`: first added, then removed, as the operators on objects do (`NST-8`). A missing
/// attribute is made by what is added (`ARR-7`).
pub(super) fn operate(
    document: &mut Document,
    name: &str,
    entries: &Map<String, Value>,
) -> Result<bool, DropReason> {
    let added = operands(entries.get("add"))?;
    let removed = operands(entries.get("remove"))?;
    let old = stored(document, name);
    let is_new = old.is_none();
    let mut items = match old {
        None => Vec::new(),
        Some(Value::Array(items)) if !items.iter().any(Value::is_object) => items,
        Some(_) => return Err(DropReason::NotAnArray),
    };
    for item in added {
        // ARR-3: adding a present value moves it to the end.
        {
            let moved = identity(&item);
            items.retain(|old| identity(old) != moved);
        }
        items.push(item);
    }
    let removed: std::collections::HashSet<_> = removed.iter().map(identity).collect();
    items.retain(|item| !removed.contains(&identity(item)));
    drop_front(&mut items);
    if is_new && items.is_empty() {
        return Ok(false);
    }
    store(document, name, Value::Array(items))
}

/// What makes two values of a set the same: text is not a number, and `1.0` is `1`.
pub(super) fn identity(item: &Value) -> Cow<'_, str> {
    match item {
        Value::Number(number) => Cow::Borrowed(value_text(number)),
        other => Cow::Owned(other.to_string()),
    }
}

/// `ARR-6`: overflow drops from the front.
fn drop_front(items: &mut Vec<Value>) {
    items.drain(..items.len().saturating_sub(MAX_ARRAY_ELEMENTS));
}

/// Scalars only: objects have operators of their own (`NST-12`).
fn operands(value: Option<&Value>) -> Result<Vec<Value>, DropReason> {
    match value {
        None => Ok(Vec::new()),
        // Only the last ones can survive the limit, and a huge list must not cost its square.
        Some(Value::Array(items)) => {
            let mut unique = Vec::new();
            let mut seen = std::collections::HashSet::with_capacity(items.len());
            for item in items.iter().rev() {
                let item = scalar(item)?.into_owned();
                if seen.insert(item.to_string()) {
                    unique.push(item);
                }
            }
            unique.reverse();
            Ok(unique)
        }
        Some(_) => Err(DropReason::BadOperator),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// ARR-2, ARR-3: one value is there once, however it is written; text is no number.
    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        assert_eq!(of(vec![json!(1), json!(1.0), json!("1"), json!(1.5)]).unwrap(), json!([1, "1", 1.5]));
        let mut document = Document::parse(r#"{"q":[1,2,3,"2"]}"#).unwrap();
        let remove = json!({"remove": [2.0], "add": [3.0, 4.0]});
        assert!(operate(&mut document, "q", remove.as_object().unwrap()).unwrap());
        assert_eq!(document.to_json(), r#"{"q":[1,"2",3.0,4.0]}"#);
    }
}
