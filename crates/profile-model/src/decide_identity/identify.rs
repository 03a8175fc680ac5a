//! `/users/identify` (`IDF-*`): an anonymous profile becomes the user with an external id.

use serde_json::json;

use super::{Done, IdentityOutcome, IdentityReport, Manner, each, guards, join, pick, pick::owner_of};
use crate::{
    Decision, How, Identify, JournalKind, Key, Loaded, Occasion, Profile, ProfileId, Target, Timestamp,
    Write,
    decide_duplicates::{converge_on, settle},
    draft::Draft,
};

/// Decides a batch.
#[must_use]
pub fn decide_identify(
    items: &[Identify],
    loaded: &Loaded,
    occasion: &Occasion,
    manner: &Manner,
) -> (Decision, IdentityReport) {
    each(items, loaded, occasion, manner, identify)
}

fn identify(draft: &mut Draft<'_>, item: &Identify, at: Timestamp) -> IdentityOutcome {
    let (array, index) = (item.array.as_str(), item.index);
    let nothing = |reason| IdentityOutcome::nothing(array, index, reason);
    let who = match pick(draft, &item.who) {
        Ok(who) => who,
        Err(reason) => return nothing(reason),
    };
    // IDF-9, IDF-12, OPEN-26: only an anonymous profile is identified.
    if draft.profile(who).is_some_and(Profile::is_identified) {
        return IdentityOutcome { kept: Some(who), ..nothing("already_identified") };
    }
    let Some(target) = owner_of(draft, &item.external_id) else {
        if draft.is_suppressed(&Key::external_id(&item.external_id)) {
            return IdentityOutcome { kept: Some(who), ..nothing("suppressed") };
        }
        assign(draft, who, &item.who.target, &item.external_id, at);
        converge_on(draft, who, at);
        return IdentityOutcome { kept: Some(who), ..IdentityOutcome::new(array, index, Done::Identified) };
    };
    if let Some(reason) = obstacle(draft, &item.who.target, target, who) {
        return IdentityOutcome { kept: Some(target), ..nothing(reason) };
    }
    let warnings = guards(draft, target, who);
    let shared = draft.profile(who).map(Profile::shared_keys).unwrap_or_default();
    let joined = join(draft, target, who, How::Identify, None, item.filling, at);
    settle(draft, &shared);
    converge_on(draft, target, at);
    match joined {
        None => nothing("not_found"),
        Some(joined) => IdentityOutcome {
            kept: Some(target),
            removed: Some(who),
            merge: Some(joined.merge),
            dropped: joined.dropped,
            warnings,
            ..IdentityOutcome::new(array, index, Done::Merged)
        },
    }
}

/// What keeps an anonymous profile from becoming part of a known one.
fn obstacle(draft: &Draft<'_>, named: &Target, target: ProfileId, who: ProfileId) -> Option<&'static str> {
    let (kept, removed) = (draft.profile(target)?, draft.profile(who)?);
    // MLN: two LINE accounts are two followers.
    let line_ids = (&kept.line_id, &removed.line_id);
    if let (Some(own), Some(other)) = line_ids
        && own != other
    {
        return Some("different_line_id");
    }
    // IDF-4: the label of the alias that names it is taken.
    match named {
        Target::Alias(alias) if kept.alias(&alias.label).is_some() => Some("alias_label_taken"),
        _ => None,
    }
}

/// Gives an anonymous profile its external id (`IDF-2`); a survivor that has it as a merged id lets it go.
fn assign(draft: &mut Draft<'_>, who: ProfileId, named: &Target, external_id: &str, at: Timestamp) {
    if let Some(holder) = draft.holders(&Key::external_id(external_id)).first().copied() {
        draft.release_former_id(holder, external_id, at);
        draft.note(holder, at, JournalKind::MergedIdReleased, Some(who), json!({"external_id": external_id}));
    }
    if let Some(key) = named.key() {
        draft.log(who, at, &key, || Write::SetExternalId(external_id.to_owned()));
    }
    draft.set_external_id(who, external_id, at);
    if let Some(key) = named.key() {
        draft.carry(who, &key, Key::external_id(external_id));
    }
    draft.note(who, at, JournalKind::Identified, None, json!({"external_id": external_id}));
}
