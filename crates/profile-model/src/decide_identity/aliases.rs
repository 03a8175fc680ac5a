//! `/users/alias/new` and `/users/alias/update` (`ALN-*`, `ALU-*`).

use serde_json::json;

use super::{Done, IdentityOutcome, IdentityReport, Manner, each, pick::owner_of};
use crate::{
    Alias, AliasUpdate, Decision, JournalKind, Key, Loaded, NewAlias, Occasion, ProfileId, Timestamp, Write,
    decide_duplicates::{converge, converge_on},
    draft::Draft,
};

const NEW: &str = "user_aliases";
const UPDATES: &str = "alias_updates";

/// Decides an `alias/new` batch.
#[must_use]
pub fn decide_new_aliases(
    items: &[NewAlias],
    loaded: &Loaded,
    occasion: &Occasion,
    manner: &Manner,
) -> (Decision, IdentityReport) {
    each(items, loaded, occasion, manner, add)
}

/// Decides an `alias/update` batch.
#[must_use]
pub fn decide_alias_updates(
    items: &[AliasUpdate],
    loaded: &Loaded,
    occasion: &Occasion,
    manner: &Manner,
) -> (Decision, IdentityReport) {
    each(items, loaded, occasion, manner, rename)
}

fn add(draft: &mut Draft<'_>, item: &NewAlias, at: Timestamp) -> IdentityOutcome {
    let nothing = |reason| IdentityOutcome::nothing(NEW, item.index, reason);
    let holder = draft.holders(&Key::alias(&item.alias)).first().copied();
    if draft.is_suppressed(&Key::alias(&item.alias)) {
        return nothing("suppressed");
    }
    let Some(external_id) = &item.external_id else {
        // ALN-2, ALN-3: an alias-only profile, unless somebody has the pair.
        if holder.is_some() {
            return IdentityOutcome { kept: holder, ..nothing("alias_taken") };
        }
        let made = draft.create(at, &Key::alias(&item.alias));
        draft.add_alias(made, &item.alias, at);
        converge_on_name(draft, &item.alias, at);
        return IdentityOutcome { kept: Some(made), ..IdentityOutcome::new(NEW, item.index, Done::Changed) };
    };
    let Some(owner) = owner_of(draft, external_id) else { return nothing("not_found") };
    let obstacle = match holder {
        Some(holder) if holder == owner => Some("alias_known"),
        Some(_) => Some("alias_taken"),
        None => unfit(draft, owner, &item.alias, None),
    };
    if let Some(reason) = obstacle {
        return IdentityOutcome { kept: Some(owner), ..nothing(reason) };
    }
    draft.add_alias(owner, &item.alias, at);
    draft.note(owner, at, JournalKind::AliasAdded, None, json!({"alias": item.alias}));
    draft.log(owner, at, &Key::external_id(external_id), || Write::AddAlias(item.alias.clone()));
    converge_on_name(draft, &item.alias, at);
    IdentityOutcome { kept: Some(owner), ..IdentityOutcome::new(NEW, item.index, Done::Changed) }
}

/// A name by which a follower is known may be what a user with the LINE ID was waiting for.
fn converge_on_name(draft: &mut Draft<'_>, alias: &Alias, at: Timestamp) {
    if let Some(line_id) = alias.as_line_id() {
        converge(draft, &line_id, at);
    }
}

/// Why a profile cannot carry an alias: another name under its label (`OPEN-8`), or it claims another LINE ID.
fn unfit(
    draft: &Draft<'_>,
    id: ProfileId,
    alias: &Alias,
    instead_of: Option<&Alias>,
) -> Option<&'static str> {
    let profile = draft.profile(id)?;
    let same_label = profile.alias(&alias.label).filter(|known| Some(*known) != instead_of);
    if same_label.is_some() {
        return Some("alias_label_taken");
    }
    let claimed = alias.as_line_id()?;
    profile.line_id.as_ref().is_some_and(|own| *own != claimed).then_some("different_line_id")
}

fn rename(draft: &mut Draft<'_>, item: &AliasUpdate, at: Timestamp) -> IdentityOutcome {
    let nothing = |reason| IdentityOutcome::nothing(UPDATES, item.index, reason);
    let holder = draft.holders(&Key::alias(&item.from)).first().copied();
    let taken = draft.holders(&Key::alias(&item.to)).first().copied();
    let suppressed = draft.is_suppressed(&Key::alias(&item.to));
    let Some(holder) = holder else { return nothing("not_found") };
    let obstacle = match taken {
        _ if suppressed => Some("suppressed"),
        Some(other) if other == holder => Some("alias_known"),
        Some(_) => Some("alias_taken"),
        None => unfit(draft, holder, &item.to, Some(&item.from)),
    };
    if let Some(reason) = obstacle {
        return IdentityOutcome { kept: Some(holder), ..nothing(reason) };
    }
    // The new name belongs to the side that the old one came with.
    draft.log(holder, at, &Key::alias(&item.from), || Write::RenameAlias {
        from: item.from.clone(),
        to: item.to.clone(),
    });
    draft.rename_alias(holder, &item.from, &item.to, at);
    draft.note(holder, at, JournalKind::AliasRenamed, None, json!({"before": item.from, "alias": item.to}));
    converge_on(draft, holder, at);
    converge_on_name(draft, &item.to, at);
    IdentityOutcome { kept: Some(holder), ..IdentityOutcome::new(UPDATES, item.index, Done::Changed) }
}
