//! `/users/delete` (`DEL-*`): erasure. Nothing of a person stays but a receipt and keyed hashes of the identifiers.

use super::{Done, IdentityOutcome, IdentityReport, Manner, each, pick};
use crate::{
    Address, AddressKind, Decision, Delete, Erasure, GlobalState, Key, Kind, LedgerRow, LineUserId, Loaded,
    Occasion, Profile, ProfileId, StateOf, Timestamp, draft::Draft,
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
    let erasure = draft.erasure_id();
    let keys = known_as(&profile);
    let (left, shared): (Vec<_>, Vec<_>) =
        keys.iter().cloned().partition(|key| draft.holders(key).iter().all(|holder| *holder == id));
    let opted_out = forget_states(draft, &left);
    // What others still hold is theirs: it stays welcome, and news about it counts.
    for key in &left {
        let row = LedgerRow {
            mark: draft.ledger_secret().mark(key),
            kind: key.kind,
            erasure,
            erased_at: at,
            opted_out: opted_out.contains(key),
            suppressed: suppress,
        };
        draft.put_ledger(row);
    }
    let line_users = left
        .iter()
        .filter(|key| key.kind == Kind::LineId)
        .map(|key| LineUserId::from_stored(key.value.to_string()))
        .collect();
    let sides: Vec<_> = profile.sides().collect();
    let moot = leave_parked(draft, &shared, id);
    draft.erase(id);
    draft.change.erasures.push(Erasure {
        id: erasure,
        at,
        actor: draft.actor.clone(),
        profile: id,
        version: profile.version,
        sides: sides.clone(),
        line_users,
        texts: texts(&profile, &keys),
        keys: left,
        moot,
        suppressed: suppress,
    });
    sides.into_iter().filter(|side| *side != id).collect()
}

/// Everything the profile or one merged into it was known by.
fn known_as(profile: &Profile) -> Vec<Key> {
    let sides = profile.merged.iter().flat_map(|side| side.keys.iter().cloned());
    let mut keys: Vec<_> =
        profile.keys().into_iter().chain(sides).filter(|key| key.kind != Kind::MergedId).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Everything a person was known by, as it may stand in the report of an import: in lower case.
#[must_use]
pub fn report_texts(profile: &Profile) -> Vec<String> {
    texts(profile, &known_as(profile))
}

/// Those as they may stand in a report, in lower case.
fn texts(profile: &Profile, keys: &[Key]) -> Vec<String> {
    let emails = profile.email.iter().map(|email| email.written.to_lowercase());
    let phones = profile.phone.iter().map(|phone| phone.written.to_lowercase());
    let values = keys.iter().map(|key| key.value.to_lowercase());
    let mut texts: Vec<_> = values.chain(emails).chain(phones).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// Takes the profile out of parked groups; values whose group has nobody left to be joined.
fn leave_parked(draft: &mut Draft<'_>, shared: &[Key], id: ProfileId) -> Vec<Key> {
    let mut moot = Vec::new();
    for key in shared {
        let Some(mut parked) = draft.parked(key).filter(|parked| parked.members.contains(&id)) else {
            continue;
        };
        parked.members.retain(|member| *member != id);
        if parked.members.len() < 2 {
            draft.change.parked.retain(|known| known.key != *key);
            moot.push(key.clone());
        } else {
            draft.change.parked.push(parked);
        }
    }
    moot
}

/// Takes the states of addresses that nobody holds any more; those that had opted out of email.
fn forget_states(draft: &mut Draft<'_>, left: &[Key]) -> Vec<Key> {
    let mut opted_out = Vec::new();
    for key in left {
        let kind = match key.kind {
            Kind::Email => AddressKind::Email,
            Kind::Phone => AddressKind::Phone,
            _ => continue,
        };
        let address = Address { kind, value: key.value.to_string() };
        let is_out = draft.state(&address, StateOf::Global) == Some(GlobalState::Unsubscribed);
        if is_out && kind == AddressKind::Email {
            opted_out.push(key.clone());
        }
        draft.forget_states(&address);
    }
    opted_out
}
