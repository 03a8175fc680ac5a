//! Writes since a merge that is taken apart: each is made again on the side whose identifier carried it.

use super::states::shared_by;
use crate::{
    Change, Item, Key, LoggedWrite, Profile, ProfileId, Target, Timestamp, Write,
    decide_track::{apply_attributes, write_group},
    draft::{Draft, Remade},
};

/// Asks for what making the logged writes again will look at.
pub(super) fn prepare(draft: &mut Draft<'_>, log: &[LoggedWrite], images: &[&Profile]) {
    for image in images {
        draft.prepare(image);
    }
    for write in log {
        let names = write.states.iter().map(|told| (told.address.clone(), told.of));
        names.filter_map(|name| shared_by(&name)).for_each(|key| drop(draft.holders(&key)));
        let (target, attributes) = match &write.write {
            Write::Attributes { target, attributes } => (target, attributes),
            other => {
                if let Some(key) = gained(other) {
                    draft.holders(&key);
                }
                continue;
            }
        };
        let (email, phone) = match target {
            Target::Email(email) => (Some(email), None),
            Target::Phone(phone) => (None, Some(phone)),
            _ => (None, None),
        };
        draft.prepare_addresses(email, phone);
        let email = attributes.email.as_ref().and_then(Change::value);
        if let Some(email) = email {
            // Asks for what the ledger says of it.
            draft.is_suppressed(&Key::email(email));
        }
        draft.prepare_addresses(email, attributes.phone.as_ref().and_then(Change::value));
        if let Some(line_id) = attributes.line_id.as_ref().and_then(Change::value) {
            draft.prepare_line_id(line_id);
        }
    }
}

/// The unique identifier that a write brought.
fn gained(write: &Write) -> Option<Key> {
    match write {
        Write::AddAlias(alias) | Write::RenameAlias { to: alias, .. } => Some(Key::alias(alias)),
        Write::SetExternalId(id) | Write::RenameExternalId { to: id, .. } => Some(Key::external_id(id)),
        Write::Attributes { .. } | Write::GroupState(_) | Write::RemoveExternalId(_) => None,
    }
}

/// Makes a write again on the side whose identifier carried it; a side that may still come apart logs it anew.
pub(super) fn replay(
    draft: &mut Draft<'_>,
    write: &LoggedWrite,
    remade: Remade,
    kept: ProfileId,
    removed: ProfileId,
) {
    let names = |draft: &Draft<'_>, id: ProfileId| {
        draft.profile(id).is_some_and(|profile| {
            profile.keys().contains(&write.key) || write.key == Key::merged(profile.id)
        })
    };
    let side = if !names(draft, kept) && names(draft, removed) { removed } else { kept };
    let at = write.at;
    draft.remade = Some(remade);
    draft.log(side, at, &write.key, || write.write.clone());
    match &write.write {
        Write::Attributes { target, attributes } => {
            let item = Item {
                array: crate::InputArray::Attributes,
                index: 0,
                target: target.clone(),
                update_only: Some(true),
                body: crate::Body::Attributes(attributes.clone()),
            };
            apply_attributes(draft, side, &item, at);
        }
        Write::GroupState(change) => {
            write_group(draft, side, change, at);
        }
        Write::AddAlias(alias) => {
            if draft.profile(side).is_some_and(|profile| profile.alias(&alias.label).is_none()) {
                draft.add_alias(side, alias, at);
            }
        }
        Write::RenameAlias { from, to } => draft.rename_alias(side, from, to, at),
        Write::SetExternalId(id) => set_external_id(draft, [side, kept, removed], id, at),
        Write::RenameExternalId { from, to } => draft.rename_external_id(side, from, to, at),
        Write::RemoveExternalId(id) => draft.release_former_id(side, id, at),
    }
    draft.remade = None;
    draft.open_side = None;
}

/// Gives the external id to the side that was named, or to the survivor where that one has its own. An id that the other
/// side brought back itself stays there.
fn set_external_id(draft: &mut Draft<'_>, sides: [ProfileId; 3], external_id: &str, at: Timestamp) {
    let key = Key::external_id(external_id);
    let profile = |id: &ProfileId| draft.profile(*id);
    if sides.iter().filter_map(profile).any(|profile| profile.keys().contains(&key)) {
        return;
    }
    let anonymous = sides.iter().find(|id| profile(id).is_some_and(|profile| !profile.is_identified()));
    if let Some(id) = anonymous.copied() {
        draft.set_external_id(id, external_id, at);
    }
}
