//! Whom one side of an identity operation names.

use serde_json::{Map, Value};

use super::{alias, external_id, present};
use crate::{Email, Kind, ObjectFault, Phone, Settings, Target};

/// One element of a `prioritization` array (`PRI-2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// With an external id.
    Identified,
    /// Without one.
    Unidentified,
    /// The one updated last.
    MostRecentlyUpdated,
    /// The one updated first.
    LeastRecentlyUpdated,
}

impl Priority {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "identified" => Self::Identified,
            "unidentified" => Self::Unidentified,
            "most_recently_updated" => Self::MostRecentlyUpdated,
            "least_recently_updated" => Self::LeastRecentlyUpdated,
            _ => return None,
        })
    }
}

/// An identifier, and for shared ones how to choose among several holders.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    /// The identifier.
    pub target: Target,
    /// Applied in order (`PRI-4`); empty for identifiers that name one profile.
    pub priorities: Vec<Priority>,
}

impl Selector {
    /// A selector of one unique identifier.
    #[must_use]
    pub const fn of(target: Target) -> Self {
        Self { target, priorities: Vec::new() }
    }

    /// Reads `{"email","prioritization"}` or `{"phone","prioritization"}`.
    pub(super) fn by_address(
        object: &Map<String, Value>,
        kind: Kind,
        settings: &Settings,
        allow_least: bool,
    ) -> Result<Self, String> {
        let (name, fault) = match kind {
            Kind::Phone => ("phone", ObjectFault::BadPhoneValue),
            _ => ("email", ObjectFault::BadEmail),
        };
        let Some(Value::String(text)) = present(object, name) else { return Err(fault.message().to_owned()) };
        let target = match kind {
            Kind::Phone => Target::Phone(Phone::parse(text, &settings.phone_region).phone),
            _ => Target::Email(Email::parse(text).ok_or_else(|| fault.message().to_owned())?),
        };
        Ok(Self { target, priorities: priorities(object, allow_least)? })
    }

    /// Reads exactly one of `external_id`, `user_alias`, `email`, `phone` (`MRG-2`).
    pub(super) fn of_merge(object: &Map<String, Value>, settings: &Settings) -> Option<Result<Self, String>> {
        let mut named = ["external_id", "user_alias", "email", "phone"]
            .into_iter()
            .filter_map(|name| present(object, name).map(|value| (name, value)));
        let (name, value) = named.next()?;
        if named.next().is_some() {
            return None;
        }
        Some(match (name, value) {
            ("external_id", Value::String(_) | Value::Number(_)) => {
                external_id(value).map(|id| Self::of(Target::ExternalId(id)))
            }
            ("user_alias", Value::Object(_)) => alias(value).map(|alias| Self::of(Target::Alias(alias))),
            ("email", Value::String(_)) => Self::by_address(object, Kind::Email, settings, true),
            ("phone", Value::String(_)) => Self::by_address(object, Kind::Phone, settings, true),
            _ => return None,
        })
    }
}

/// `PRI-1`..`PRI-3`.
fn priorities(object: &Map<String, Value>, allow_least: bool) -> Result<Vec<Priority>, String> {
    let Some(Value::Array(words)) = present(object, "prioritization") else {
        return Err("'prioritization' is required with 'email' or 'phone' and must be an array".into());
    };
    let read = |word: &Value| word.as_str().and_then(Priority::parse);
    let read: Option<Vec<_>> = words.iter().map(read).collect();
    let known = read.filter(|read| allow_least || !read.contains(&Priority::LeastRecentlyUpdated));
    let Some(read) = known else {
        let least = if allow_least { ", 'least_recently_updated'" } else { "" };
        return Err(format!(
            "'prioritization' may only hold 'identified', 'unidentified', 'most_recently_updated'{least}"
        ));
    };
    if read.contains(&Priority::Identified) && read.contains(&Priority::Unidentified) {
        return Err("'prioritization' must not hold both 'identified' and 'unidentified'".into());
    }
    Ok(read)
}
