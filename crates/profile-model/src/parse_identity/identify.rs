//! `POST /users/identify` (`IDF-*`).

use serde_json::Value;

use super::{
    IdentityFault, MAX_IDENTITY_ITEMS, Parsed, Selector, TOO_MANY_ALIASES, alias, array, external_id,
};
use super::{members, object, present};
use crate::{Filling, Kind, ObjectFault, Settings, Target};

/// Which array an element stood in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentifyArray {
    /// `aliases_to_identify`
    Aliases,
    /// `emails_to_identify`
    Emails,
    /// `phone_numbers_to_identify`
    Phones,
}

impl IdentifyArray {
    const ALL: [Self; 3] = [Self::Aliases, Self::Emails, Self::Phones];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aliases => "aliases_to_identify",
            Self::Emails => "emails_to_identify",
            Self::Phones => "phone_numbers_to_identify",
        }
    }
}

/// One element: make whoever is named the user with this external id.
#[derive(Clone, Debug)]
pub struct Identify {
    /// Where it stood.
    pub array: IdentifyArray,
    /// Its index there.
    pub index: u32,
    /// The anonymous profile.
    pub who: Selector,
    /// Whose it shall be.
    pub external_id: String,
    /// Whether the identified profile's gaps are filled (`IDF-13`).
    pub filling: Filling,
}

/// Reads the body.
///
/// # Errors
/// [`IdentityFault`]: nothing of it may be done.
pub fn parse_identify(body: &Value, settings: &Settings) -> Result<Parsed<Identify>, IdentityFault> {
    let body = object(body)?;
    let arrays = IdentifyArray::ALL.map(|name| array(body, name.as_str()).map(|elements| (name, elements)));
    let filling = match present(body, "merge_behavior") {
        None => Filling::Gaps,
        Some(Value::String(word)) if word == "merge" => Filling::Gaps,
        Some(Value::String(word)) if word == "none" => Filling::Nothing,
        Some(_) => return Err(IdentityFault::Ours("'merge_behavior' must be 'merge' or 'none'".into())),
    };
    let mut parsed = Parsed::default();
    let mut count = 0;
    for read in arrays {
        let (name, elements) = read?;
        let elements = elements.unwrap_or_default();
        count += elements.len();
        if count > MAX_IDENTITY_ITEMS {
            return Err(TOO_MANY_ALIASES);
        }
        parsed.read(name.as_str(), elements, |index, element| {
            let element = members(element)?;
            let external_id = external_id(present(element, "external_id").unwrap_or(&Value::Null))?;
            let who = match name {
                IdentifyArray::Aliases => {
                    let named = present(element, "user_alias");
                    let named = named.ok_or_else(|| ObjectFault::BadUserAlias.message().to_owned())?;
                    Selector::of(Target::Alias(alias(named)?))
                }
                IdentifyArray::Emails => Selector::by_address(element, Kind::Email, settings, true)?,
                IdentifyArray::Phones => Selector::by_address(element, Kind::Phone, settings, true)?,
            };
            Ok(Identify { array: name, index, who, external_id, filling })
        });
    }
    if count == 0 {
        return Err(IdentityFault::Ours(
            "'aliases_to_identify', 'emails_to_identify' or 'phone_numbers_to_identify' must hold at least one element"
                .into(),
        ));
    }
    Ok(parsed)
}
