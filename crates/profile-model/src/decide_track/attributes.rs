//! Applying one attributes object (or CSV row) to its profile.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::FieldName;
use crate::fields::tokens;
use crate::{
    Address, AddressKind, Attributes, Change, CustomOutcome, Document, Email, GlobalState, GroupChannel,
    GroupState, Item, ItemError, Key, Keys, NameKind, Phone, Profile, ProfileId, Settings, StateOf, Target,
    Timestamp, Zone, apply_custom, catalogue::Names, custom::coerce, data_type, decide_duplicates::converge,
    draft::Draft,
};

use super::{address_of_email, address_of_phone, line_rules, remembered};

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
    if let Some(email) = &attributes.email {
        changed |= draft.set_email(id, email.value(), at);
    }
    let opted_out = if remembered::touches_email(&item.target, Some(attributes)) {
        remembered::opted_out(draft, id, attributes.email_subscribe)
    } else {
        None
    };
    if let Some(email) = &attributes.email {
        move_own_email_states(draft, id, email.value(), at);
    } else if let Target::Email(email) = &item.target {
        move_own_email_states(draft, id, Some(email), at);
    }
    if let Some(phone) = &attributes.phone {
        changed |= draft.set_phone(id, phone.value(), at);
        move_own_phone_states(draft, id, phone.value(), at);
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
    changed |= draft.edit(id, at, |profile| apply_row(profile, attributes, &settings, &mut names));
    draft.names = names;
    changed |= apply_states(draft, id, attributes, opted_out.is_some(), at);
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

/// States follow the address: one row for all who hold it (section 6.2, `TRK-13`). A profile without the address
/// keeps its own. Neither moves `updated_at` of anybody.
fn apply_states(
    draft: &mut Draft<'_>,
    id: ProfileId,
    attributes: &Attributes,
    opted_out: bool,
    at: Timestamp,
) -> bool {
    if attributes.email_subscribe.is_none() && attributes.groups.is_empty() {
        return false;
    }
    let Some(profile) = draft.profile(id) else { return false };
    let email = profile.email.as_ref().map(address_of_email);
    let phone = profile.phone.as_ref().and_then(address_of_phone);
    let mut changed = false;
    if let Some(said) = attributes.email_subscribe {
        let state = if opted_out { GlobalState::Unsubscribed } else { said };
        changed |= match &email {
            Some(address) => draft.set_state(address, StateOf::Global, state, at),
            None => draft.edit(id, at, |profile| profile.own.email.replace(state) != Some(state)),
        };
    }
    for group in &attributes.groups {
        let address = match group.channel {
            GroupChannel::Email => &email,
            GroupChannel::Sms | GroupChannel::Whatsapp => &phone,
            // LSB-1, LSB-2: only LINE writes these; parsing leaves them out, and so do we.
            GroupChannel::Line => continue,
        };
        changed |= match address {
            Some(address) => {
                draft.set_state(address, StateOf::Group(group.group), as_global(group.state), at)
            }
            None => draft.edit(id, at, |profile| {
                let own = match group.channel {
                    GroupChannel::Email => &mut profile.own.email_groups,
                    _ => &mut profile.own.phone_groups,
                };
                own.insert(group.group, group.state) != Some(group.state)
            }),
        };
    }
    changed
}

const fn as_global(state: GroupState) -> GlobalState {
    match state {
        GroupState::Subscribed => GlobalState::Subscribed,
        GroupState::Unsubscribed => GlobalState::Unsubscribed,
    }
}

/// A profile that gains its first address brings the states it held itself, where the address has none: an opt-out
/// given before the address was known is not lost.
fn move_own_email_states(draft: &mut Draft<'_>, id: ProfileId, email: Option<&Email>, at: Timestamp) {
    let (Some(email), Some(profile)) = (email, draft.profile(id)) else { return };
    let own = profile.own.clone();
    let states = own
        .email
        .map(|state| (StateOf::Global, state))
        .into_iter()
        .chain(own.email_groups.iter().map(|(group, state)| (StateOf::Group(*group), as_global(*state))));
    if move_states(
        draft,
        &Address { kind: AddressKind::Email, value: email.key.clone() },
        states.collect(),
        at,
    ) {
        draft.edit(id, at, |profile| {
            profile.own.email = None;
            profile.own.email_groups.clear();
            true
        });
    }
}

fn move_own_phone_states(draft: &mut Draft<'_>, id: ProfileId, phone: Option<&Phone>, at: Timestamp) {
    let (Some(address), Some(profile)) = (phone.and_then(address_of_phone), draft.profile(id)) else {
        return;
    };
    let own = profile.own.phone_groups.clone();
    let states = own.iter().map(|(group, state)| (StateOf::Group(*group), as_global(*state)));
    if move_states(draft, &address, states.collect(), at) {
        draft.edit(id, at, |profile| {
            profile.own.phone_groups.clear();
            true
        });
    }
}

fn move_states(
    draft: &mut Draft<'_>,
    address: &Address,
    states: Vec<(StateOf, GlobalState)>,
    at: Timestamp,
) -> bool {
    for (of, state) in &states {
        if draft.state(address, *of).is_none() {
            draft.set_state(address, *of, *state, at);
        }
    }
    !states.is_empty()
}
