//! Resolution of one object to one profile, or its creation (sections 1.3 and 1.4).

use serde_json::json;

use crate::{
    Body, Door, Item, JournalKind, Key, MergedIds, Profile, ProfileId, Target, Timestamp, draft::Draft,
};

pub(super) enum Found {
    Existing(ProfileId),
    Made(ProfileId),
    Nobody,
    AliasOfIdentified,
}

pub(super) fn find_or_make(draft: &mut Draft<'_>, item: &Item, door: Door, at: Timestamp) -> Found {
    if let Some(id) = find(draft, &item.target) {
        let identified = draft.profile(id).is_some_and(Profile::is_identified);
        if door == Door::Csv && identified && matches!(item.target, Target::Alias(_)) {
            return Found::AliasOfIdentified;
        }
        return Found::Existing(id);
    }
    let Some(key) = item.target.key().filter(|_| may_create(item, door)) else { return Found::Nobody };
    if let Target::ExternalId(value) = &item.target {
        forget_merged_id(draft, value, at);
    }
    let id = draft.create(at, &key);
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
        Target::BrazeId(id) => {
            let id = (*id)?;
            // MID: the id of a merged profile leads to the survivor.
            let survivor = draft.holders(&Key::merged(id)).first().copied();
            if draft.exists(id) { Some(id) } else { survivor }
        }
        Target::ExternalId(value) => {
            let holder = draft.holders(&target.key()?).first().copied()?;
            let forgotten = draft.settings.merged_ids == MergedIds::Forget
                && draft.profile(holder).is_some_and(|profile| profile.is_merged_id(value));
            (!forgotten).then_some(holder)
        }
        Target::Alias(_) => draft.holders(&target.key()?).first().copied(),
        Target::Email(_) | Target::Phone(_) => pick_of_shared(draft, &target.key()?),
    }
}

/// With `merged_ids = forget` a new user takes a merged id from its survivor.
fn forget_merged_id(draft: &mut Draft<'_>, value: &str, at: Timestamp) {
    if let Some(holder) = draft.holders(&Key::external_id(value)).first().copied() {
        draft.release_former_id(holder, value, at);
        draft.note(holder, at, JournalKind::MergedIdReleased, None, json!({"external_id": value}));
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
