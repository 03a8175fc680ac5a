//! The body of `POST /users/export/ids`.

use profile_model::{
    DOCUMENTED_FIELDS, Email, Key, LINE_FIELDS, LineIdCheck, LineUserId, ProfileId, Settings,
};
use serde_json::Value;

use super::{Wanted, alias_key, phone_key};
use crate::Fault;

/// Most entries of one array (`EXP-1`).
const MAX_IDS: usize = 50;

/// Why an export did not happen.
#[derive(Debug)]
pub enum ExportError {
    /// The body is not acceptable (400).
    Request {
        /// What kind of mistake.
        mistake: ExportMistake,
        /// What is wrong and what to do.
        message: String,
    },
    /// The store could not do it (5xx).
    Fault(Fault),
}

/// What is not acceptable about an export request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportMistake {
    /// The body is not an object.
    Body,
    /// A field has another type than documented.
    Field,
    /// More than one of `device_id`, `email_address`, `phone`.
    SeveralAddresses,
    /// No identifier at all (`CLI-8`).
    IdentifierMissing,
    /// More than 50 entries in an array (`EXP-1`); the text is the reference's.
    TooManyIds,
}

impl From<Fault> for ExportError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A request, read.
#[derive(Debug)]
pub struct ExportRequest {
    pub(super) wanted: Vec<(String, Wanted)>,
    fields: Option<Vec<String>>,
}

impl ExportRequest {
    /// Reads the body. Several kinds of identifier may be mixed; only one of `device_id`, `email_address`, `phone`.
    ///
    /// # Errors
    /// No identifier at all (`CLI-8`), more than 50 in an array, a wrong type.
    pub fn read(body: &Value, settings: &Settings) -> Result<Self, ExportError> {
        let object =
            body.as_object().ok_or_else(|| bad(ExportMistake::Body, "the body must be a JSON object"))?;
        let mut wanted = Vec::new();
        for id in list(object.get("external_ids"), "external_ids")? {
            let text = text_or_integer(id, "external_ids")?;
            wanted.push((text.clone(), Wanted::Key(Key::external_id(&text))));
        }
        for alias in list(object.get("user_aliases"), "user_aliases")? {
            let key = alias_key(alias).ok_or_else(|| {
                bad(
                    ExportMistake::Field,
                    "'user_aliases' must be objects with 'alias_label' and 'alias_name' strings",
                )
            })?;
            wanted.push((format!("{}:{}", key.label, key.value), Wanted::Key(key)));
        }
        for id in list(object.get("native_line_ids"), "native_line_ids")? {
            let text = string(id, "native_line_ids")?;
            let key = LineUserId::parse(text, LineIdCheck::Lenient).map(|id| Key::line_id(&id));
            wanted.push((text.to_owned(), key.map_or(Wanted::Nobody, Wanted::Key)));
        }
        if let Some(id) = present(object.get("braze_id")) {
            let text = string(id, "braze_id")?;
            wanted.push((text.to_owned(), ProfileId::parse(text).map_or(Wanted::Nobody, Wanted::Profile)));
        }
        let addresses = ["device_id", "email_address", "phone"];
        if addresses.iter().filter(|name| present(object.get(**name)).is_some()).count() > 1 {
            return Err(bad(
                ExportMistake::SeveralAddresses,
                "only one of 'device_id', 'email_address' or 'phone' may be provided",
            ));
        }
        for name in addresses {
            let Some(value) = present(object.get(name)) else { continue };
            let text = string(value, name)?;
            let key = match name {
                "email_address" => Email::parse(text).map(|email| Key::email(&email)),
                "phone" => phone_key(text, settings),
                _ => None,
            };
            wanted.push((text.to_owned(), key.map_or(Wanted::Nobody, Wanted::Key)));
        }
        if wanted.is_empty() {
            return Err(bad(
                ExportMistake::IdentifierMissing,
                "at least one of 'external_ids', 'user_aliases', 'braze_id', 'email_address', 'phone', \
                 'device_id' or 'native_line_ids' is required",
            ));
        }
        let fields = present(object.get("fields_to_export"))
            .map(|fields| {
                list(Some(fields), "fields_to_export")?
                    .iter()
                    .map(|field| string(field, "fields_to_export").map(str::to_owned))
                    .collect()
            })
            .transpose()?;
        Ok(Self { wanted, fields })
    }

    /// Fields to render: those asked for, else all documented ones (not `native_line_id` nor `line`, `EXP-12`).
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        match &self.fields {
            None => DOCUMENTED_FIELDS.to_vec(),
            Some(fields) => fields
                .iter()
                .map(String::as_str)
                .filter(|field| DOCUMENTED_FIELDS.contains(field) || LINE_FIELDS.contains(field))
                .collect(),
        }
    }
}

fn bad(mistake: ExportMistake, message: impl Into<String>) -> ExportError {
    ExportError::Request { mistake, message: message.into() }
}

/// An empty text names nobody, as if it were not there: forms and columns send it for what they do not have.
fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null() && value.as_str() != Some(""))
}

fn list<'a>(value: Option<&'a Value>, name: &str) -> Result<&'a [Value], ExportError> {
    match present(value) {
        None => Ok(&[]),
        Some(Value::Array(list)) if name != "fields_to_export" && list.len() > MAX_IDS => Err(bad(
            ExportMistake::TooManyIds,
            if matches!(name, "external_ids" | "user_aliases") {
                "The max number of external_ids and aliases per request was exceeded"
            } else {
                "The max number of ids per request was exceeded"
            },
        )),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(bad(ExportMistake::Field, format!("'{name}' must be an array"))),
    }
}

fn string<'a>(value: &'a Value, name: &str) -> Result<&'a str, ExportError> {
    value.as_str().ok_or_else(|| bad(ExportMistake::Field, format!("'{name}' must be text")))
}

fn text_or_integer(value: &Value, name: &str) -> Result<String, ExportError> {
    match value {
        Value::Number(number) if profile_model::is_integer(number) => Ok(number.to_string()),
        other => string(other, name).map(str::to_owned),
    }
}
