//! The custom attributes of one profile.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use serde_json::value::RawValue;

/// The custom attributes of one profile: attribute name to canonical JSON text.
///
/// Values stay text, so that attributes nobody touches are copied and not parsed. At most one value per name, names in
/// byte order, no value is `null`. `Debug` shows the names only.
#[derive(Clone, Default)]
pub struct Document {
    values: BTreeMap<Box<str>, Box<RawValue>>,
}

impl Document {
    /// Reads what [`Document::to_json`] wrote (trusted: values are taken to be canonical).
    ///
    /// # Errors
    /// If the text is not a JSON object.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        Ok(Self { values: serde_json::from_str(text)? })
    }

    /// A JSON object with the names in byte order and no blanks.
    #[must_use]
    pub fn to_json(&self) -> String {
        let length: usize = self.values.iter().map(|(name, value)| name.len() + value.get().len() + 4).sum();
        let mut json = String::with_capacity(length + 2);
        json.push('{');
        for (index, (name, value)) in self.values.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            push_string(&mut json, name);
            json.push(':');
            json.push_str(value.get());
        }
        json.push('}');
        json
    }

    /// The value of an attribute as JSON text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.values.get(name).map(Box::as_ref)
    }

    /// Sets an attribute to a canonical value; `null` removes it. Whether anything changed: equal text is no change.
    pub fn set(&mut self, name: &str, value: &Value) -> bool {
        if value.is_null() {
            return self.remove(name);
        }
        let Ok(text) = serde_json::value::to_raw_value(value) else { return false };
        self.set_raw(name, text)
    }

    /// [`Document::set`] with the text at hand; it must be canonical and not `null`.
    pub fn set_raw(&mut self, name: &str, value: Box<RawValue>) -> bool {
        match self.values.get_mut(name) {
            Some(old) if old.get() == value.get() => false,
            Some(old) => {
                *old = value;
                true
            }
            None => {
                self.values.insert(name.into(), value);
                true
            }
        }
    }

    /// Removes an attribute; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        self.values.remove(name).is_some()
    }

    /// Names and values in byte order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &RawValue)> {
        self.values.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// Number of attributes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// Names are mostly plain; only those that need escapes take the general way.
fn push_string(json: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        json.push_str(&Value::from(text).to_string());
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .zip(other.iter())
                .all(|(left, right)| left.0 == right.0 && left.1.get() == right.1.get())
    }
}

impl Eq for Document {}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::Document;
    use crate::canonicalize;

    #[test]
    fn untouched_attributes_are_copied_to_the_letter() {
        let stored = r#"{"a":12345678901234567890.10,"b":"é\u0001","n":{"z":[1]}}"#;
        let mut document = Document::parse(stored).unwrap();
        assert!(document.set("c", &json!(true)));
        assert_eq!(
            document.to_json(),
            r#"{"a":12345678901234567890.10,"b":"é\u0001","c":true,"n":{"z":[1]}}"#
        );
    }

    /// Design, section 4: `updated_at` does not move on a no-op, so a no-op must be told from a change.
    #[test]
    fn setting_and_removing_say_whether_anything_changed() {
        let mut document = Document::default();
        assert!(document.set("a", &json!("x")));
        assert!(!document.set("a", &json!("x")));
        assert!(document.set("a", &json!("y")));
        assert!(document.set("a", &Value::Null));
        assert!(!document.remove("a"));
        assert!(document.is_empty());
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        let mut document = Document::default();
        document.set("tier", &json!("secret"));
        assert_eq!(format!("{document:?}"), r#"{"tier"}"#);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["", "[]", "1", "null", "{\"a\":}"] {
            assert!(Document::parse(text).is_err(), "{text}");
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~é\\n山]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                btree_map("[a-z\"\\\\]{0,3}", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn parsing_what_was_written_gives_the_same_document(values in btree_map("[ -~\\x01-\\x1f山]{0,6}", any_value(), 0..8)) {
            let mut document = Document::default();
            for (name, value) in &values {
                document.set(name, &canonicalize(value.clone()).unwrap());
            }
            let text = document.to_json();
            let back = Document::parse(&text).unwrap();
            prop_assert_eq!(&back, &document);
            prop_assert_eq!(back.to_json(), text.clone());
            let as_value: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(as_value, Value::Object(values.into_iter().collect()));
        }
    }
}
