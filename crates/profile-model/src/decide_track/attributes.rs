//! Applying one attributes object (or CSV row) to its profile.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::FieldName;
use crate::fields::tokens;
use crate::{
    Attributes, Change, CustomOutcome, Document, GlobalState, Item, ItemError, Key, Keys, NameKind, Profile,
    ProfileId, Settings, StateOf, Target, Timestamp, Zone, apply_custom, catalogue::Names, custom::coerce,
    data_type, decide_duplicates::converge, draft::Draft,
};

use super::{address_of_email, address_of_phone, line_rules, remembered, states};

/// Shared values an object may write, and addresses whose states it sets.
pub(super) fn claim_keys(attributes: &Attributes, target: &Target, keys: &mut Keys) {
    let email = attributes.email.as_ref().and_then(Change::value).or(match target {
        Target::Email(email) => Some(email),
        _ => None,
    });
    let phone = attributes.phone.as_ref().and_then(Change::value).or(match target {
        Target::Phone(phone) => Some(phone),
        _ => None,
    });
    keys.claims.extend(email.map(Key::email));
    keys.claims.extend(phone.and_then(Key::phone));
    if let Some(Change::Set(line_id)) = &attributes.line_id {
        keys.claims.push(Key::line_id(line_id));
    }
    let says_states = attributes.email_subscribe.is_some() || !attributes.groups.is_empty();
    if says_states {
        keys.addresses.extend(email.map(address_of_email));
        keys.addresses.extend(phone.and_then(address_of_phone));
    }
}

/// Applies the object; whether it changed the profile or a state.
pub(super) fn apply(
    draft: &mut Draft<'_>,
    id: ProfileId,
    item: &Item,
    attributes: &Attributes,
    at: Timestamp,
    errors: &mut Vec<ItemError>,
) -> bool {
    let mut changed = false;
    let mut converging = Vec::new();
    // Whether something moved that may have kept a follower and a user apart.
    let mut fits = false;
    if let Some(email) = &attributes.email {
        fits |= draft.set_email(id, email.value(), at);
    }
    let opted_out = if remembered::touches_email(&item.target, Some(attributes)) {
        remembered::opted_out(draft, id, attributes.email_subscribe)
    } else {
        None
    };
    if let Some(email) = &attributes.email {
        states::move_own_email(draft, id, email.value(), at);
    } else if let Target::Email(email) = &item.target {
        states::move_own_email(draft, id, Some(email), at);
    }
    if let Some(phone) = &attributes.phone {
        fits |= draft.set_phone(id, phone.value(), at);
        states::move_own_phone(draft, id, phone.value(), at);
    }
    if let Some(line_id) = &attributes.line_id {
        if line_rules::contradicts_alias(&item.target, line_id) {
            errors.push(ItemError {
                array: item.array,
                index: item.index,
                message: "'native_line_id' contradicts the 'line_id' alias that names this user".to_owned(),
                rejected: false,
            });
        } else {
            let before = draft.profile(id).and_then(|profile| profile.line_id.clone());
            let moved = line_rules::set_line_id(draft, id, line_id.value(), at);
            changed |= moved;
            // Whom it left may be alone with a follower now.
            converging.extend(before.filter(|_| moved));
            converging.extend(line_id.value().cloned());
        }
    }
    let settings = Arc::clone(&draft.settings);
    let mut names = std::mem::take(&mut draft.names);
    let row = draft.edit(id, at, |profile| apply_row(profile, attributes, &settings, &mut names));
    draft.names = names;
    fits |= row && attributes.fields.iter().any(|(name, _)| *name == FieldName::Dob);
    if fits {
        converging.extend(draft.profile(id).and_then(|profile| profile.line_id.clone()));
    }
    changed |= row | fits;
    changed |= states::apply(draft, id, attributes, opted_out.is_some(), at);
    if let Some(address) = &opted_out {
        changed |= draft.set_state(address, StateOf::Global, GlobalState::Unsubscribed, at);
    }
    // Last, so that the image of a join shows the profile with everything this object said.
    for line_id in &converging {
        converge(draft, line_id, at);
    }
    changed
}

/// Fields that live on the row alone.
fn apply_row(profile: &mut Profile, attributes: &Attributes, settings: &Settings, names: &mut Names) -> bool {
    let mut changed = false;
    for (name, change) in &attributes.fields {
        changed |= match change {
            Change::Set(sent) if *name == FieldName::PushTokens => {
                let united = tokens::unite(profile.fields.get(*name), sent);
                profile.fields.set(*name, &united)
            }
            Change::Set(value) => profile.fields.set(*name, value),
            Change::Clear => profile.fields.remove(*name),
        };
    }
    for (name, value) in &attributes.custom {
        changed |= apply_named(&mut profile.custom, name, value, attributes.merge_objects, settings, names);
    }
    if let Some(push) = attributes.push_subscribe
        && profile.own.push != Some(push)
    {
        profile.own.push = Some(push);
        changed = true;
    }
    changed
}

/// One custom attribute, if the workspace takes it and as it wants it (`CAT-2`, `CAT-6`).
fn apply_named(
    custom: &mut Document,
    name: &str,
    value: &Value,
    merge_objects: bool,
    settings: &Settings,
    names: &mut Names,
) -> bool {
    if settings.blocklist.attributes.holds(name) {
        return false;
    }
    let forced = settings.forced_types.of(name);
    let Some(value) = forced.map_or(Some(Cow::Borrowed(value)), |forced| coerce(value, forced)) else {
        return false;
    };
    let is_new = !custom.contains(name);
    if apply_custom(custom, name, &value, merge_objects, &Zone::utc()) != CustomOutcome::Changed {
        return false;
    }
    if is_new {
        names.note(NameKind::Attribute, name, || forced.or_else(|| data_type(custom.get(name)?)));
    }
    true
}
