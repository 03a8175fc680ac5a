//! Whom an object names (`ID-1`..`ID-5`, `ID-7`).

use serde_json::{Map, Value};

use super::Context;
use crate::{
    Alias, Change, Email, InputArray, MAX_ALIAS_BYTES, MAX_IDENTIFIER_BYTES, ObjectFault, Phone, ProfileId,
    Target, is_integer,
};

/// The identifier, and email and phone as values to write (`ID-5`).
pub(super) struct Identity {
    pub(super) target: Target,
    pub(super) email: Option<Change<Email>>,
    pub(super) phone: Option<Change<Phone>>,
}

/// Takes every identifier out of the object. At most one primary (`ID-2`); email and phone name somebody only where
/// there is none (`ID-3`), email before phone (`ID-4`).
pub(super) fn take(
    object: &mut Map<String, Value>,
    array: InputArray,
    context: &Context<'_>,
    warnings: &mut Vec<ObjectFault>,
) -> Result<Identity, ObjectFault> {
    if object.get("push_token_import") == Some(&Value::Bool(true)) {
        return Err(push_token_import(object));
    }
    let primaries = [
        present(object.remove("external_id")).map(read_external_id).transpose()?,
        present(object.remove("user_alias")).map(|alias| read_alias(&alias)).transpose()?,
        present(object.remove("braze_id")).map(|id| read_braze_id(&id)).transpose()?,
    ];
    let mut primaries = primaries.into_iter().flatten();
    let primary = primaries.next();
    if primaries.next().is_some() {
        return Err(ObjectFault::SeveralPrimaries);
    }
    let (email, phone) = (object.remove("email"), object.remove("phone"));
    // Events and purchases write no attributes: what does not name anybody there is not looked at.
    if let (Some(target), true) = (&primary, array != InputArray::Attributes) {
        return Ok(Identity { target: target.clone(), email: None, phone: None });
    }
    let email = email.map(|email| read_email(&email)).transpose()?;
    let is_named = primary.is_some() || email.as_ref().is_some_and(|email| email.value().is_some());
    let phone = match phone.map(|phone| read_phone(phone, context)).transpose() {
        Ok(phone) => phone,
        Err(_) if is_named => {
            warnings.push(ObjectFault::PhoneLeft);
            None
        }
        Err(fault) => return Err(fault),
    };
    let target =
        match (primary, email.as_ref().and_then(Change::value), phone.as_ref().and_then(Change::value)) {
            (Some(primary), ..) => primary,
            (None, Some(email), _) => Target::Email(email.clone()),
            (None, None, Some(phone)) if phone.key().is_some() => Target::Phone(phone.clone()),
            (None, None, Some(_)) => return Err(ObjectFault::BadPhone),
            (None, None, None) => return Err(ObjectFault::IdentifierMissing),
        };
    let (email, phone) = if array == InputArray::Attributes { (email, phone) } else { (None, None) };
    Ok(Identity { target, email, phone })
}

/// `PTI-1`: it names nobody, and brings tokens. What does is refused as well: no push messages are sent from here.
fn push_token_import(object: &Map<String, Value>) -> ObjectFault {
    let names_somebody =
        ["external_id", "braze_id"].iter().any(|name| object.get(*name).is_some_and(|id| !id.is_null()));
    let has_tokens =
        object.get("push_tokens").and_then(Value::as_array).is_some_and(|tokens| !tokens.is_empty());
    match names_somebody || !has_tokens {
        true => ObjectFault::BadPushTokenImport,
        false => ObjectFault::PushTokenImportUnsupported,
    }
}

fn present(value: Option<Value>) -> Option<Value> {
    value.filter(|value| !value.is_null())
}

/// Text that may name somebody: not empty, no U+0000, at most 987 bytes. Integers become text (`CLI-6`).
pub(crate) fn read_external_id(value: Value) -> Result<Target, ObjectFault> {
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) if is_integer(&number) => number.to_string(),
        _ => return Err(ObjectFault::BadExternalId),
    };
    if text.is_empty() {
        return Err(ObjectFault::BadExternalId);
    }
    if text.len() > MAX_IDENTIFIER_BYTES {
        return Err(ObjectFault::ExternalIdTooLong);
    }
    if text.contains('\0') {
        return Err(ObjectFault::NulCharacter);
    }
    Ok(Target::ExternalId(text))
}

/// Extra keys are tolerated (`CLI-5`); an integer name becomes text like an external id.
pub(crate) fn read_alias(value: &Value) -> Result<Target, ObjectFault> {
    let part = |name| match value.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Value::Number(number)) if is_integer(number) => Ok(number.to_string()),
        _ => Err(ObjectFault::BadUserAlias),
    };
    let alias = Alias { label: part("alias_label")?, name: part("alias_name")? };
    check_alias(&alias)?;
    Ok(Target::Alias(alias))
}

/// Limits of an alias pair.
pub(crate) fn check_alias(alias: &Alias) -> Result<(), ObjectFault> {
    let too_long = alias.label.len() > MAX_IDENTIFIER_BYTES
        || alias.name.len() > MAX_IDENTIFIER_BYTES
        || alias.label.len() + alias.name.len() > MAX_ALIAS_BYTES;
    if too_long {
        return Err(ObjectFault::UserAliasTooLong);
    }
    if alias.label.contains('\0') || alias.name.contains('\0') {
        return Err(ObjectFault::NulCharacter);
    }
    Ok(())
}

/// Text that is none of our ids names nobody (`OPEN-28`).
fn read_braze_id(value: &Value) -> Result<Target, ObjectFault> {
    value.as_str().map(|text| Target::BrazeId(ProfileId::parse(text))).ok_or(ObjectFault::BadBrazeId)
}

/// A bad address rejects the whole object (`TRK-16`).
fn read_email(value: &Value) -> Result<Change<Email>, ObjectFault> {
    match value {
        Value::Null => Ok(Change::Clear),
        Value::String(text) => Email::parse(text).map(Change::Set).ok_or(ObjectFault::BadEmail),
        _ => Err(ObjectFault::BadEmail),
    }
}

/// A number that is not valid stays on the profile as it is (`PHN-4`). What is no text of a usable length, a blank say, is
/// no number at all.
fn read_phone(value: Value, context: &Context<'_>) -> Result<Change<Phone>, ObjectFault> {
    let text = match value {
        Value::Null => return Ok(Change::Clear),
        Value::String(text) => text,
        Value::Number(number) if is_integer(&number) => number.to_string(),
        _ => return Err(ObjectFault::BadPhoneValue),
    };
    if text.len() > MAX_IDENTIFIER_BYTES || text.trim().is_empty() {
        return Err(ObjectFault::BadPhoneValue);
    }
    if text.contains('\0') {
        return Err(ObjectFault::NulCharacter);
    }
    Ok(Change::Set(Phone::parse(&text, &context.settings.phone_region).phone))
}
