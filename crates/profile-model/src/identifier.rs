//! Identifiers: the kinds, the normalised key a profile is found by, and what one request object names.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Address, AddressKind, Email, LINE_ALIAS_LABEL, LineUserId, Phone, ProfileId};

/// Longest external id, alias label, alias name, email, phone or LINE id, in bytes (`EXTERNAL_USER_ID_TOO_LARGE`).
pub const MAX_IDENTIFIER_BYTES: usize = 987;

/// Longest alias label and name together, in bytes (so that the key fits a PostgreSQL index page).
pub const MAX_ALIAS_BYTES: usize = 2_000;

/// What kind of identifier a key is. The number is stored; never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Customer's id; unique, one namespace with deprecated and merged ids.
    ExternalId = 1,
    /// Pair of label and name; unique (`ID-12`).
    Alias = 2,
    /// Shared: any number of profiles.
    Email = 3,
    /// Shared, E.164.
    Phone = 4,
    /// Shared (`LIN-13`).
    LineId = 5,
    /// `braze_id` of a profile that was merged into the holder (`MID`); unique.
    MergedId = 6,
}

impl Kind {
    /// Whether at most one profile may hold a key of this kind.
    #[must_use]
    pub const fn is_unique(self) -> bool {
        matches!(self, Self::ExternalId | Self::Alias | Self::MergedId)
    }

    /// The wire word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExternalId => "external_id",
            Self::Alias => "user_alias",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::LineId => "native_line_id",
            Self::MergedId => "braze_id",
        }
    }

    /// Reads the stored number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::ExternalId,
            2 => Self::Alias,
            3 => Self::Email,
            4 => Self::Phone,
            5 => Self::LineId,
            6 => Self::MergedId,
            _ => return None,
        })
    }
}

/// An alias: at most one name per label on a profile, the pair unique in the workspace.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Alias {
    /// `alias_label`.
    #[serde(rename = "alias_label")]
    pub label: String,
    /// `alias_name`, case-sensitive.
    #[serde(rename = "alias_name")]
    pub name: String,
}

impl Alias {
    /// The alias a follower's profile carries (`LIN-12`).
    #[must_use]
    pub fn line(id: &LineUserId) -> Self {
        Self { label: LINE_ALIAS_LABEL.to_owned(), name: id.as_str().to_owned() }
    }

    /// The LINE id this alias claims, if it is a `line_id` alias of LINE's form.
    #[must_use]
    pub fn as_line_id(&self) -> Option<LineUserId> {
        (self.label == LINE_ALIAS_LABEL).then(|| LineUserId::from_line(&self.name)).flatten()
    }
}

impl fmt::Debug for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Alias({}:..)", self.label)
    }
}

/// One row of the look-up table: what a profile is found by, normalised. `label` is empty but for aliases.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Kind of identifier.
    pub kind: Kind,
    /// Alias label, else empty.
    pub label: Box<str>,
    /// Normalised value; compared by bytes.
    pub value: Box<str>,
}

impl Key {
    fn plain(kind: Kind, value: &str) -> Self {
        Self { kind, label: "".into(), value: value.into() }
    }

    /// The first sixteen bytes of label and value as a number that orders keys of one kind as they are ordered, as far
    /// as it goes: equal numbers say nothing. Neither text holds U+0000, which parts them here.
    pub(crate) fn first_bytes(&self) -> u128 {
        let mut first = [0; 16];
        let texts = self.label.bytes().chain([0]).chain(self.value.bytes());
        for (into, byte) in first.iter_mut().zip(texts) {
            *into = byte;
        }
        u128::from_be_bytes(first)
    }

    /// Key of an external id (primary, deprecated or merged).
    #[must_use]
    pub fn external_id(value: &str) -> Self {
        Self::plain(Kind::ExternalId, value)
    }

    /// Key of an alias pair.
    #[must_use]
    pub fn alias(alias: &Alias) -> Self {
        Self { kind: Kind::Alias, label: alias.label.as_str().into(), value: alias.name.as_str().into() }
    }

