//! Choosing the one profile that an identifier names (`PRI-*`).

use crate::{Key, Priority, Profile, ProfileId, Selector, Target, draft::Draft};

/// The profile a selector names, or the reason why none is.
///
/// Merged ids are unknown here (`MID`): after a merge, an operation on the old id must not reach the survivor.
pub(crate) fn pick(draft: &mut Draft<'_>, selector: &Selector) -> Result<ProfileId, &'static str> {
    match &selector.target {
        Target::BrazeId(id) => id.filter(|id| draft.exists(*id)).ok_or("not_found"),
        Target::ExternalId(id) => owner_of(draft, id).ok_or("not_found"),
        Target::Alias(alias) => draft.holders(&Key::alias(alias)).first().copied().ok_or("not_found"),
        Target::Email(_) | Target::Phone(_) => {
            let key = selector.target.key().ok_or("not_found")?;
            let candidates = draft.holders(&key);
            narrow(draft, candidates, &selector.priorities)
        }
    }
}

/// Who has this external id as primary or deprecated one.
pub(crate) fn owner_of(draft: &mut Draft<'_>, external_id: &str) -> Option<ProfileId> {
    let holder = draft.holders(&Key::external_id(external_id)).first().copied()?;
    let profile = draft.profile(holder)?;
    (!profile.is_merged_id(external_id)).then_some(holder)
}

/// Each word narrows the candidates (`PRI-4`); what is left must be one.
fn narrow(
    draft: &Draft<'_>,
    mut candidates: Vec<ProfileId>,
    priorities: &[Priority],
) -> Result<ProfileId, &'static str> {
    let identified = |id: &ProfileId| draft.profile(*id).is_some_and(Profile::is_identified);
    let updated = |id: &ProfileId| draft.profile(*id).map(|profile| (profile.updated_at, profile.id));
    for priority in priorities {
        candidates = match priority {
            Priority::Identified => candidates.into_iter().filter(identified).collect(),
            Priority::Unidentified => candidates.into_iter().filter(|id| !identified(id)).collect(),
            Priority::MostRecentlyUpdated => candidates.into_iter().max_by_key(updated).into_iter().collect(),
            Priority::LeastRecentlyUpdated => {
                candidates.into_iter().min_by_key(updated).into_iter().collect()
            }
        };
    }
    match candidates.as_slice() {
        [one] => Ok(*one),
        [] => Err("not_found"),
        _ => Err("ambiguous"),
    }
}
