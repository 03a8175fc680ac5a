//! The type of a stored value.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::nested;
use crate::{Zone, parse_time};

/// Type of a stored custom attribute, inferred per value (`CAT-1`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DataType {
    /// `true` or `false`.
    Boolean,
    /// Integer or decimal.
    Number,
    /// Text that is not a time.
    String,
    /// Text in one of the formats of [`parse_time`], or a `$time` object.
    Time,
    /// Array of scalars, the empty one included.
    Array,
    /// Nested object.
    Object,
    /// Array of objects.
    #[serde(rename = "Object Array")]
    ObjectArray,
}

impl DataType {
    /// The wire word of `/custom_attributes` (section 2.15).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Boolean => "Boolean",
            Self::Number => "Number",
            Self::String => "String",
            Self::Time => "Time",
            Self::Array => "Array",
            Self::Object => "Object",
            Self::ObjectArray => "Object Array",
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The type of a stored value; `None` for what is never stored (`null`, broken text).
#[must_use]
pub fn data_type(value: &RawValue) -> Option<DataType> {
    let text = value.get();
    match text.as_bytes().first()? {
        b't' | b'f' => Some(DataType::Boolean),
        b'-' | b'0'..=b'9' => Some(DataType::Number),
        b'"' => {
            let text: std::borrow::Cow<'_, str> = serde_json::from_str(text).ok()?;
            Some(if parse_time(&text, &Zone::utc()).is_some() { DataType::Time } else { DataType::String })
        }
        b'[' => {
            Some(if text.as_bytes().get(1) == Some(&b'{') { DataType::ObjectArray } else { DataType::Array })
        }
        b'{' => match serde_json::from_str(text).ok()? {
            Value::Object(entries) if nested::marked_time(&entries).is_some() => Some(DataType::Time),
            _ => Some(DataType::Object),
        },
        _ => None,
    }
}
