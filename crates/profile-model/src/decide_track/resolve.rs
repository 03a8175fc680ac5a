//! Resolution of one object to one profile, or its creation (sections 1.3 and 1.4).

use crate::{Body, Door, Item, Key, Profile, ProfileId, Target, Timestamp, draft::Draft};

pub(super) enum Found {
    Existing(ProfileId),
    Made(ProfileId),
    Nobody,
    AliasOfIdentified,
}

/// One bucket per ordinary workspace; a huge one spreads over several (see the ADR on shard keys).
const BUCKET: u8 = 0;

pub(super) fn find_or_make(draft: &mut Draft<'_>, item: &Item, door: Door, at: Timestamp) -> Found {
    if let Some(id) = find(draft, &item.target) {
        let identified = draft.profile(id).is_some_and(Profile::is_identified);
        if door == Door::Csv && identified && matches!(item.target, Target::Alias(_)) {
            return Found::AliasOfIdentified;
        }
        return Found::Existing(id);
    }
    if !may_create(item, door) {
        return Found::Nobody;
    }
    let id = draft.create(at, BUCKET);
    match &item.target {
        Target::ExternalId(value) => draft.set_external_id(id, value, at),
        Target::Alias(alias) => draft.add_alias(id, alias, at),
        Target::Email(email) => {
            draft.set_email(id, Some(email), at);
        }
        Target::Phone(phone) => {
            draft.set_phone(id, Some(phone), at);
        }
        Target::BrazeId(_) => {}
    }
    Found::Made(id)
}

fn find(draft: &mut Draft<'_>, target: &Target) -> Option<ProfileId> {
    match target {
        Target::BrazeId(id) => id.filter(|id| draft.exists(*id)),
        Target::ExternalId(_) | Target::Alias(_) => draft.holders(&target.key()?).first().copied(),
        Target::Email(_) | Target::Phone(_) => pick_of_shared(draft, &target.key()?),
    }
}

/// `ID-8`: among holders of a shared value, identified ones first, then the most recently updated; ties go to the
/// larger `braze_id`.
fn pick_of_shared(draft: &mut Draft<'_>, key: &Key) -> Option<ProfileId> {
    let holders = draft.holders(key);
    let rank = |id: &ProfileId| {
        draft.profile(*id).map(|profile| (profile.is_identified(), profile.updated_at, profile.id))
    };
    holders.iter().copied().max_by_key(rank)
}

/// Section 1.4. `OPEN-3`: an explicit `false` is honoured in every array; `braze_id` never creates (`OPEN-28`).
fn may_create(item: &Item, door: Door) -> bool {
    match (&item.target, &item.body, item.update_only) {
        (Target::BrazeId(_), ..) | (_, _, Some(true)) => false,
        (Target::Alias(_), Body::Attributes(_), None) => door == Door::Csv,
        (Target::Alias(_), _, None) => false,
        (_, _, None | Some(false)) => true,
    }
}
