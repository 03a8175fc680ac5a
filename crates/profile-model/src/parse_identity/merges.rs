//! `POST /users/merge` (`MRG-*`): one bad update refuses the request, with Braze's texts.

use serde_json::Value;

use super::{IdentityFault, MAX_IDENTITY_ITEMS, Selector};
use crate::Settings;

const NOT_AN_ARRAY: IdentityFault = IdentityFault::Quoted("'merge_updates' must be an array of objects");
const TOO_MANY: IdentityFault =
    IdentityFault::Quoted("a single request may not contain more than 50 merge updates");
const WRONG_KEYS: IdentityFault =
    IdentityFault::Quoted("'merge_updates' must only have 'identifier_to_merge' and 'identifier_to_keep'");
const BAD_IDENTIFIER: IdentityFault = IdentityFault::Quoted(
    "identifiers must be objects with an 'external_id' property that is a string, 'user_alias' property that is an \
     object, 'email' property that is a string, or 'phone' property that is a string",
);

/// One update: the first becomes part of the second.
#[derive(Clone, Debug)]
pub struct Merge {
    /// Its index in `merge_updates`.
    pub index: u32,
    /// `identifier_to_merge`
    pub removed: Selector,
    /// `identifier_to_keep`
    pub kept: Selector,
}

/// Reads the body.
///
/// # Errors
/// [`IdentityFault`] with the texts of `MRG-3`; a prioritization or identifier that is malformed in a way Braze has
/// no text for gets one of ours.
pub fn parse_merges(body: &Value, settings: &Settings) -> Result<Vec<Merge>, IdentityFault> {
    let Some(Value::Array(updates)) = body.get("merge_updates") else { return Err(NOT_AN_ARRAY) };
    if updates.is_empty() || updates.iter().any(|update| !update.is_object()) {
        return Err(NOT_AN_ARRAY);
    }
    if updates.len() > MAX_IDENTITY_ITEMS {
        return Err(TOO_MANY);
    }
    (0u32..)
        .zip(updates)
        .map(|(index, update)| {
            let object = update.as_object().ok_or(NOT_AN_ARRAY)?;
            let expected =
                |name: &String| matches!(name.as_str(), "identifier_to_merge" | "identifier_to_keep");
            if object.len() != 2 || !object.keys().all(expected) {
                return Err(WRONG_KEYS);
            }
            let side = |name: &str| {
                let identifier = object.get(name).and_then(Value::as_object).ok_or(BAD_IDENTIFIER)?;
                let selector = Selector::of_merge(identifier, settings).ok_or(BAD_IDENTIFIER)?;
                selector.map_err(|text| IdentityFault::Ours(format!("merge_updates[{index}].{name}: {text}")))
            };
            Ok(Merge { index, removed: side("identifier_to_merge")?, kept: side("identifier_to_keep")? })
        })
        .collect()
}
