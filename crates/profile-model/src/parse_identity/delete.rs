//! `POST /users/delete` (`DEL-*`).

use serde_json::{Map, Value};

use super::{IdentityFault, MAX_IDENTITY_ITEMS, Parsed, Selector, TOO_MANY_IDS, alias, array, external_id};
use super::{members, object, present};
use crate::{Email, Kind, ObjectFault, Phone, ProfileId, Settings, Target};

/// Which array an element stood in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteArray {
    /// `external_ids`
    ExternalIds,
    /// `user_aliases`
    Aliases,
    /// `braze_ids`
    BrazeIds,
    /// `email_addresses`
    Emails,
    /// `phone_numbers`
    Phones,
}

impl DeleteArray {
    const ALL: [Self; 5] = [Self::ExternalIds, Self::Aliases, Self::BrazeIds, Self::Emails, Self::Phones];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExternalIds => "external_ids",
            Self::Aliases => "user_aliases",
            Self::BrazeIds => "braze_ids",
            Self::Emails => "email_addresses",
            Self::Phones => "phone_numbers",
        }
    }
}

/// One profile to erase.
#[derive(Clone, Debug)]
pub struct Delete {
    /// Where it stood.
    pub array: DeleteArray,
    /// Its index there.
    pub index: u32,
    /// Whom it names.
    pub who: Selector,
}

/// A deletion request, read.
#[derive(Clone, Debug)]
pub struct Deletes {
    /// Whom to erase.
    pub parsed: Parsed<Delete>,
    /// Whether every door refuses the erased identifiers from now on.
    pub suppress: bool,
}

/// Reads the body. Several arrays may be sent, 50 elements in all (`OPEN-6`).
///
/// # Errors
/// [`IdentityFault`].
pub fn parse_delete(body: &Value, settings: &Settings) -> Result<Deletes, IdentityFault> {
    let body = object(body)?;
    let suppress = match present(body, "suppress") {
        None => false,
        Some(Value::Bool(flag)) => *flag,
        Some(_) => return Err(IdentityFault::Ours("'suppress' must be true or false".into())),
    };
    let mut parsed = Parsed::default();
    let mut count = 0;
    for name in DeleteArray::ALL {
        let elements = array(body, name.as_str())?.unwrap_or_default();
        count += elements.len();
        if count > MAX_IDENTITY_ITEMS {
            return Err(TOO_MANY_IDS);
        }
        parsed.read(name.as_str(), elements, |index, element| {
            let who = match name {
                DeleteArray::ExternalIds => Selector::of(Target::ExternalId(external_id(element)?)),
                DeleteArray::Aliases => Selector::of(Target::Alias(alias(element)?)),
                DeleteArray::BrazeIds => {
                    let text = element.as_str().ok_or("'braze_ids' must be strings")?;
                    Selector::of(Target::BrazeId(ProfileId::parse(text)))
                }
                DeleteArray::Emails => address(element, Kind::Email, settings)?,
                DeleteArray::Phones => address(element, Kind::Phone, settings)?,
            };
            Ok(Delete { array: name, index, who })
        });
    }
    if count == 0 {
        return Err(IdentityFault::Ours(
            "'external_ids', 'user_aliases', 'braze_ids', 'email_addresses' or 'phone_numbers' must hold at least one \
             element"
                .into(),
        ));
    }
    Ok(Deletes { parsed, suppress })
}

/// An object with `prioritization`, or plain text: then it must have one holder (`DEL-2`).
fn address(element: &Value, kind: Kind, settings: &Settings) -> Result<Selector, String> {
    let Value::String(text) = element else {
        let element: &Map<String, Value> = members(element)?;
        return Selector::by_address(element, kind, settings, false);
    };
    Ok(Selector::of(match kind {
        Kind::Phone => Target::Phone(Phone::parse(text, &settings.phone_region).phone),
        _ => Target::Email(Email::parse(text).ok_or_else(|| ObjectFault::BadEmail.message().to_owned())?),
    }))
}
