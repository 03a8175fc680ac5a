//! Reading what was sent for a standard field.

use serde_json::Value;

use super::{FieldName, social, tokens};
use crate::country::country_code;
use crate::language::language_code;
use crate::time_zone::zone_name;
use crate::{ObjectFault, Settings, canonical, parse_date, parse_time, to_f64};

/// Longest text of a standard field, in characters. Documented for `image_url` only (section 3.1); ours for the others,
/// so that no name can weigh down a profile.
pub const MAX_FIELD_CHARACTERS: usize = 1_024;

/// What a value sent for a standard field comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldReading {
    /// Store this value.
    Set(Value),
    /// Remove what is stored (`ATT-2`).
    Clear,
    /// The value is invalid and not set, the rest of the object applies; the text names the field and not the value.
    Ignored(&'static str),
    /// The whole object is rejected.
    Refused(ObjectFault),
}

/// Reads a value for a standard field (section 3.1).
///
/// Texts are kept as sent; dates become RFC 3339 UTC with milliseconds, `dob` the written calendar date, names of
/// countries their code. A country nobody knows clears the field, as documented; other invalid values leave it alone.
#[must_use]
pub fn read_field(name: FieldName, value: &Value, settings: &Settings) -> FieldReading {
    if value.is_null() {
        return FieldReading::Clear;
    }
    match name {
        FieldName::FirstName => {
            text(value, "'first_name' must be a string of at most 1024 characters, without U+0000")
        }
        FieldName::LastName => {
            text(value, "'last_name' must be a string of at most 1024 characters, without U+0000")
        }
        FieldName::HomeCity => {
            text(value, "'home_city' must be a string of at most 1024 characters, without U+0000")
        }
        FieldName::ImageUrl => {
            text(value, "'image_url' must be a string of at most 1024 characters, without U+0000")
        }
        FieldName::Dob => or_ignore(
            value.as_str().and_then(parse_date).map(|date| date.to_string().into()),
            "'dob' must be a date such as 1980-12-21",
        ),
        FieldName::Gender => or_ignore(
            value.as_str().filter(|text| matches!(*text, "M" | "F" | "O" | "N" | "P")).map(Value::from),
            "'gender' must be 'M', 'F', 'O', 'N' or 'P'",
        ),
        FieldName::Country => match value.as_str() {
            Some(text) => {
                country_code(text).map_or(FieldReading::Clear, |code| FieldReading::Set(code.into()))
            }
            None => FieldReading::Ignored("'country' must be a string"),
        },
        FieldName::Language => or_ignore(
            value.as_str().and_then(language_code).map(Value::from),
            "'language' must be a supported ISO 639-1 code",
        ),
        FieldName::TimeZone => or_ignore(
            value.as_str().and_then(zone_name).map(|name| String::from(name).into()),
            "'time_zone' must be the name of a time zone",
        ),
        FieldName::CurrentLocation => location(value),
        FieldName::DateOfFirstSession => time(value, settings, "'date_of_first_session' must be a date"),
        FieldName::DateOfLastSession => time(value, settings, "'date_of_last_session' must be a date"),
        FieldName::MarkedEmailAsSpamAt => time(value, settings, "'marked_email_as_spam_at' must be a date"),
        FieldName::EmailOpenTrackingDisabled => {
            flag(value, "'email_open_tracking_disabled' must be true or false")
        }
        FieldName::EmailClickTrackingDisabled => {
            flag(value, "'email_click_tracking_disabled' must be true or false")
        }
        FieldName::PushTokens => tokens::read(value).map_or_else(FieldReading::Refused, FieldReading::Set),
        FieldName::Facebook => {
            or_ignore(social::facebook(value), "'facebook' must be an object with known keys")
        }
        FieldName::Twitter => {
            or_ignore(social::twitter(value), "'twitter' must be an object with known keys")
        }
    }
}

fn or_ignore(value: Option<Value>, reason: &'static str) -> FieldReading {
    value.map_or(FieldReading::Ignored(reason), FieldReading::Set)
}

fn text(value: &Value, reason: &'static str) -> FieldReading {
    or_ignore(value.as_str().filter(|text| is_storable_text(text)).map(Value::from), reason)
}

/// Short enough, and without U+0000.
pub(super) fn is_storable_text(text: &str) -> bool {
    !text.contains('\0')
        && (text.len() <= MAX_FIELD_CHARACTERS || text.chars().count() <= MAX_FIELD_CHARACTERS)
}

fn time(value: &Value, settings: &Settings, reason: &'static str) -> FieldReading {
    let parsed = value.as_str().and_then(|text| parse_time(text, &settings.time_zone));
    or_ignore(parsed.map(|at| at.to_string().into()), reason)
}

/// `true`, `false`, and the same as text: cells of a file are text (`CSV-12`).
fn flag(value: &Value, reason: &'static str) -> FieldReading {
    let flag = match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        _ => None,
    };
    or_ignore(flag.map(Value::Bool), reason)
}

/// Both coordinates as numbers on the globe, else the object is rejected (`BAD_LOCATION_UPDATE`).
fn location(value: &Value) -> FieldReading {
    let coordinate = |key: &str, limit: f64| match value.get(key) {
        Some(Value::Number(number)) if to_f64(number).abs() <= limit => canonical(number),
        _ => None,
    };
    match (coordinate("longitude", 180.0), coordinate("latitude", 90.0)) {
        (Some(longitude), Some(latitude)) => {
            FieldReading::Set(serde_json::json!({ "latitude": latitude, "longitude": longitude }))
        }
        _ => FieldReading::Refused(ObjectFault::BadLocation),
    }
}

#[cfg(test)]
mod tests;
