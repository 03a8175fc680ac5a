//! Connected LINE channels: one file per call.

use serde_json::Value;

use crate::answer::{Code, Problem};

pub(crate) mod change;
pub(crate) mod connect;
pub(crate) mod disconnect;
pub(crate) mod list;

const PERMISSION: &str = "line.channels";

/// A field of text without blanks around it. Ids may be numbers, too: LINE's console shows them as digits.
fn text(body: &Value, name: &'static str) -> Result<String, Problem> {
    match body.get(name) {
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(Value::Number(number)) if name.ends_with("_id") => Ok(number.to_string()),
        _ => Err(Problem::invalid(Code::FieldInvalid, format!("'{name}' must be a text"))),
    }
}
