//! The custom attributes of one profile.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

mod split;

/// The custom attributes of one profile: attribute name to canonical JSON text.
///
/// Values stay text: a document is the stored text, where its parts are, and what was set since. Attributes nobody
/// touches are copied and not parsed, and a clone shares the text. At most one value per name, names in byte order, no
/// value is `null`. `Debug` shows the names only.
#[derive(Clone, Default)]
pub struct Document {
    /// What was read; parts point into it.
    source: Arc<str>,
    /// Sorted by name.
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    name: Part,
    value: Part,
}

impl Entry {
    /// Where it stands in the source as a whole, from the quote before the name to the end of the value, if it does and
    /// without a blank.
    const fn span(&self) -> Option<(usize, usize)> {
        match (&self.name, &self.value) {
            (Part::Source { start, end: name_end }, Part::Source { start: value_start, end })
                if *value_start == *name_end + 2 =>
            {
                Some((*start - 1, *end))
            }
            _ => None,
        }
    }
}

/// A piece of text: a range of the source, or set since.
#[derive(Clone)]
enum Part {
    Source { start: usize, end: usize },
    Own(Box<str>),
}

impl Part {
    /// The text; empty if the range is not of this source, which no code here makes happen.
    fn text<'a>(&'a self, source: &'a str) -> &'a str {
        match self {
            Self::Source { start, end } => source.get(*start..*end).unwrap_or_default(),
            Self::Own(text) => text,
        }
    }
}

impl Document {
    /// Reads what [`Document::to_json`] wrote (trusted: values are taken to be canonical).
    ///
    /// # Errors
    /// If the text is not a JSON object.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let mut entries = split::members(text)?;
        if !entries.is_sorted_by(|left, right| left.name.text(text) < right.name.text(text)) {
            // Not ours: a restored or hand-written row. The last of equal names wins, as in any JSON reader.
            entries.reverse();
            entries.sort_by(|left, right| left.name.text(text).cmp(right.name.text(text)));
            entries.dedup_by(|left, right| left.name.text(text) == right.name.text(text));
        }
        Ok(Self { source: text.into(), entries })
    }

    /// A JSON object with the names in byte order and no blanks.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::with_capacity(self.source.len() + 64);
        json.push('{');
        let mut entries = self.entries.iter().peekable();
        while let Some(entry) = entries.next() {
            if json.len() > 1 {
                json.push(',');
            }
            match entry.span() {
                Some((start, mut end)) => {
                    // Neighbours in the source are copied in one go.
                    while let Some((next, next_end)) = entries.peek().and_then(|next| next.span())
                        && next == end + 1
                    {
                        end = next_end;
                        entries.next();
                    }
                    json.push_str(self.source.get(start..end).unwrap_or_default());
                }
                None => {
                    push_string(&mut json, entry.name.text(&self.source));
                    json.push(':');
                    json.push_str(entry.value.text(&self.source));
                }
            }
        }
        json.push('}');
        json
    }

    /// Whether it holds the attribute.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// The value of an attribute as JSON text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.text(name).and_then(|text| serde_json::from_str(text).ok())
    }

    /// [`Document::get`] as plain text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let entry = self.entries.get(self.find(name).ok()?)?;
        Some(entry.value.text(&self.source))
    }

    /// Sets an attribute to a canonical value; `null` removes it. Whether anything changed: equal text is no change.
    pub fn set(&mut self, name: &str, value: &Value) -> bool {
        match value {
            Value::Null => self.remove(name),
            Value::Number(number) => self.set_text(name, number.as_str()),
            Value::String(text) => {
                let mut json = String::with_capacity(text.len() + 2);
                push_string(&mut json, text);
                self.set_text(name, json)
            }
            other => self.set_text(name, other.to_string()),
        }
    }

    /// [`Document::set`] with the text at hand; it must be canonical and not `null`.
    pub fn set_raw(&mut self, name: &str, value: &RawValue) -> bool {
        self.set_text(name, value.get())
    }

    /// Sets an attribute to canonical JSON text that is not `null`.
    pub(crate) fn set_text(&mut self, name: &str, value: impl AsRef<str> + Into<Box<str>>) -> bool {
        match self.find(name) {
            Ok(index) => match self.entries.get_mut(index) {
                Some(entry) if entry.value.text(&self.source) != value.as_ref() => {
                    entry.value = Part::Own(value.into());
                    true
                }
                _ => false,
            },
            Err(index) => {
                self.entries
                    .insert(index, Entry { name: Part::Own(name.into()), value: Part::Own(value.into()) });
                true
            }
        }
    }

    /// Removes an attribute; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let found = self.find(name);
        if let Ok(index) = found {
            self.entries.remove(index);
        }
        found.is_ok()
    }

    /// Names and values in byte order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.texts().filter_map(|(name, value)| Some((name, serde_json::from_str(value).ok()?)))
    }

    /// [`Document::iter`] with the values as plain text.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.entries.iter().map(|entry| (entry.name.text(&self.source), entry.value.text(&self.source)))
    }

    /// Number of attributes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where the name is, or would be.
    fn find(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.name.text(&self.source).cmp(name))
    }
}

/// Most texts are plain; only those that need escapes take the general way.
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
        self.texts().eq(other.texts())
    }
}

impl Eq for Document {}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.texts().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests;
