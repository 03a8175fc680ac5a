//! The working copy's side of subscription states: what addresses have, what writes make of it, and what an undo puts
//! back.

use std::collections::HashSet;

use super::Draft;
use crate::{Address, AddressState, GlobalState, Key, Preview, ProfileId, StateOf, StateWritten, Timestamp};

/// A state of an address.
pub(crate) type StateName = (Address, StateOf);

/// What a write that is made again (undo) may do to states of addresses.
#[derive(Debug, Default)]
pub(crate) struct Remade {
    /// States that it wrote when it was made.
    pub(crate) wrote: HashSet<StateName>,
    /// Of these, the ones that somebody else has written since.
    pub(crate) overtaken: HashSet<StateName>,
}

impl Draft<'_> {
    /// The state of an address, `None` if it has none.
    pub(crate) fn state(&mut self, address: &Address, of: StateOf) -> Option<GlobalState> {
        self.state_since(address, of).map(|(state, _)| state)
    }

    /// The state of an address with the time since when it is so.
    pub(crate) fn state_since(&mut self, address: &Address, of: StateOf) -> Option<(GlobalState, Timestamp)> {
        let row = match self.states.get(&(address.clone(), of)) {
            Some(drafted) => drafted.as_ref(),
            None => match self.loaded.addresses.get(address) {
                Some(states) => states.iter().find(|state| state.of == of),
                None => {
                    // One write looks several times.
                    if self.missing.addresses.last() != Some(address) {
                        self.missing.addresses.push(address.clone());
                    }
                    self.is_missing = true;
                    None
                }
            },
        };
        row.map(|row| (row.state, row.changed_at))
    }

    /// Sets the state of an address; whether it is another one now. An opt-out that is said again counts from then on:
    /// it is somebody's own word, and an undo of what brought the first one must not take it back.
    pub(crate) fn set_state(
        &mut self,
        address: &Address,
        of: StateOf,
        state: GlobalState,
        at: Timestamp,
    ) -> bool {
        match self.state_since(address, of) {
            Some((known, since)) if known == state => {
                if state == GlobalState::Unsubscribed {
                    self.put_state(address, of, state, at.max(since.plus_micros(1)));
                }
                false
            }
            _ => {
                self.put_state(address, of, state, at);
                true
            }
        }
    }

    /// Sets the state as a write to a profile says; whether it is another one now. While the profile may still come
    /// apart, the log tells what was there before, so that an undo can take the write back and make it again on its side.
    pub(crate) fn write_state(
        &mut self,
        address: &Address,
        of: StateOf,
        state: GlobalState,
        at: Timestamp,
    ) -> bool {
        let name = (address.clone(), of);
        let before = self.state_since(address, of);
        let changed = match &self.remade {
            None => self.set_state(address, of, state, at),
            Some(remade) => {
                let is_outdated = match remade.wrote.contains(&name) {
                    true => remade.overtaken.contains(&name),
                    // It was written elsewhere when it was made: then the newer word counts.
                    false => before.is_some_and(|(_, since)| since > at),
                };
                if is_outdated {
                    return false;
                }
                let since = before.map_or(at, |(_, since)| at.max(since));
                self.put_state(address, of, state, since);
                before.is_none_or(|(known, _)| known != state)
            }
        };
        let after = self.state_since(address, of);
        if let (Some(place), Some(after)) = (self.open_log, after)
            && let Some(entry) = self.change.merge_log.get_mut(place)
        {
            entry.states.push(StateWritten { address: address.clone(), of, before, after });
        }
        changed
    }

    /// Whether a state that a profile held itself, for want of an address, goes with it to the address that it gains (section
    /// 6.2, `MF-4`; ADR 003). An opt-out does in any case. Any other state only where the address has none and nobody else
    /// has the address: they would be subscribed by what somebody else said.
    pub(crate) fn takes_own(
        &mut self,
        address: &Address,
        of: StateOf,
        own: GlobalState,
        by: ProfileId,
    ) -> bool {
        own == GlobalState::Unsubscribed
            || (self.state(address, of).is_none()
                && self.holders(&Key::address(address)).iter().all(|holder| *holder == by))
    }

    /// The profile as it is now, with what its email address says of it.
    pub(crate) fn preview(&mut self, id: ProfileId) -> Option<Preview> {
        let profile = self.image(id)?;
        let email_state = match profile.email_address() {
            Some(address) => self.state(&address, StateOf::Global),
            None => profile.own.email,
        };
        Some(Preview { profile, email_state: email_state.unwrap_or(GlobalState::Subscribed) })
    }

    /// Makes the state of an address what it was before a write that is taken back.
    pub(crate) fn put_state_back(
        &mut self,
        address: &Address,
        of: StateOf,
        before: Option<(GlobalState, Timestamp)>,
    ) {
        match before {
            Some((state, since)) => self.put_state(address, of, state, since),
            None => drop(self.states.insert((address.clone(), of), None)),
        }
    }

    fn put_state(&mut self, address: &Address, of: StateOf, state: GlobalState, at: Timestamp) {
        let row = AddressState { address: address.clone(), of, state, changed_at: at };
        self.states.insert((address.clone(), of), Some(row));
    }
}
