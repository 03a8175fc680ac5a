//! Setting group states by request (`SST-*`, `SV2-*`): states belong to the address, for all who hold it.

use crate::{
    Address, AddressKind, Decision, GroupChannel, Key, Keys, Loaded, Occasion, ProfileId, SetStates, StateOf,
    Target, Timestamp, decide_identity::as_global, draft::Draft,
};

/// What became of one group of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetOutcome {
    /// Users or addresses whose state is now as asked.
    pub set: u32,
    /// Named users that are not there, or have no such address kind.
    pub unknown: u32,
    /// The group is LINE's: nothing was done (`LSB-2`, `SST-6`).
    pub ignored: bool,
}

/// What must be loaded.
#[must_use]
pub fn set_states_keys(sets: &[SetStates]) -> Keys {
    let mut keys = Keys::default();
    for target in sets.iter().flat_map(|set| &set.who) {
        keys.identifiers.extend(target.key());
        keys.addresses.extend(address_of(target));
    }
    keys
}

/// Decides a request; one outcome per group, in order.
#[must_use]
pub fn decide_set_states(
    sets: &[SetStates],
    loaded: &Loaded,
    occasion: &Occasion,
) -> (Decision, Vec<SetOutcome>) {
    let mut draft = Draft::new(loaded, occasion);
    let mut place = 0;
    let outcomes = sets
        .iter()
        .map(|set| {
            let mut outcome =
                SetOutcome { set: 0, unknown: 0, ignored: set.group.channel == GroupChannel::Line };
            if !outcome.ignored {
                for target in &set.who {
                    place += 1;
                    let done = set_one(&mut draft, set, target, occasion.now.plus_micros(place));
                    outcome.set += u32::from(done);
                    outcome.unknown += u32::from(!done);
                }
            }
            outcome
        })
        .collect();
    (draft.finish(), outcomes)
}

fn address_of(target: &Target) -> Option<Address> {
    match target {
        Target::Email(email) => Some(Address { kind: AddressKind::Email, value: email.key.clone() }),
        Target::Phone(phone) => {
            phone.key().map(|e164| Address { kind: AddressKind::Phone, value: e164.to_owned() })
        }
        _ => None,
    }
}

const fn kind_of(channel: GroupChannel) -> AddressKind {
    match channel {
        GroupChannel::Email => AddressKind::Email,
        _ => AddressKind::Phone,
    }
}

/// Whether somebody is named who may have such a state.
fn set_one(draft: &mut Draft<'_>, set: &SetStates, target: &Target, at: Timestamp) -> bool {
    let kind = kind_of(set.group.channel);
    let state = as_global(set.state);
    if let Some(address) = address_of(target) {
        // SST-3: an email group has no phones. SST-7: nobody is made, and an address nobody holds has no state.
        let held = target.key().is_some_and(|key| !draft.holders(&key).is_empty());
        if address.kind != kind || !held {
            return false;
        }
        draft.set_state(&address, StateOf::Group(set.group.id), state, at);
        return true;
    }
    let Some(id) = target.key().and_then(|key| draft.holders(&key).first().copied()) else { return false };
    match own_address(draft, id, kind) {
        Some(address) => {
            draft.set_state(&address, StateOf::Group(set.group.id), state, at);
        }
        None => {
            draft.edit(id, at, |profile| {
                let own = match kind {
                    AddressKind::Email => &mut profile.own.email_groups,
                    AddressKind::Phone => &mut profile.own.phone_groups,
                };
                own.insert(set.group.id, set.state) != Some(set.state)
            });
        }
    }
    true
}

fn own_address(draft: &Draft<'_>, id: ProfileId, kind: AddressKind) -> Option<Address> {
    let profile = draft.profile(id)?;
    let key = match kind {
        AddressKind::Email => profile.email.as_ref().map(Key::email),
        AddressKind::Phone => profile.phone.as_ref().and_then(Key::phone),
    };
    key.map(|key| Address { kind, value: key.value.into() })
}

#[cfg(test)]
mod tests;
