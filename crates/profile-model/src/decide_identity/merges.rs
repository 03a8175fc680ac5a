//! `/users/merge` (`MRG-*`): one named profile becomes part of another.

use super::{Done, IdentityOutcome, IdentityReport, Manner, each, guards, join, pick};
use crate::{Decision, Filling, How, Loaded, Merge, Occasion, Profile, Timestamp};
use crate::{
    decide_duplicates::{converge, converge_on, settle},
    draft::Draft,
};

const ARRAY: &str = "merge_updates";

/// Decides a batch, in order.
#[must_use]
pub fn decide_merges(
    items: &[Merge],
    loaded: &Loaded,
    occasion: &Occasion,
    manner: &Manner,
) -> (Decision, IdentityReport) {
    each(items, loaded, occasion, manner, merge)
}

fn merge(draft: &mut Draft<'_>, item: &Merge, at: Timestamp) -> IdentityOutcome {
    let nothing = |reason| IdentityOutcome::nothing(ARRAY, item.index, reason);
    // Both sides are looked up before either answers, so that one round of loading is enough.
    let (kept, removed) = (pick(draft, &item.kept), pick(draft, &item.removed));
    let (kept, removed) = match (kept, removed) {
        (Ok(kept), Ok(removed)) => (kept, removed),
        (Err(reason), _) | (_, Err(reason)) => return nothing(reason),
    };
    if kept == removed {
        return IdentityOutcome { kept: Some(kept), ..nothing("same_profile") };
    }
    let invalid_phone = |profile: &Profile| profile.phone.as_ref().is_some_and(|phone| phone.key().is_none());
    if draft.profile(kept).is_some_and(invalid_phone) && draft.profile(removed).is_some_and(invalid_phone) {
        // MRG-6
        return IdentityOutcome { kept: Some(kept), ..nothing("invalid_phones") };
    }
    let warnings = guards(draft, kept, removed);
    let (second, shared) = draft
        .profile(removed)
        .map_or_else(Default::default, |profile| (profile.line_id.clone(), profile.shared_keys()));
    let joined = join(draft, kept, removed, How::Merge, None, Filling::Gaps, at);
    settle(draft, &shared);
    converge_on(draft, kept, at);
    // A second LINE ID lost a holder: whoever else has it may be alone with a follower now.
    if let Some(second) = &second {
        converge(draft, second, at);
    }
    match joined {
        None => nothing("not_found"),
        Some(joined) => IdentityOutcome {
            reason: joined.kept_apart.map(|_| "line_follower_kept_apart"),
            kept: Some(kept),
            removed: Some(removed),
            merge: Some(joined.merge),
            dropped: joined.dropped,
            warnings,
            ..IdentityOutcome::new(ARRAY, item.index, Done::Merged)
        },
    }
}
