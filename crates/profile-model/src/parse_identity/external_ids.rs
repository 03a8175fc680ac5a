//! `POST /users/external_ids/rename` and `/users/external_ids/remove` (`REN-*`, `REM-*`).

use serde_json::Value;

use super::{IdentityFault, Parsed, TOO_MANY_IDS, external_id, members, only_array, present};

/// A new primary external id.
#[derive(Clone, Debug)]
pub struct Rename {
    /// Its index in `external_id_renames`.
    pub index: u32,
    /// The primary one.
    pub from: String,
    /// What it shall be.
    pub to: String,
}

/// Reads the body of `rename`.
///
/// # Errors
/// [`IdentityFault`] (`REN-6`).
pub fn parse_renames(body: &Value) -> Result<Parsed<Rename>, IdentityFault> {
    let elements = only_array(body, "external_id_renames", TOO_MANY_IDS)?;
    let mut parsed = Parsed::default();
    parsed.read("external_id_renames", elements, |index, element| {
        let element = members(element)?;
        let named = |name: &str| {
            let value = present(element, name).unwrap_or(&Value::Null);
            external_id(value).map_err(|text| text.replace("external_id", name))
        };
        Ok(Rename { index, from: named("current_external_id")?, to: named("new_external_id")? })
    });
    Ok(parsed)
}

/// Reads the body of `remove`: deprecated ids with their indexes.
///
/// # Errors
/// [`IdentityFault`] (`REM-3`).
pub fn parse_removals(body: &Value) -> Result<Parsed<(u32, String)>, IdentityFault> {
    let elements = only_array(body, "external_ids", TOO_MANY_IDS)?;
    let mut parsed = Parsed::default();
    parsed.read("external_ids", elements, |index, element| Ok((index, external_id(element)?)));
    Ok(parsed)
}
