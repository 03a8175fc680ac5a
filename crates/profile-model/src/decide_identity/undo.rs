//! Taking a merge apart: both profiles come back as they were, then what was written since is written again, each
//! write on the side whose identifier carried it.

use std::sync::Arc;

use serde_json::json;

use crate::{
    Alias, Change, Decision, Item, JournalKind, Key, Keys, LINE_ALIAS_LABEL, LineConvergence, Loaded,
    LoggedWrite, MergeId, MergeRecord, Occasion, Profile, ProfileId, Settings, Target, Timestamp, Write,
    decide_track::apply_attributes, draft::Draft,
};

/// What became of the wish to undo a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoOutcome {
    /// Done: both are there.
    Undone {
        /// The survivor.
        kept: ProfileId,
        /// The one that came back.
        removed: ProfileId,
    },
    /// No such merge.
    Unknown,
    /// Undone before.
    AlreadyUndone,
    /// An identifier that would come back belongs to somebody else now.
    IdentifierTaken,
    /// The survivor was part of a later merge, which must be undone first.
    LaterMerge,
    /// One of the two was erased.
    Erased,
    /// Too long ago: what is needed is gone.
    Expired,
}

/// What must be loaded first; the record says what else.
#[must_use]
pub fn undo_keys(merge: MergeId) -> Keys {
    Keys { merges: vec![merge], ..Keys::default() }
}

/// Decides an undo. Unless `allow_rejoin`, no rule will ever join the two again.
#[must_use]
pub fn decide_undo(
    merge: MergeId,
    allow_rejoin: bool,
    loaded: &Loaded,
    occasion: &Occasion,
) -> (Decision, UndoOutcome) {
    let mut draft = Draft::new(loaded, occasion);
    // No rule acts on what is written again: it would join at once what is being taken apart.
    draft.settings = Arc::new(Settings {
        line_convergence: LineConvergence::Braze,
        ..Settings::clone(&occasion.settings)
    });
    let outcome = undo(&mut draft, merge, allow_rejoin, occasion.now);
    let decision = match (draft.finish(), outcome) {
        (Decision::NeedMore(keys), _) => Decision::NeedMore(keys),
        (decision, UndoOutcome::Undone { .. }) => decision,
        _ => Decision::Nothing,
    };
    (decision, outcome)
}

fn undo(draft: &mut Draft<'_>, merge: MergeId, allow_rejoin: bool, at: Timestamp) -> UndoOutcome {
    let Some(record) = draft.merge(merge) else { return UndoOutcome::Unknown };
    if record.erased {
        return UndoOutcome::Erased;
    }
    if record.undone_at.is_some() {
        return UndoOutcome::AlreadyUndone;
    }
    let (Some(kept), Some(removed), true) =
        (&record.kept_image, &record.removed_image, record.undo_until > at)
    else {
        return UndoOutcome::Expired;
    };
    let log = gather(draft, &record, kept, removed);
    if draft.is_complete() {
        prepare(draft, &log, &[kept, removed]);
    }
    if !draft.is_complete() {
        return UndoOutcome::Unknown;
    }
    let last = draft.profile(kept.id).and_then(|profile| profile.merged.last()).map(|side| side.merge);
    if last != Some(merge) {
        return UndoOutcome::LaterMerge;
    }
    if let Some(follower) = record.kept_apart
        && let Some(profile) = draft.profile(follower)
    {
        if profile.version > 1 {
            return UndoOutcome::IdentifierTaken;
        }
        draft.retire(follower);
        give_alias_back(draft, &record, at);
    }
    draft.replace(Profile::clone(kept));
    draft.restore(removed);
    for state in &record.states {
        let since = draft.state_since(&state.address, state.of).map(|(_, since)| since);
        if since == Some(record.at) {
            draft.put_state_back(&state.address, state.of, state.before, at);
        }
    }
    draft.change.merge_log_cleared.push((kept.id, record.at));
    for write in log {
        replay(draft, &write, kept.id, removed.id);
    }
    if is_taken(draft, kept.id) || is_taken(draft, removed.id) {
        return UndoOutcome::IdentifierTaken;
    }
    let detail = json!({"merge_id": merge});
    draft.note(kept.id, at, JournalKind::Undone, Some(removed.id), detail.clone());
    draft.note(removed.id, at, JournalKind::Undone, Some(kept.id), detail);
    if !allow_rejoin {
        draft.change.never_same.push((kept.id.min(removed.id), kept.id.max(removed.id)));
    }
    let ids = (kept.id, removed.id);
    // The images have done their work; what is undone needs no second copy of anybody's data.
    draft.change.merges.push(MergeRecord {
        undone_at: Some(at),
        kept_image: None,
        removed_image: None,
        states: Vec::new(),
        ..record
    });
    UndoOutcome::Undone { kept: ids.0, removed: ids.1 }
}

