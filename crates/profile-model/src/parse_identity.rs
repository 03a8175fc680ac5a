//! Bodies of the identity calls: identify, merge, aliases, delete, rename, remove. From JSON to commands.
//!
//! A body that is wrong as a whole is refused; a malformed element of an array is reported with its index and the rest
//! goes on, except for merges, where Braze refuses the whole request (`MRG-3`).

use serde_json::{Map, Value};

use crate::{Alias, ObjectFault, Target};

mod aliases;
mod delete;
mod external_ids;
mod identify;
mod merges;
mod selector;

pub use aliases::{AliasUpdate, NewAlias, parse_alias_updates, parse_new_aliases};
pub use delete::{Delete, DeleteArray, Deletes, parse_delete};
pub use external_ids::{Rename, parse_removals, parse_renames};
pub use identify::{Identify, IdentifyArray, parse_identify};
pub use merges::{Merge, parse_merges};
pub use selector::{Priority, Selector};

/// Most elements of one identity request, over all its arrays (`IDF-1`, `MRG-1`, `ALN-1`, `DEL-1`, `REN-1`).
pub const MAX_IDENTITY_ITEMS: usize = 50;

/// Why a body as a whole is refused (400).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityFault {
    /// A text that the documentation quotes.
    #[error("{0}")]
    Quoted(&'static str),
    /// A text of ours; names the field.
    #[error("{0}")]
    Ours(String),
}

/// Section 0.1: more than 50 aliases.
const TOO_MANY_ALIASES: IdentityFault =
    IdentityFault::Quoted("The max number of external_ids and aliases per request was exceeded");

/// Section 0.1: more than 50 ids.
const TOO_MANY_IDS: IdentityFault = IdentityFault::Quoted("The max number of ids per request was exceeded");

/// A problem with one element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementError {
    /// Which array.
    pub array: &'static str,
    /// Zero-based index there.
    pub index: u32,
    /// What is wrong; names the field, never its value.
    pub message: String,
}

/// Elements that can be worked on, and problems of the others.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// Acceptable elements, in order.
    pub items: Vec<T>,
    /// Problems, in order.
    pub errors: Vec<ElementError>,
}

impl<T> Default for Parsed<T> {
    fn default() -> Self {
        Self { items: Vec::new(), errors: Vec::new() }
    }
}

impl<T> Parsed<T> {
    fn read(
        &mut self,
        array: &'static str,
        elements: &[Value],
        mut read: impl FnMut(u32, &Value) -> Result<T, String>,
    ) {
        for (index, element) in (0u32..).zip(elements) {
            match read(index, element) {
                Ok(item) => self.items.push(item),
                Err(message) => self.errors.push(ElementError { array, index, message }),
            }
        }
    }
}

fn object(body: &Value) -> Result<&Map<String, Value>, IdentityFault> {
    body.as_object().ok_or_else(|| IdentityFault::Ours("the body must be a JSON object".into()))
}

/// The array under `name`; absent or `null`: none.
fn array<'v>(body: &'v Map<String, Value>, name: &'static str) -> Result<Option<&'v [Value]>, IdentityFault> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(elements)) => Ok(Some(elements)),
        Some(_) => Err(IdentityFault::Ours(format!("'{name}' must be an array"))),
    }
}

/// The only array of a call: present and not empty.
fn only_array<'v>(
    body: &'v Value,
    name: &'static str,
    too_many: IdentityFault,
) -> Result<&'v [Value], IdentityFault> {
    let elements = array(object(body)?, name)?.unwrap_or_default();
    if elements.is_empty() {
        return Err(IdentityFault::Ours(format!("'{name}' must be an array with at least one element")));
    }
    if elements.len() > MAX_IDENTITY_ITEMS {
        return Err(too_many);
    }
    Ok(elements)
}

fn members(element: &Value) -> Result<&Map<String, Value>, String> {
    element.as_object().ok_or_else(|| ObjectFault::NotAnObject.message().to_owned())
}

fn present<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.get(name).filter(|value| !value.is_null())
}

/// An external id with the limits and texts of track.
fn external_id(value: &Value) -> Result<String, String> {
    match crate::parse_track::read_external_id(value.clone()) {
        Ok(Target::ExternalId(id)) => Ok(id),
        Ok(_) => Err(ObjectFault::BadExternalId.message().to_owned()),
        Err(fault) => Err(fault.message().to_owned()),
    }
}

/// An alias with the limits and texts of track.
fn alias(value: &Value) -> Result<Alias, String> {
    match crate::parse_track::read_alias(value) {
        Ok(Target::Alias(alias)) => Ok(alias),
        Ok(_) => Err(ObjectFault::BadUserAlias.message().to_owned()),
        Err(fault) => Err(fault.message().to_owned()),
    }
}

#[cfg(test)]
mod tests;
