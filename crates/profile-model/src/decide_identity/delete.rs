//! `/users/delete` (`DEL-*`): erasure. Nothing of a person stays but a receipt and keyed hashes of the identifiers.

use super::{Done, IdentityOutcome, IdentityReport, Manner, conclude, followers_joined, pick};
use crate::{
    Address, AddressKind, Decision, Delete, Erasure, GlobalState, Key, Kind, LedgerRow, LineUserId, Loaded,
    Occasion, Phone, Profile, ProfileId, StateOf, Timestamp,
    decide_duplicates::{converge, settle},
    draft::Draft,
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
    let mut draft = Draft::new(loaded, occasion);
    let mut outcomes = Vec::with_capacity(items.len());
    let mut shared = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let at = occasion.now.plus_micros(i64::try_from(place).unwrap_or(0));
        let line_id = pick(&mut draft, &item.who).ok().and_then(|id| draft.profile(id)?.line_id.clone());
        let outcome = delete(&mut draft, item, suppress, at);
        shared.extend(line_id.map(|line_id| (line_id, outcome.array, outcome.index, at)));
        outcomes.push(outcome);
    }
    // When all are gone: a follower that is named further down is erased, and not made part of somebody else first.
    for (line_id, array, index, at) in shared {
        converge(&mut draft, &line_id, at);
        outcomes.extend(followers_joined(&mut draft, manner, array, index));
    }
    conclude(draft, loaded, manner, outcomes)
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
    let is_alone = |draft: &mut Draft<'_>, key: &Key| draft.holders(key).iter().all(|holder| *holder == id);
    let left: Vec<_> = keys.iter().filter(|key| is_alone(draft, key)).cloned().collect();
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
    for side in profile.sides() {
        draft.put_ledger(LedgerRow {
            mark: draft.ledger_secret().mark(&Key::merged(side)),
            kind: Kind::MergedId,
            erasure,
            erased_at: at,
            opted_out: false,
            suppressed: false,
        });
    }
    let line_users = left
        .iter()
        .filter(|key| key.kind == Kind::LineId)
        .map(|key| LineUserId::from_stored(key.value.to_string()))
        .collect();
    let sides: Vec<_> = profile.sides().collect();
    draft.erase(id);
    leave_parked(draft, &sides);
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
    let numbers =
        keys.iter().filter(|key| key.kind == Kind::Phone).flat_map(|key| Phone::notations(&key.value));
    let mut texts: Vec<_> = values.chain(emails).chain(phones).chain(numbers).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// Takes the person out of the parked groups that name them, whatever the group shares: it may be an address that they
/// had once. What nobody else holds goes with everything else of it.
fn leave_parked(draft: &mut Draft<'_>, sides: &[ProfileId]) {
    let named: Vec<_> = draft.parked_with(sides).into_iter().map(|parked| parked.key).collect();
    settle(draft, &named);
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