/// The alias that the kept-apart follower took from somebody goes back, if it still fits.
fn give_alias_back(draft: &mut Draft<'_>, record: &MergeRecord, at: Timestamp) {
    let line_id = record.removed_image.as_ref().and_then(|removed| removed.line_id.clone());
    let (Some(from), Some(line_id)) = (record.alias_from, line_id) else { return };
    let fits = draft.profile(from).is_some_and(|profile| {
        profile.alias(LINE_ALIAS_LABEL).is_none()
            && profile.line_id.as_ref().is_none_or(|own| *own == line_id)
    });
    if fits {
        draft.add_alias(from, &Alias::line(&line_id), at);
    }
}

/// Asks for everything the undo will look at, in one go; writes since the merge, oldest first.
fn gather(
    draft: &mut Draft<'_>,
    record: &MergeRecord,
    kept: &Profile,
    removed: &Profile,
) -> Vec<LoggedWrite> {
    for key in kept.keys().into_iter().chain(removed.keys()) {
        draft.holders(&key);
    }
    draft.exists(kept.id);
    for other in record.kept_apart.into_iter().chain(record.alias_from) {
        draft.exists(other);
    }
    for state in &record.states {
        draft.state(&state.address, state.of);
    }
    draft.logged(kept.id).into_iter().filter(|write| write.at >= record.at).collect()
}

/// Asks for what making the logged writes again will look at.
fn prepare(draft: &mut Draft<'_>, log: &[LoggedWrite], images: &[&Profile]) {
    for image in images {
        draft.prepare(image);
    }
    for write in log {
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
        Write::Attributes { .. } | Write::RemoveExternalId(_) => None,
    }
}

/// Makes a write again on the side whose identifier carried it; a side that may still come apart logs it anew.
fn replay(draft: &mut Draft<'_>, write: &LoggedWrite, kept: ProfileId, removed: ProfileId) {
    let names = |draft: &Draft<'_>, id: ProfileId| {
        draft.profile(id).is_some_and(|profile| {
            profile.keys().contains(&write.key) || write.key == Key::merged(profile.id)
        })
    };
    let side = if !names(draft, kept) && names(draft, removed) { removed } else { kept };
    let at = write.at;
    match &write.write {
        Write::Attributes { target, attributes } => {
            let mut attributes = attributes.clone();
            forget_states(draft, side, &mut attributes);
            let item = Item {
                array: crate::InputArray::Attributes,
                index: 0,
                target: target.clone(),
                update_only: Some(true),
                body: crate::Body::Attributes(attributes),
            };
            apply_attributes(draft, side, &item, at);
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
    draft.log(side, at, &write.key, || write.write.clone());
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

/// States of addresses were set when they were written, and others may have changed them since.
fn forget_states(draft: &Draft<'_>, side: ProfileId, attributes: &mut crate::Attributes) {
    let Some(profile) = draft.profile(side) else { return };
    let (has_email, has_phone) =
        (profile.email.is_some(), profile.phone.as_ref().is_some_and(|phone| phone.key().is_some()));
    if has_email {
        attributes.email_subscribe = None;
    }
    attributes.groups.retain(|group| match group.channel {
        crate::GroupChannel::Email => !has_email,
        crate::GroupChannel::Sms | crate::GroupChannel::Whatsapp => !has_phone,
        crate::GroupChannel::Line => false,
    });
}

/// Whether somebody else holds a unique identifier that this profile is to have.
fn is_taken(draft: &mut Draft<'_>, id: ProfileId) -> bool {
    let keys = draft.profile(id).map(Profile::keys).unwrap_or_default();
    keys.iter()
        .filter(|key| key.kind.is_unique())
        .any(|key| draft.holders(key).iter().any(|holder| *holder != id))
}
