//! Members of any JSON object, by the JSON library.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Entry, Part};

/// The members of the object in order, as ranges of the text; names that hold escapes are written out.
pub(super) fn members(text: &str) -> Result<Vec<Entry>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let entries = deserializer.deserialize_map(Members { text })?;
    deserializer.end()?;
    Ok(entries)
}

struct Members<'a> {
    text: &'a str,
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of custom attributes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let outside = || A::Error::custom("a part that is not of the text");
        let mut entries = Vec::with_capacity(12);
        while let Some(name) = members.next_key::<Name<'de>>()? {
            let name = match name {
                Name::Plain(name) => self.part(name).ok_or_else(outside)?,
                Name::Escaped(name) => Part::Own(name),
            };
            let value = members.next_value::<&'de RawValue>()?;
            entries.push(Entry { name, value: self.part(value.get()).ok_or_else(outside)? });
        }
        Ok(entries)
    }
}

impl Members<'_> {
    fn part(&self, part: &str) -> Option<Part> {
        let start = part.as_ptr().addr().checked_sub(self.text.as_ptr().addr())?;
        let end = start.checked_add(part.len())?;
        (end <= self.text.len()).then_some(Part::Source { start, end })
    }
}

/// A member's name, borrowed if its text is the name.
enum Name<'de> {
    Plain(&'de str),
    Escaped(Box<str>),
}

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name::Plain(name))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name::Escaped(name.into()))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}
