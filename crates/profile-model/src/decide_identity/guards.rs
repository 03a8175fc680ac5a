//! What keeps a rule from joining two profiles by itself. A person who names them is only warned.

use crate::{FieldName, Guard, ProfileId, draft::Draft};

/// Reasons against these two being one person, in a fixed order.
pub(crate) fn guards(draft: &mut Draft<'_>, kept: ProfileId, removed: ProfileId) -> Vec<Guard> {
    let never_same = draft.are_never_same(kept, removed);
    let (Some(left), Some(right)) = (draft.profile(kept), draft.profile(removed)) else { return Vec::new() };
    let differ =
        |left: Option<&str>, right: Option<&str>| matches!((left, right), (Some(a), Some(b)) if a != b);
    let line_id = |id: &Option<crate::LineUserId>| id.as_ref().map(|id| id.as_str().to_owned());
    let found = [
        (Guard::BothIdentified, left.is_identified() && right.is_identified()),
        (
            Guard::DifferentLineId,
            differ(line_id(&left.line_id).as_deref(), line_id(&right.line_id).as_deref()),
        ),
        (Guard::DifferentDob, differ(left.fields.text(FieldName::Dob), right.fields.text(FieldName::Dob))),
        (Guard::NeverSame, never_same),
    ];
    found.into_iter().filter(|(_, holds)| *holds).map(|(guard, _)| guard).collect()
}

/// Whether a rule may join two profiles: no guard holds, but for two external ids if that is wished for.
pub(crate) fn may_join(guards: &[Guard], merge_identified: bool) -> bool {
    guards.iter().all(|guard| merge_identified && *guard == Guard::BothIdentified)
}
