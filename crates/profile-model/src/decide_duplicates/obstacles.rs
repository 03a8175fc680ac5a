//! What keeps a rule from joining a group.

use super::{GroupOutcome, MAX_GROUP};
use crate::{
    DuplicatesRule, Guard, ProfileId, Timestamp,
    decide_identity::{guards, may_join},
    draft::Draft,
    is_common_value,
};

/// What speaks against joining a whole group. The members of one that is too large are not known.
pub(super) fn obstacles(
    draft: &mut Draft<'_>,
    group: &GroupOutcome,
    rule: &DuplicatesRule,
    now: Timestamp,
) -> Vec<Guard> {
    let ids: Vec<_> = group.members.iter().map(|member| member.id).collect();
    let is_common = is_common_value(&group.key, &draft.settings);
    let mut found = if group.count > MAX_GROUP || is_too_many(draft, &ids, now) {
        vec![Guard::TooMany]
    } else {
        between_all(draft, &ids, rule)
    };
    found.extend(is_common.then_some(Guard::CommonValue));
    found.sort_unstable();
    found.dedup();
    found
}

fn between_all(draft: &mut Draft<'_>, ids: &[ProfileId], rule: &DuplicatesRule) -> Vec<Guard> {
    let mut found = Vec::new();
    for (place, left) in ids.iter().enumerate() {
        for right in ids.iter().skip(place + 1) {
            let between = guards(draft, *left, *right);
            if !may_join(&between, rule.merge_identified) {
                found.extend(between);
            }
        }
    }
    found
}

/// Whether rules would have folded more into one person than the workspace allows in its window: these members but one,
/// and whoever rules folded into any of them, for all of that ends up in the one that stays.
pub(super) fn is_too_many(draft: &Draft<'_>, members: &[ProfileId], now: Timestamp) -> bool {
    let window = i64::from(draft.settings.fold_window_hours) * 3_600_000_000;
    let since = now.plus_micros(-window);
    let folded = members.iter().filter_map(|id| draft.profile(*id)).flat_map(|profile| &profile.merged);
    let folded = folded.filter(|side| side.how.is_rule() && side.at > since).count();
    folded + members.len().saturating_sub(1) > draft.settings.fold_limit as usize
}
