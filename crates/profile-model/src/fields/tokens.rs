//! Push tokens: read, united with those that are there, and shown.

use serde_json::{Map, Value, json};

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

/// Those that are there and those that are sent: one entry for a token of an app, and for a device of an app.
pub(crate) fn unite(known: Option<&Value>, sent: &Value) -> Value {
    let (known, sent) = (known.and_then(Value::as_array), sent.as_array());
    let mut tokens: Vec<Value> = known.cloned().unwrap_or_default();
    for token in sent.into_iter().flatten() {
        let is_same = |other: &Value| {
            let is_device = token["device_id"].is_string() && other["device_id"] == token["device_id"];
            other["app_id"] == token["app_id"] && (is_device || other["token"] == token["token"])
        };
        match tokens.iter_mut().find(|other| is_same(other)) {
            Some(place) => *place = token.clone(),
            None => tokens.push(token.clone()),
        }
    }
    tokens.into()
}

/// As an export shows them (section 9.2). A device without an id gets one that its token decides; its platform is not
/// known here, and nothing is sent to it from here that could turn notifications off.
pub(crate) fn show(tokens: &Value) -> Value {
    let show = |token: &Value| {
        let device = match token.get("device_id") {
            Some(id) => id.clone(),
            None => device_of(token).into(),
        };
        json!({
            "app": token["app_id"], "platform": null, "token": token["token"], "device_id": device,
            "notifications_enabled": true, "provisionally_opted_in": null,
        })
    };
    tokens.as_array().into_iter().flatten().map(show).collect()
}

fn device_of(token: &Value) -> String {
    use sha2::{Digest as _, Sha256};
    let part = |name: &str| token[name].as_str().unwrap_or_default();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(format!("{}\0{}", part("app_id"), part("token")))[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

fn filled(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty() && !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section 3.1: a token joins those that are there; of one device and app the newest stays.
    #[test]
    fn tokens_that_are_sent_join_those_that_are_there() {
        let first = unite(None, &json!([{"app_id": "a", "token": "1"}]));
        let second = unite(
            Some(&first),
            &json!([{"app_id": "a", "token": "2", "device_id": "12345678"}, {"app_id": "b", "token": "1"}]),
        );
        assert_eq!(second.as_array().unwrap().len(), 3);
        let third = unite(Some(&second), &json!([{"app_id": "a", "token": "3", "device_id": "12345678"}]));
        let tokens: Vec<_> =
            third.as_array().unwrap().iter().map(|token| token["token"].as_str().unwrap()).collect();
        assert_eq!(tokens, ["1", "3", "1"]);
        assert_eq!(unite(Some(&third), &third), third);
    }

    /// Section 9.2: the documented keys; a device has an id, the same each time, and another for another token.
    #[test]
    fn tokens_are_shown_as_documented() {
        let tokens =
            json!([{"app_id": "a", "token": "t"}, {"app_id": "a", "device_id": "12345678", "token": "u"}]);
        let shown = show(&tokens);
        assert_eq!(
            shown[1],
            json!({"app": "a", "platform": null, "token": "u", "device_id": "12345678", "notifications_enabled": true,
                "provisionally_opted_in": null})
        );
        let device = shown[0]["device_id"].as_str().unwrap();
        assert_eq!(device.len(), 36);
        assert_eq!(show(&tokens)[0]["device_id"], device);
        assert_ne!(show(&json!([{"app_id": "b", "token": "t"}]))[0]["device_id"], device);
    }
}
