//! Groups that wait for a person: put, told anew, and gone when there is nothing left to decide.

use super::{GroupOutcome, MAX_GROUP};
use crate::{Guard, Key, Parked, ParkedState, ProfileId, Timestamp, draft::Draft};

/// Leaves a group to a person; parked before, it keeps its id and time. Of more than [`MAX_GROUP`] none is named.
pub(super) fn park(draft: &mut Draft<'_>, outcome: &GroupOutcome, known: Option<Parked>, now: Timestamp) {
    let members: Vec<_> = outcome.members.iter().map(|profile| profile.id).collect();
    let members = if is_small(members.len()) { members } else { Vec::new() };
    let parked = match known {
        Some(known) if known.state == ParkedState::Open => {
            let same = known.members == members && known.reasons == outcome.guards;
            if same {
                return;
            }
            Parked { members, reasons: outcome.guards.clone(), ..known }
        }
        known => Parked {
            id: known.map_or_else(|| draft.parked_id(), |known| known.id),
            key: outcome.key.clone(),
            members,
            reasons: outcome.guards.clone(),
            at: now,
            state: ParkedState::Open,
        },
    };
    draft.park(parked);
}

/// Leaves the holders of a LINE ID to a person.
pub(super) fn leave(
    draft: &mut Draft<'_>,
    key: &Key,
    holders: &[ProfileId],
    reasons: Vec<Guard>,
    at: Timestamp,
) {
    let known = draft.parked(key);
    if known.as_ref().is_some_and(|parked| parked.state == ParkedState::Dismissed) || !draft.is_complete() {
        return;
    }
    let outcome = GroupOutcome {
        members: holders.iter().filter_map(|id| draft.image(*id)).collect(),
        guards: reasons,
        ..GroupOutcome::of(key.clone(), holders.len() as u64)
    };
    park(draft, &outcome, known, at);
}

/// Looks at what waits for these values after profiles were joined or erased: who holds a value no more is no member, and
/// where fewer than two hold it there is nothing left to decide. A dismissal stands as long as anybody holds the value.
pub(crate) fn settle(draft: &mut Draft<'_>, keys: &[Key]) {
    for key in keys {
        if let Some(parked) = draft.parked(key)
            // Nobody counts those of a large group outside a run.
            && !parked.members.is_empty()
        {
            settle_one(draft, parked);
        }
    }
}

/// The same for one group, however large it was.
pub(super) fn settle_one(draft: &mut Draft<'_>, parked: Parked) {
    let holders = draft.holders(&parked.key);
    let least = match parked.state {
        ParkedState::Open => 2,
        ParkedState::Dismissed => 1,
        // It is over.
        ParkedState::Released => usize::MAX,
    };
    if holders.len() < least {
        draft.unpark(&parked.key);
    } else if is_small(holders.len()) && parked.members.iter().any(|member| !holders.contains(member)) {
        draft.park(Parked { members: holders, ..parked });
    }
}

const fn is_small(count: usize) -> bool {
    count as u64 <= MAX_GROUP
}
