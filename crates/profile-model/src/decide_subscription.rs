//! Setting group states by request (`SST-*`, `SV2-*`): states belong to the address, for all who hold it.

use crate::{
    Address, AddressKind, Decision, GroupChange, GroupChannel, GroupState, Keys, Loaded, Occasion, SetStates,
    StateOf, Target, Timestamp, Write, decide_identity::as_global, decide_track::write_group, draft::Draft,
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

/// Whether somebody is named who may have such a state.
fn set_one(draft: &mut Draft<'_>, set: &SetStates, target: &Target, at: Timestamp) -> bool {
    if let Some(address) = address_of(target) {
        // SST-3: an email group has no phones. SST-7: nobody is made, and an address nobody holds gets no state; but if it has
        // one from before, an opt-out must not be lost on whoever has it next.
        let of = StateOf::Group(set.group.id);
        let held = target.key().is_some_and(|key| !draft.holders(&key).is_empty());
        let remembered = set.state == GroupState::Unsubscribed && draft.state(&address, of).is_some();
        if Some(address.kind) != set.group.channel.address_kind() || !(held || remembered) {
            return false;
        }
        draft.set_state(&address, of, as_global(set.state), at);
        return true;
    }
    let Some(key) = target.key() else { return false };
    let Some(id) = draft.holders(&key).first().copied() else { return false };
    let change = GroupChange { group: set.group.id, channel: set.group.channel, state: set.state };
    draft.log(id, at, &key, || Write::GroupState(change));
    write_group(draft, id, &change, at);
    true
}

#[cfg(test)]
mod tests;