    /// Key of an email address: trimmed, lower case (`OPEN-9`).
    #[must_use]
    pub fn email(email: &Email) -> Self {
        Self::plain(Kind::Email, &email.key)
    }

    /// Key of a phone number; `None` for one that is not a valid number (`ID-7`).
    #[must_use]
    pub fn phone(phone: &Phone) -> Option<Self> {
        phone.key().map(|e164| Self::plain(Kind::Phone, e164))
    }

    /// Key of whoever holds an address.
    #[must_use]
    pub fn address(address: &Address) -> Self {
        let kind = match address.kind {
            AddressKind::Email => Kind::Email,
            AddressKind::Phone => Kind::Phone,
        };
        Self::plain(kind, &address.value)
    }

    /// Key by which the survivor of a merge is found under the `braze_id` that was merged away.
    #[must_use]
    pub fn merged(id: ProfileId) -> Self {
        Self::plain(Kind::MergedId, &id.to_string())
    }

    /// Key of a LINE id.
    #[must_use]
    pub fn line_id(id: &LineUserId) -> Self {
        Self::plain(Kind::LineId, id.as_str())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, ..)", self.kind)
    }
}

impl Serialize for Key {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.kind as u8, &self.label, &self.value).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (kind, label, value) = Deserialize::deserialize(deserializer)?;
        let kind = Kind::from_number(kind).ok_or_else(|| serde::de::Error::custom("no such kind of key"))?;
        Ok(Self { kind, label, value })
    }
}

/// What one request object or CSV row names (`ID-1`..`ID-5`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Primary.
    ExternalId(String),
    /// Primary.
    Alias(Alias),
    /// Primary; `None`: text that cannot be one of ours, so nobody.
    BrazeId(Option<ProfileId>),
    /// Secondary: only without a primary; email before phone (`ID-4`).
    Email(Email),
    /// Secondary; always a valid number (`ID-7`).
    Phone(Phone),
}

impl Target {
    /// Text that is the same for equal identifiers, for counting.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::BrazeId(id) => format!("braze_id:{id:?}"),
            other => other
                .key()
                .map_or_else(String::new, |key| format!("{}:{}:{}", key.kind as u8, key.label, key.value)),
        }
    }

    /// The identifier as a request names it: `("external_id", "x")`, `("user_alias", {..})`, ...
    #[must_use]
    pub fn as_sent(&self) -> (&'static str, Value) {
        match self {
            Self::ExternalId(id) => ("external_id", json!(id)),
            Self::Alias(alias) => ("user_alias", json!(alias)),
            Self::BrazeId(id) => ("braze_id", json!(id)),
            Self::Email(email) => ("email", json!(email.written)),
            Self::Phone(phone) => ("phone", json!(phone.written)),
        }
    }

    /// The look-up key; `None` for a `braze_id`, which is loaded by id.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        match self {
            Self::ExternalId(value) => Some(Key::external_id(value)),
            Self::Alias(alias) => Some(Key::alias(alias)),
            Self::BrazeId(_) => None,
            Self::Email(email) => Some(Key::email(email)),
            Self::Phone(phone) => Key::phone(phone),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> impl Strategy<Value = Key> {
        // Few letters, short and long: many keys share a beginning.
        let text = || prop_oneof!["[a-c]{0,3}", "line_id", "[a-b\u{e9}\u{3042}]{10,20}"];
        (prop_oneof![Just(Kind::Alias), Just(Kind::Email)], text(), text())
            .prop_map(|(kind, label, value)| Key { kind, label: label.into(), value: value.into() })
    }

    proptest! {
        #[test]
        fn first_bytes_never_contradict_the_order(left in key(), right in key()) {
            let first = |key: &Key| (key.kind, key.first_bytes());
            prop_assert!(first(&left).cmp(&first(&right)).then_with(|| left.cmp(&right)) == left.cmp(&right));
        }
    }
}
