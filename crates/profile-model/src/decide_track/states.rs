//! Subscription states that an object or a request sets. States follow the address: one row for all who hold it
//! (section 6.2, `TRK-13`). A profile without the address keeps its own.

use crate::{
    Address, AddressKind, Attributes, Email, GlobalState, GroupChange, Phone, Profile, ProfileId, StateOf,
    Timestamp, decide_identity::as_global, draft::Draft,
};

use super::{address_of_email, address_of_phone};

/// What the object says of states; whether anything changed. With `opted_out` somebody who was erased had opted the
/// address out, and that stands.
pub(super) fn apply(
    draft: &mut Draft<'_>,
    id: ProfileId,
    attributes: &Attributes,
    opted_out: bool,
    at: Timestamp,
) -> bool {
    let mut changed = false;
    if let Some(said) = attributes.email_subscribe {
        let state = if opted_out { GlobalState::Unsubscribed } else { said };
        changed |= match draft.profile(id).and_then(|profile| address_of(profile, AddressKind::Email)) {
            // The opt-out is the address's own, and no write of this profile: an undo does not take it back.
            Some(_) if opted_out => false,
            Some(address) => draft.write_state(&address, StateOf::Global, state, at),
            None => draft.edit(id, at, |profile| profile.own.email.replace(state) != Some(state)),
        };
    }
    for group in &attributes.groups {
        changed |= write_group(draft, id, group, at);
    }
    changed
}

/// Sets the state of a group where this profile's is kept; whether it is another one now.
pub(crate) fn write_group(draft: &mut Draft<'_>, id: ProfileId, group: &GroupChange, at: Timestamp) -> bool {
    // LSB-1, LSB-2: only LINE writes its groups; parsing leaves them out, and so do we.
    let Some(kind) = group.channel.address_kind() else { return false };
    match draft.profile(id).and_then(|profile| address_of(profile, kind)) {
        Some(address) => draft.write_state(&address, StateOf::Group(group.group), as_global(group.state), at),
        None => draft.edit(id, at, |profile| {
            let own = match kind {
                AddressKind::Email => &mut profile.own.email_groups,
                AddressKind::Phone => &mut profile.own.phone_groups,
            };
            own.insert(group.group, group.state) != Some(group.state)
        }),
    }
}

fn address_of(profile: &Profile, kind: AddressKind) -> Option<Address> {
    match kind {
        AddressKind::Email => profile.email.as_ref().map(address_of_email),
        AddressKind::Phone => profile.phone.as_ref().and_then(address_of_phone),
    }
}

/// A profile that gains its first address brings what it held itself, as far as that goes with it
/// ([`Draft::takes_own`]): an opt-out given before the address was known is not lost.
pub(super) fn move_own_email(draft: &mut Draft<'_>, id: ProfileId, email: Option<&Email>, at: Timestamp) {
    let (Some(email), Some(profile)) = (email, draft.profile(id)) else { return };
    let own = profile.own.clone();
    let states = own
        .email
        .map(|state| (StateOf::Global, state))
        .into_iter()
        .chain(own.email_groups.iter().map(|(group, state)| (StateOf::Group(*group), as_global(*state))));
    if move_states(draft, id, &address_of_email(email), states.collect(), at) {
        draft.edit(id, at, |profile| {
            profile.own.email = None;
            profile.own.email_groups.clear();
            true
        });
    }
}

/// The same for a phone number.
pub(super) fn move_own_phone(draft: &mut Draft<'_>, id: ProfileId, phone: Option<&Phone>, at: Timestamp) {
    let (Some(address), Some(profile)) = (phone.and_then(address_of_phone), draft.profile(id)) else {
        return;
    };
    let own = profile.own.phone_groups.clone();
    let states = own.iter().map(|(group, state)| (StateOf::Group(*group), as_global(*state)));
    if move_states(draft, id, &address, states.collect(), at) {
        draft.edit(id, at, |profile| {
            profile.own.phone_groups.clear();
            true
        });
    }
}

fn move_states(
    draft: &mut Draft<'_>,
    id: ProfileId,
    address: &Address,
    states: Vec<(StateOf, GlobalState)>,
    at: Timestamp,
) -> bool {
    for (of, state) in &states {
        if draft.takes_own(address, *of, *state, id) {
            draft.write_state(address, *of, *state, at);
        }
    }
    !states.is_empty()
}
