//! What one profile becomes when another is merged into it: the table of section 5, field by field.

use serde_json::{Value, json};

use crate::fields::tokens;
use crate::{Alias, Dropped, FieldName, FormerId, FormerKind, GlobalState, OwnStates, Profile};

/// How much of the merged profile the survivor takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// Everything the survivor has not (section 5).
    Gaps,
    /// Identifiers only (`merge_behavior: none`, `IDF-13`).
    Nothing,
}

/// A survivor's new row, and what of the other did not fit on it.
#[derive(Clone, Debug)]
pub struct Combined {
    /// The new row: id, `created_at`, version and `merged` are the survivor's.
    pub profile: Profile,
    /// What only the other had and nobody has now, in the order of the fields.
    pub dropped: Vec<Dropped>,
}

/// Combines `kept` (K) and `removed` (M). States of addresses are not its business (`MF-4`); own states are combined
/// as if neither had an address.
#[must_use]
pub fn combine(kept: &Profile, removed: &Profile, filling: Filling) -> Combined {
    let mut combined = Combined { profile: kept.clone(), dropped: Vec::new() };
    identifiers(&mut combined, kept, removed);
    if filling == Filling::Gaps {
        fields(&mut combined, removed);
        attributes(&mut combined, removed);
        combined.profile.own = own_states(&kept.own, &removed.own);
    } else {
        drop_all(&mut combined, removed);
    }
    combined
}

impl Combined {
    fn lose(&mut self, field: impl Into<String>, value: Value) {
        self.dropped.push(Dropped { field: field.into(), value });
    }
}

fn identifiers(combined: &mut Combined, kept: &Profile, removed: &Profile) {
    let profile = &mut combined.profile;
    let ids = removed.external_id.iter().chain(removed.former_ids.iter().map(|former| &former.external_id));
    profile.former_ids.extend(ids.map(|id| FormerId { external_id: id.clone(), kind: FormerKind::Merged }));
    let mut dropped = Vec::new();
    match (&kept.line_id, &removed.line_id) {
        (None, Some(id)) => profile.line_id = Some(id.clone()),
        (Some(own), Some(other)) if own != other => dropped.push(("native_line_id", json!(other))),
        _ => {}
    }
    // The alias of a LINE ID lives where the LINE ID does, and nowhere else: nothing proves the survivor's claim.
    let line_id = profile.line_id.clone();
    let claims_another = |alias: &Alias| {
        let claimed = alias.as_line_id();
        claimed.is_some_and(|claimed| line_id.as_ref().is_some_and(|id| *id != claimed))
    };
    let stale = profile.aliases.extract_if(.., |alias| claims_another(alias));
    dropped.extend(stale.map(|alias| ("user_alias", json!(alias))));
    for alias in &removed.aliases {
        if claims_another(alias) || profile.alias(&alias.label).is_some() {
            dropped.push(("user_alias", json!(alias)));
        } else {
            let place = profile.aliases.partition_point(|known| known.label < alias.label);
            profile.aliases.insert(place, alias.clone());
        }
    }
    for (field, value) in dropped {
        combined.lose(field, value);
    }
}

fn fields(combined: &mut Combined, removed: &Profile) {
    match (&combined.profile.email, &removed.email) {
        (None, Some(email)) => combined.profile.email = Some(email.clone()),
        (Some(own), Some(other)) if own.key != other.key => combined.lose("email", json!(other.written)),
        _ => {}
    }
    match (&combined.profile.phone, &removed.phone) {
        (None, Some(phone)) => combined.profile.phone = Some(phone.clone()),
        (Some(own), Some(other)) if own.shown() != other.shown() => {
            combined.lose("phone", json!(other.shown()))
        }
        _ => {}
    }
    // MF-1: blank is empty, on either side.
    for (name, theirs) in removed.fields.iter().filter(|(_, value)| !is_blank(value)) {
        let ours = combined.profile.fields.get(name).filter(|value| !is_blank(value)).cloned();
        let value = match ours {
            None => theirs.clone(),
            Some(ours) => match merge_field(name, &ours, theirs) {
                Some(value) => value,
                None if ours == *theirs => continue,
                None => {
                    combined.lose(name.as_str(), theirs.clone());
                    continue;
                }
            },
        };
        combined.profile.fields.set(name, &value);
    }
}

fn is_blank(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Fields that both have and that combine; `None`: the survivor's stays.
fn merge_field(name: FieldName, ours: &Value, theirs: &Value) -> Option<Value> {
    // Times are RFC 3339 in UTC with milliseconds: their texts sort as they do.
    let ours_is_earlier = || Some(ours.as_str()? <= theirs.as_str()?);
    match name {
        FieldName::DateOfFirstSession => Some(if ours_is_earlier()? { ours } else { theirs }.clone()),
        FieldName::DateOfLastSession => Some(if ours_is_earlier()? { theirs } else { ours }.clone()),
        // The survivor's devices, then the other's; of one device the survivor's token.
        FieldName::PushTokens => Some(tokens::unite(Some(&tokens::unite(Some(ours), theirs)), ours)),
        _ => None,
    }
}

/// Per attribute name: the survivor's value stays, names that only the other has are added. Objects and arrays are
/// values like any other.
fn attributes(combined: &mut Combined, removed: &Profile) {
    let mut dropped = Vec::new();
    for (name, value) in removed.custom.iter() {
        match combined.profile.custom.text(name) {
            None => {
                combined.profile.custom.set_raw(name, value);
            }
            Some(ours) if ours == value.get() => {}
            Some(_) => dropped.push((name.to_owned(), value.get().to_owned())),
        }
    }
    for (name, text) in dropped {
        combined.lose(format!("custom_attributes.{name}"), serde_json::from_str(&text).unwrap_or_default());
    }
}

/// Takes nothing, and tells what the survivor has not alike.
fn drop_all(combined: &mut Combined, removed: &Profile) {
    let kept = combined.profile.clone();
    let email = removed.email.as_ref();
    let email = email.filter(|email| kept.email.as_ref().is_none_or(|own| own.key != email.key));
    let phone = removed.phone.as_ref();
    let phone = phone.filter(|phone| kept.phone.as_ref().is_none_or(|own| own.shown() != phone.shown()));
    let email = email.map(|email| ("email", json!(email.written)));
    let phone = phone.map(|phone| ("phone", json!(phone.shown())));
    for (field, value) in email.into_iter().chain(phone) {
        combined.lose(field, value);
    }
    for (name, value) in removed.fields.iter() {
        if !is_blank(value) && kept.fields.get(name) != Some(value) {
            combined.lose(name.as_str(), value.clone());
        }
    }
    for (name, value) in
        removed.custom.iter().filter(|(name, value)| kept.custom.text(name) != Some(value.get()))
    {
        combined
            .lose(format!("custom_attributes.{name}"), serde_json::from_str(value.get()).unwrap_or_default());
    }
}

/// States that neither address carries: the survivor's, gaps from the other; an email opt-out of either stays one.
fn own_states(kept: &OwnStates, removed: &OwnStates) -> OwnStates {
    let mut own = kept.clone();
    own.email = match (kept.email, removed.email) {
        (_, Some(GlobalState::Unsubscribed)) => removed.email,
        (None, theirs) => theirs,
        (ours, _) => ours,
    };
    for (group, state) in &removed.email_groups {
        own.email_groups.entry(*group).or_insert(*state);
    }
    for (group, state) in &removed.phone_groups {
        own.phone_groups.entry(*group).or_insert(*state);
    }
    own
}

#[cfg(test)]
mod tests;
