//! Who of a group stays.

use std::sync::Arc;

use crate::{DuplicatesRule, FieldName, KeepBy, KeepOrder, Profile, ProfileId, Timestamp};

/// Who stays (`DUP-2`, `DUP-5`): a profile with an external id before one without; then by the rule; ties go to the
/// larger `braze_id`.
pub(super) fn keeper(members: &[Arc<Profile>], rule: &DuplicatesRule) -> Option<ProfileId> {
    let moment = |profile: &Profile| match rule.keep {
        KeepBy::Created => Some(sortable(profile.created_at)),
        KeepBy::Updated => Some(sortable(profile.updated_at)),
        KeepBy::LastSession => profile.fields.text(FieldName::DateOfLastSession).map(str::to_owned),
    };
    let best = members.iter().max_by(|left, right| {
        let by_moment = match (moment(left), moment(right)) {
            // Whoever has no session comes last, at either end.
            (Some(left), Some(right)) if rule.order == KeepOrder::Oldest => right.cmp(&left),
            (left, right) => left.cmp(&right),
        };
        left.is_identified().cmp(&right.is_identified()).then(by_moment).then(left.id.cmp(&right.id))
    });
    best.map(|profile| profile.id)
}

/// A time as text that sorts as it does.
fn sortable(at: Timestamp) -> String {
    format!("{:0>20}", at.as_micros())
}
