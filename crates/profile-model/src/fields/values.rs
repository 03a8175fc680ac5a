//! The standard fields of one profile.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::FieldName;

/// Values of the standard fields of one profile, at most one per field, in the order of [`FieldName`]. Values are as
/// [`read_field`](crate::read_field) gives them and never `null`. `Debug` shows the names only.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields {
    values: BTreeMap<FieldName, Value>,
}

impl Fields {
    /// Reads what [`Fields::to_json`] wrote (trusted).
    ///
    /// # Errors
    /// If the text is not a JSON object of standard fields.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// A JSON object in the order of [`FieldName`], without blanks.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.values).unwrap_or_else(|_| "{}".to_owned())
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: FieldName) -> Option<&Value> {
        self.values.get(&name)
    }

    /// The value of a field that is text.
    #[must_use]
    pub fn text(&self, name: FieldName) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// Sets a field, `null` removes it; whether that changed it.
    pub fn set(&mut self, name: FieldName, value: &Value) -> bool {
        if value.is_null() {
            return self.remove(name);
        }
        match self.values.get_mut(&name) {
            Some(old) if old == value => false,
            Some(old) => {
                old.clone_from(value);
                true
            }
            None => self.values.insert(name, value.clone()).is_none(),
        }
    }

    /// Removes a field; whether it was there.
    pub fn remove(&mut self, name: FieldName) -> bool {
        self.values.remove(&name).is_some()
    }

    /// Fields that are set, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (FieldName, &Value)> {
        self.values.iter().map(|(name, value)| (*name, value))
    }

    /// Number of fields that are set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys().map(|name| name.as_str())).finish()
    }
}
