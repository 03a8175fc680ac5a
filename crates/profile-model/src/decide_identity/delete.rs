//! `/users/delete` (`DEL-*`): erasure. Nothing of a person stays but a receipt and keyed hashes of the identifiers.

use super::{Done, IdentityOutcome, IdentityReport, Manner, each, pick};
use crate::{
    Address, AddressKind, Decision, Delete, Erasure, GlobalState, Key, Kind, LedgerRow, Loaded, Occasion,
    ProfileId, StateOf, Timestamp, draft::Draft,
};

/// Decides a batch; with `suppress` every door refuses the erased identifiers from now on.
#[must_use]
pub fn decide_deletes(
    items: &[Delete],
    suppress: bool,
    loaded: &Loaded,
    occasion: &Occasion,
    manner: &Manner,
) -> (Decision, IdentityReport) {
    each(items, loaded, occasion, manner, |draft, item, at| delete(draft, item, suppress, at))
}

fn delete(draft: &mut Draft<'_>, item: &Delete, suppress: bool, at: Timestamp) -> IdentityOutcome {
    let (array, index) = (item.array.as_str(), item.index);
    match pick(draft, &item.who) {
        Err(reason) => IdentityOutcome::nothing(array, index, reason),
        Ok(id) => {
            let predecessors = erase(draft, id, suppress, at);
            IdentityOutcome {
                removed: Some(id),
                predecessors,
                ..IdentityOutcome::new(array, index, Done::Changed)
            }
        }
    }
}

/// Erases a profile with everything merged into it; the merged ones.
pub(crate) fn erase(draft: &mut Draft<'_>, id: ProfileId, suppress: bool, at: Timestamp) -> Vec<ProfileId> {
    let Some(profile) = draft.image(id) else { return Vec::new() };
    let only_holder =
        |draft: &mut Draft<'_>, key: &Key| draft.holders(key).iter().all(|holder| *holder == id);
    let erasure = draft.erasure_id();
    let keys: Vec<_> = profile.keys().into_iter().filter(|key| key.kind != Kind::MergedId).collect();
    let mut left: Vec<Key> = Vec::new();
    for key in &keys {
        if only_holder(draft, key) {
            left.push(key.clone());
        }
    }
    let opted_out = forget_states(draft, &left);
    // What others still hold is theirs: it stays welcome, and news about it counts.
    for key in &left {
        let row = LedgerRow {
            mark: draft.ledger_secret().mark(key),
            kind: key.kind,
            erasure,
            erased_at: at,
            opted_out: key.kind == Kind::Email && opted_out,
            suppressed: suppress,
        };
        draft.put_ledger(row);
    }
    let line_users =
        profile.line_id.iter().filter(|line_id| left.contains(&Key::line_id(line_id))).cloned().collect();
    let written = profile.email.iter().map(|email| email.written.to_lowercase());
    let phones = profile.phone.iter().map(|phone| phone.written.to_lowercase());
    let mut texts: Vec<_> =
        keys.iter().map(|key| key.value.to_lowercase()).chain(written).chain(phones).collect();
    texts.sort_unstable();
    texts.dedup();
    let sides: Vec<_> = profile.sides().collect();
    draft.erase(id);
    draft.change.erasures.push(Erasure {
        id: erasure,
        at,
        actor: draft.actor.clone(),
        profile: id,
        version: profile.version,
        sides: sides.clone(),
        line_users,
        texts,
        keys: left,
        suppressed: suppress,
    });
    sides.into_iter().filter(|side| *side != id).collect()
}

/// Takes the states of addresses that nobody holds any more; whether one of them was an opt-out of email.
fn forget_states(draft: &mut Draft<'_>, left: &[Key]) -> bool {
    let mut opted_out = false;
    for key in left {
        let kind = match key.kind {
            Kind::Email => AddressKind::Email,
            Kind::Phone => AddressKind::Phone,
            _ => continue,
        };
        let address = Address { kind, value: key.value.to_string() };
        opted_out |= draft.state(&address, StateOf::Global) == Some(GlobalState::Unsubscribed);
        draft.forget_states(&address);
    }
    opted_out
}
