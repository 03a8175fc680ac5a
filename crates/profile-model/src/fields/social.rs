//! The two fields about other networks: objects of known keys, unknown keys left out.

use serde_json::{Map, Value};

use super::read::is_storable_text;
use crate::{canonical, is_integer};

/// Most entries of `likes` that are kept.
const MAX_LIKES: usize = 500;

/// Any of `id` (string), `likes` (array of strings), `num_friends` (integer).
pub(super) fn facebook(value: &Value) -> Option<Value> {
    pick(value, &[("id", text), ("likes", texts), ("num_friends", integer)])
}

/// Any of `id` (integer), `screen_name` (string) and three counts.
pub(super) fn twitter(value: &Value) -> Option<Value> {
    pick(
        value,
        &[
            ("id", integer),
            ("screen_name", text),
            ("followers_count", integer),
            ("friends_count", integer),
            ("statuses_count", integer),
        ],
    )
}

type Reader = fn(&Value) -> Option<Value>;

/// The known keys of an object; `None` if it is none, if a known key has a value of another type, or if nothing is
/// left.
fn pick(value: &Value, keys: &[(&str, Reader)]) -> Option<Value> {
    let object = value.as_object()?;
    let mut picked = Map::new();
    for (key, read) in keys {
        match object.get(*key) {
            None | Some(Value::Null) => {}
            Some(value) => {
                picked.insert((*key).to_owned(), read(value)?);
            }
        }
    }
    (!picked.is_empty()).then_some(Value::Object(picked))
}

fn text(value: &Value) -> Option<Value> {
    value.as_str().filter(|text| is_storable_text(text)).map(Value::from)
}

fn texts(value: &Value) -> Option<Value> {
    let items = value.as_array().filter(|items| items.len() <= MAX_LIKES)?;
    items.iter().map(text).collect::<Option<Vec<_>>>().map(Value::Array)
}

fn integer(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) => canonical(number).filter(is_integer).map(Value::Number),
        _ => None,
    }
}
