//! What keeps a rule from joining two profiles by itself. A person who names them is only warned.

use crate::{Alias, FieldName, Guard, LINE_ALIAS_LABEL, Profile, ProfileId, draft::Draft};

/// Reasons against these two being one person, in a fixed order.
pub(crate) fn guards(draft: &mut Draft<'_>, kept: ProfileId, removed: ProfileId) -> Vec<Guard> {
    let never_same = draft.are_never_same(kept, removed);
    let (Some(left), Some(right)) = (draft.profile(kept), draft.profile(removed)) else { return Vec::new() };
    let differ =
        |left: Option<&str>, right: Option<&str>| matches!((left, right), (Some(a), Some(b)) if a != b);
    let line_id = |id: &Option<crate::LineUserId>| id.as_ref().map(|id| id.as_str().to_owned());
    let different_line_id = differ(line_id(&left.line_id).as_deref(), line_id(&right.line_id).as_deref());
    let found = [
        (Guard::BothIdentified, left.is_identified() && right.is_identified()),
        (Guard::DifferentLineId, different_line_id),
        (Guard::DifferentDob, differ(left.fields.text(FieldName::Dob), right.fields.text(FieldName::Dob))),
        (Guard::NeverSame, never_same),
        (
            Guard::AliasLabelTaken,
            !different_line_id && (is_displaced_by(left, right) || is_displaced_by(right, left)),
        ),
    ];
    found.into_iter().filter(|(_, holds)| *holds).map(|(guard, _)| guard).collect()
}

/// Whether a follower's alias (`line_id`, U) meets another name under its label: one of the two would be lost.
fn is_displaced_by(follower: &Profile, other: &Profile) -> bool {
    let Some(own) = follower.line_id.as_ref().map(Alias::line) else { return false };
    follower.aliases.contains(&own) && other.alias(LINE_ALIAS_LABEL).is_some_and(|alias| *alias != own)
}

/// Whether a rule may join two profiles: no guard holds, but for two external ids if that is wished for.
pub(crate) fn may_join(guards: &[Guard], merge_identified: bool) -> bool {
    guards.iter().all(|guard| merge_identified && *guard == Guard::BothIdentified)
}
