//! Push tokens.

use serde_json::{Map, Value};

use crate::ObjectFault;

/// Reads `push_tokens`: an array of objects with `app_id`, `token` and, if sent, `device_id` of 8 to 255 bytes. Other
/// keys are left out. A `device_id` that is absent stays absent: chance has no place in reading.
pub(super) fn read(value: &Value) -> Result<Value, ObjectFault> {
    let tokens = value.as_array().ok_or(ObjectFault::BadPushTokens)?;
    tokens.iter().map(read_token).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

fn read_token(token: &Value) -> Result<Value, ObjectFault> {
    let token = token.as_object().ok_or(ObjectFault::BadPushTokens)?;
    let app_id = filled(token.get("app_id")).ok_or(ObjectFault::BadPushTokenAppId)?;
    let text = filled(token.get("token")).ok_or(ObjectFault::BadPushTokenString)?;
    let mut read = Map::new();
    read.insert("app_id".to_owned(), app_id.into());
    match token.get("device_id") {
        None | Some(Value::Null) => {}
        Some(id) => {
            let id = filled(Some(id))
                .filter(|id| (8..=255).contains(&id.len()))
                .ok_or(ObjectFault::BadDeviceId)?;
            read.insert("device_id".to_owned(), id.into());
        }
    }
    read.insert("token".to_owned(), text.into());
    Ok(Value::Object(read))
}

fn filled(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty() && !text.contains('\0'))
}
