//! `POST /users/alias/new` and `/users/alias/update` (`ALN-*`, `ALU-*`).

use serde_json::{Value, json};

use super::{IdentityFault, Parsed, TOO_MANY_ALIASES, external_id, members, only_array, present};
use crate::{Alias, ObjectFault, Target, parse_track::read_alias};

/// A new alias, for an existing user or for a new profile.
#[derive(Clone, Debug)]
pub struct NewAlias {
    /// Its index in `user_aliases`.
    pub index: u32,
    /// Whose; `None`: a profile of its own (`ALN-2`).
    pub external_id: Option<String>,
    /// The alias.
    pub alias: Alias,
}

/// Reads the body of `alias/new`.
///
/// # Errors
/// [`IdentityFault`].
pub fn parse_new_aliases(body: &Value) -> Result<Parsed<NewAlias>, IdentityFault> {
    let elements = only_array(body, "user_aliases", TOO_MANY_ALIASES)?;
    let mut parsed = Parsed::default();
    parsed.read("user_aliases", elements, |index, element| {
        let named = present(members(element)?, "external_id").map(external_id).transpose()?;
        let fields = "'alias_label' and 'alias_name' must be non-empty strings of at most 987 bytes";
        Ok(NewAlias { index, external_id: named, alias: pair(element, fields)? })
    });
    Ok(parsed)
}

/// A new name under a label.
#[derive(Clone, Debug)]
pub struct AliasUpdate {
    /// Its index in `alias_updates`.
    pub index: u32,
    /// As it is.
    pub from: Alias,
    /// As it shall be.
    pub to: Alias,
}

/// Reads the body of `alias/update`.
///
/// # Errors
/// [`IdentityFault`].
pub fn parse_alias_updates(body: &Value) -> Result<Parsed<AliasUpdate>, IdentityFault> {
    let elements = only_array(body, "alias_updates", TOO_MANY_ALIASES)?;
    let mut parsed = Parsed::default();
    parsed.read("alias_updates", elements, |index, element| {
        let element = members(element)?;
        let named = |name: &str| {
            let text = |key: &str| present(element, key).cloned().unwrap_or_default();
            let pair = json!({"alias_label": text("alias_label"), "alias_name": text(name)});
            let fields =
                "'alias_label', 'old_alias_name' and 'new_alias_name' must be non-empty strings of at most 987 bytes";
            self::pair(&pair, fields)
        };
        Ok(AliasUpdate { index, from: named("old_alias_name")?, to: named("new_alias_name")? })
    });
    Ok(parsed)
}

/// The alias of an element whose fields are those of the call: `malformed` names them.
fn pair(element: &Value, malformed: &str) -> Result<Alias, String> {
    match read_alias(element) {
        Ok(Target::Alias(alias)) => Ok(alias),
        Err(ObjectFault::NulCharacter) => Err(ObjectFault::NulCharacter.message().to_owned()),
        _ => Err(malformed.to_owned()),
    }
}
