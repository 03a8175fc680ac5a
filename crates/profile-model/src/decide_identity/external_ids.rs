//! `/users/external_ids/rename` and `/users/external_ids/remove` (`REN-*`, `REM-*`).

use serde_json::json;

use super::{IdentityReport, Manner, conclude, pick::owner_of};
use crate::{
    Decision, Done, FormerKind, IdentityOutcome, JournalKind, Key, Loaded, Occasion, Rename, Timestamp,
    Write, draft::Draft,
};

/// Outcome of one rename or removal: the id that stands now or went, or the error text.
pub type IdOutcome = Result<String, &'static str>;

/// Decides a rename batch; outcomes as the wire wants them, one per element.
#[must_use]
pub fn decide_renames(
    items: &[Rename],
    loaded: &Loaded,
    occasion: &Occasion,
    manner: &Manner,
) -> (Decision, (Vec<IdOutcome>, IdentityReport)) {
    let mut draft = Draft::new(loaded, occasion);
    let outcomes: Vec<_> = (0..)
        .zip(items)
        .map(|(place, item)| rename(&mut draft, item, occasion.now.plus_micros(place)))
        .collect();
    let told = items.iter().map(|item| item.index).zip(&outcomes);
    let told = told.map(|(index, outcome)| IdentityOutcome::of_id("external_id_renames", index, outcome));
    let (decision, report) = conclude(draft, loaded, manner, told.collect());
    (decision, (outcomes, report))
}

/// Decides a removal batch.
#[must_use]
pub fn decide_removals(
    items: &[(u32, String)],
    loaded: &Loaded,
    occasion: &Occasion,
    manner: &Manner,
) -> (Decision, (Vec<IdOutcome>, IdentityReport)) {
    let mut draft = Draft::new(loaded, occasion);
    let outcomes: Vec<_> = (0..)
        .zip(items)
        .map(|(place, (_, id))| remove(&mut draft, id, occasion.now.plus_micros(place)))
        .collect();
    let told = items.iter().map(|(index, _)| *index).zip(&outcomes);
    let told = told.map(|(index, outcome)| IdentityOutcome::of_id("external_ids", index, outcome));
    let (decision, report) = conclude(draft, loaded, manner, told.collect());
    (decision, (outcomes, report))
}

fn rename(draft: &mut Draft<'_>, item: &Rename, at: Timestamp) -> IdOutcome {
    if item.from == item.to {
        return Err("current_external_id and new_external_id must be different");
    }
    let taken = draft.holders(&Key::external_id(&item.to)).first().copied();
    let suppressed = draft.is_suppressed(&Key::external_id(&item.to));
    let owner = owner_of(draft, &item.from);
    let Some(owner) = owner else { return Err("current_external_id was not found") };
    let primary = draft.profile(owner).and_then(|profile| profile.external_id.clone());
    if primary.as_deref() != Some(item.from.as_str()) {
        return Err("current_external_id is deprecated; only a primary external_id can be renamed");
    }
    if suppressed {
        return Err("new_external_id was erased and is suppressed");
    }
    if let Some(holder) = taken {
        // A merged id is free to be used again: its survivor lets it go.
        if !draft.profile(holder).is_some_and(|profile| profile.is_merged_id(&item.to)) {
            return Err("new_external_id is already in use");
        }
        draft.release_former_id(holder, &item.to, at);
        draft.note(holder, at, JournalKind::MergedIdReleased, Some(owner), json!({"external_id": item.to}));
    }
    draft.log(owner, at, &Key::external_id(&item.from), || Write::RenameExternalId {
        from: item.from.clone(),
        to: item.to.clone(),
    });
    draft.rename_external_id(owner, &item.from, &item.to, at);
    draft.note(
        owner,
        at,
        JournalKind::ExternalIdRenamed,
        None,
        json!({"before": item.from, "external_id": item.to}),
    );
    Ok(item.to.clone())
}

fn remove(draft: &mut Draft<'_>, external_id: &str, at: Timestamp) -> IdOutcome {
    let key = Key::external_id(external_id);
    let Some(holder) = draft.holders(&key).first().copied() else { return Err("external_id was not found") };
    let former = draft.profile(holder).and_then(|profile| {
        profile.former_ids.iter().find(|former| former.external_id == external_id).map(|former| former.kind)
    });
    let kind = match former {
        None => return Err("external_id is not deprecated; a primary external_id cannot be removed"),
        Some(FormerKind::Deprecated) => JournalKind::ExternalIdRemoved,
        Some(FormerKind::Merged) => JournalKind::MergedIdReleased,
    };
    draft.log(holder, at, &key, || Write::RemoveExternalId(external_id.to_owned()));
    draft.release_former_id(holder, external_id, at);
    draft.note(holder, at, kind, None, json!({"external_id": external_id}));
    Ok(external_id.to_owned())
}

/// The outcomes of renames and removals in the common form.
impl IdentityOutcome {
    /// An outcome of a rename or removal.
    fn of_id(array: &'static str, index: u32, outcome: &IdOutcome) -> Self {
        match outcome {
            Ok(_) => Self::new(array, index, Done::Changed),
            Err(reason) => Self::nothing(array, index, reason),
        }
    }
}
