//! States of addresses when a merge is taken apart: what it and the writes since made of them is taken back, as far as
//! nobody else has said anything since; then every write is made again on its side.

use std::collections::BTreeMap;

use crate::{
    Address, AddressKind, GlobalState, Key, Kind, LoggedWrite, MergeRecord, StateOf, StateWritten, Timestamp,
    draft::{Draft, Remade, StateName},
};

/// Takes back what the merge and the logged writes made of states of addresses. For each write, in order: what it may
/// do to states when it is made again; and what must hold when all are.
///
/// The log tells what each write found and left. Walking back from the state as it is, a write is taken back while what
/// it left is what is there; where it is not, somebody else has written: theirs stands, and all before it is overtaken.
pub(super) fn take_back(
    draft: &mut Draft<'_>,
    record: &MergeRecord,
    log: &[LoggedWrite],
) -> (Vec<Remade>, Limits) {
    let mut chains: BTreeMap<StateName, Vec<(usize, &StateWritten)>> = BTreeMap::new();
    for moved in &record.states {
        chains.entry((moved.address.clone(), moved.of)).or_default();
    }
    for (place, write) in log.iter().enumerate() {
        for told in &write.states {
            chains.entry((told.address.clone(), told.of)).or_default().push((place, told));
        }
    }
    let mut limits = Vec::new();
    let mut remade: Vec<Remade> = log.iter().map(|_| Remade::default()).collect();
    for (name, chain) in chains {
        let found = draft.state_since(&name.0, name.1);
        let mut now = found;
        let ours = chain.iter().rev().take_while(|(_, told)| {
            let is_there = now == Some(told.after);
            if is_there {
                now = told.before;
            }
            is_there
        });
        let ours = ours.count();
        for (number, (place, _)) in chain.iter().enumerate() {
            let Some(one) = remade.get_mut(*place) else { continue };
            one.wrote.insert(name.clone());
            if number < chain.len() - ours {
                one.overtaken.insert(name.clone());
            } else {
                one.overtaken.remove(&name);
            }
        }
        let moved = record.states.iter().find(|moved| moved.address == name.0 && moved.of == name.1);
        if let Some(moved) = moved.filter(|_| ours == chain.len())
            && now.is_some_and(|(_, since)| since == record.at)
        {
            now = moved.before;
        }
        if now != found {
            draft.put_state_back(&name.0, name.1, now);
        }
        if let Some((GlobalState::Subscribed, since)) = found
            && let Some(key) = shared_by(&name)
            && draft.holders(&key).iter().any(|id| ![record.kept, record.removed].contains(id))
        {
            limits.push((name.0, since));
        }
    }
    (remade, Limits(limits))
}

/// Addresses that somebody else has, too, and that were subscribed when the undo came, with the time since when. The
/// others may have said just that: who says what is so already leaves no trace, but for opt-outs.
pub(super) struct Limits(Vec<(Address, Timestamp)>);

impl Limits {
    /// No write that is made again opts such an address in.
    pub(super) fn keep(self, draft: &mut Draft<'_>) {
        for (address, since) in self.0 {
            if draft.state(&address, StateOf::Global) == Some(GlobalState::OptedIn) {
                draft.put_state_back(&address, StateOf::Global, Some((GlobalState::Subscribed, since)));
            }
        }
    }
}

/// The look-up of those who share a global email state.
pub(super) fn shared_by((address, of): &StateName) -> Option<Key> {
    let is_global = *of == StateOf::Global && address.kind == AddressKind::Email;
    is_global.then(|| Key { kind: Kind::Email, label: "".into(), value: address.value.as_str().into() })
}
