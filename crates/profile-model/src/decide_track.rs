//! Tracking: attributes, events and purchases of a batch, from the API or a CSV file.

use std::sync::Arc;

use crate::{
    Actor, Address, Body, Decision, Item, ItemError, Key, Keys, Loaded, Occasion, Occurrence, ProfileId,
    Settings, Target, Timestamp, decide_duplicates::converge, draft::Draft,
};

mod attributes;
mod line_rules;
mod remembered;
mod resolve;
mod spread;
mod states;

pub(crate) use line_rules::{adopt, keep_follower, make_follower};
pub use spread::{TrackPart, spread_keys, spread_track};
pub(crate) use states::write_group;

/// Which door the items came through: doors differ in who may be created and by what (section 1.4, `CSV` 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `/users/track` and its relatives.
    Api,
    /// A CSV file.
    Csv,
}

/// What happened to one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    /// It made this profile.
    Created(ProfileId),
    /// It changed this profile, or states of its addresses.
    Changed(ProfileId),
    /// It named this profile and changed nothing.
    Unchanged(ProfileId),
    /// Nobody was found and nobody may be made (`ID-11`).
    Nobody,
    /// Its event or product is on the blocklist: dropped without a word (`CAT-6`).
    Blocked,
    /// It names somebody who was erased and is to stay so.
    Suppressed,
    /// CSV: the alias belongs to a user with an external id: the row is an error (`OPEN-27`).
    AliasOfIdentified,
}

impl ItemOutcome {
    /// The profile it led to.
    #[must_use]
    pub const fn profile(self) -> Option<ProfileId> {
        match self {
            Self::Created(id) | Self::Changed(id) | Self::Unchanged(id) => Some(id),
            Self::Nobody | Self::Blocked | Self::Suppressed | Self::AliasOfIdentified => None,
        }
    }
}

/// Outcomes of a batch, one per item in the same order, and problems that only the stored data shows.
#[derive(Clone, Debug, Default)]
pub struct TrackOutcome {
    /// One per item.
    pub items: Vec<ItemOutcome>,
    /// Items (by their place) that brought back an identifier of somebody who was erased.
    pub erased_before: Vec<usize>,
    /// Items (by their place) that named a merged profile and went to the survivor (`MID`).
    pub via_merged_id: Vec<usize>,
    /// Values left out after a look at the profile; the rest of the object applied.
    pub errors: Vec<ItemError>,
}

/// What must be loaded to decide on these items.
#[must_use]
pub fn track_keys(items: &[Item]) -> Keys {
    let mut keys = Keys::default();
    for item in items {
        let target = item.target.key();
        match &item.target {
            Target::BrazeId(Some(id)) => keys.add_person(*id),
            Target::BrazeId(None) => {}
            _ => keys.identifiers.extend(target.clone()),
        }
        match (&item.body, target) {
            (Body::Attributes(attributes), _) => attributes::claim_keys(attributes, &item.target, &mut keys),
            (Body::Event(event), Some(key)) => {
                keys.summaries_of_holders.push((key, Occurrence::Event, Arc::clone(&event.name)));
            }
            (Body::Purchase(purchase), Some(key)) => {
                keys.summaries_of_holders.push((key, Occurrence::Purchase, Arc::clone(&purchase.product)));
            }
            _ => {}
        }
    }
    keys
}

/// Decides a batch. Items apply in order, each seeing the ones before; `updated_at` is `now` plus the item's place
/// in microseconds, so that "most recently updated" is never a tie within a batch.
pub fn decide_track(
    items: &[Item],
    loaded: &Loaded,
    door: Door,
    occasion: &Occasion,
) -> (Decision, TrackOutcome) {
    let mut draft = Draft::new(loaded, occasion);
    let outcome = apply_items(&mut draft, items.iter().enumerate(), door, occasion, |_| None);
    (draft.finish(), outcome)
}

/// Decides a part of a batch as [`decide_track`] decides the whole: times, ids and places are those of the batch.
pub fn decide_part(
    part: &TrackPart,
    loaded: &Loaded,
    door: Door,
    occasion: &Occasion,
) -> (Decision, TrackOutcome) {
    let mut draft = Draft::new(loaded, occasion);
    let items = part.places.iter().copied().zip(&part.items);
    let outcome = apply_items(&mut draft, items, door, occasion, |_| None);
    (draft.finish(), outcome)
}

/// Whether the item named its profile by an id that came with a merged one.
fn is_via_merged_id(draft: &Draft<'_>, item: &Item, id: ProfileId) -> bool {
    match &item.target {
        Target::BrazeId(named) => *named != Some(id),
        Target::ExternalId(named) => draft.profile(id).is_some_and(|profile| profile.is_merged_id(named)),
        Target::Alias(_) | Target::Email(_) | Target::Phone(_) => false,
    }
}

/// Applies items, each with its place in the batch, to a draft (for decisions that do more than track, e.g. an import's chunk with its progress). `actor`
/// says whom an item is from, where that is not whom the whole batch is from.
pub(crate) fn apply_items<'i>(
    draft: &mut Draft<'_>,
    items: impl Iterator<Item = (usize, &'i Item)>,
    door: Door,
    occasion: &Occasion,
    actor: impl Fn(&Item) -> Option<Actor>,
) -> TrackOutcome {
    let now = occasion.now;
    let mut outcome =
        TrackOutcome { items: Vec::with_capacity(items.size_hint().0), ..TrackOutcome::default() };
    for (place, item) in items {
        let at = now.plus_micros(i64::try_from(place).unwrap_or(0));
        draft.turn_to(occasion, place);
        if let Some(actor) = actor(item) {
            draft.actor = actor;
        }
        let result = apply_item(draft, item, door, now, at, &mut outcome.errors);
        if result == ItemOutcome::Suppressed {
            outcome.errors.push(ItemError {
                array: item.array,
                index: item.index,
                message: "this user was erased and is suppressed; DELETE /suppressions/{id} lifts it"
                    .to_owned(),
                rejected: true,
            });
        }
        if matches!(result, ItemOutcome::Created(_)) && remembered::was_erased(draft, item) {
            outcome.erased_before.push(place);
        }
        if result.profile().is_some_and(|id| is_via_merged_id(draft, item, id)) {
            outcome.via_merged_id.push(place);
        }
        outcome.items.push(result);
    }
    outcome
}

fn apply_item(
    draft: &mut Draft<'_>,
    item: &Item,
    door: Door,
    now: Timestamp,
    at: Timestamp,
    errors: &mut Vec<ItemError>,
) -> ItemOutcome {
    if remembered::is_suppressed(draft, item) {
        return ItemOutcome::Suppressed;
    }
    if is_blocked(&draft.settings, &item.body) {
        return ItemOutcome::Blocked;
    }
    let (id, is_new) = match resolve::find_or_make(draft, item, door, at) {
        resolve::Found::Existing(id) => (id, draft.is_new(id)),
        resolve::Found::Made(id) => (id, true),
        resolve::Found::Nobody => return ItemOutcome::Nobody,
        resolve::Found::AliasOfIdentified => return ItemOutcome::AliasOfIdentified,
    };
    let side = side_of(draft, id, &item.target);
    let made_here = matches!(draft.profile(id), Some(profile) if is_new && profile.created_at == at);
    let kept_out = match &item.body {
        Body::Attributes(_) => false,
        // An event may make the profile of an address.
        Body::Event(_) | Body::Purchase(_) => {
            remembered::touches_email(&item.target, None)
                && remembered::opted_out(draft, id, None).is_some_and(|address| {
                    draft.set_state(&address, crate::StateOf::Global, crate::GlobalState::Unsubscribed, at)
                })
        }
    };
    let changed = match &item.body {
        Body::Attributes(body) => {
            if let Some(key) = named_by(&item.target) {
                draft.log(id, at, &key, || crate::Write::Attributes {
                    target: item.target.clone(),
                    attributes: body.clone(),
                });
            }
            attributes::apply(draft, id, item, body, at, errors)
        }
        Body::Event(event) => {
            occur(draft, id, side, at);
            draft.append_event(crate::EventRow {
                profile: side,
                name: Arc::clone(&event.name),
                at: event.at.min(now),
                app_id: event.app_id.clone(),
                properties: event.properties.clone(),
            });
            true
        }
        Body::Purchase(purchase) => {
            occur(draft, id, side, at);
            let revenue = crate::multiply(&purchase.price, purchase.quantity);
            let revenue = revenue.unwrap_or_else(|| purchase.price.clone());
            draft.append_purchase(
                crate::PurchaseRow {
                    profile: side,
                    product: Arc::clone(&purchase.product),
                    currency: Arc::clone(&purchase.currency),
                    price: purchase.price.clone(),
                    quantity: purchase.quantity,
                    at: purchase.at.min(now),
                    app_id: purchase.app_id.clone(),
                    properties: purchase.properties.clone(),
                },
                &revenue,
            );
            true
        }
    };
    if made_here && let Target::Alias(alias) = &item.target {
        alias.as_line_id().iter().for_each(|line_id| converge(draft, line_id, at));
    }
    match (made_here, changed | kept_out) {
        (true, _) => ItemOutcome::Created(id),
        (false, true) => ItemOutcome::Changed(id),
        (false, false) => ItemOutcome::Unchanged(id),
    }
}

/// An event or purchase of a side moves the row.
fn occur(draft: &mut Draft<'_>, id: ProfileId, side: ProfileId, at: Timestamp) {
    draft.edit(id, at, |profile| {
        profile.note_occurrence(side, at);
        true
    });
}

/// Whether the workspace drops it. Attributes are dropped one by one.
fn is_blocked(settings: &Settings, body: &Body) -> bool {
    match body {
        Body::Attributes(_) => false,
        Body::Event(event) => settings.blocklist.events.holds(&event.name),
        Body::Purchase(purchase) => settings.blocklist.products.holds(&purchase.product),
    }
}

/// The identifier that found the profile.
fn named_by(target: &Target) -> Option<Key> {
    match target {
        Target::BrazeId(id) => id.map(Key::merged),
        other => other.key(),
    }
}

/// The side of the profile that an identifier came with: its events and purchases are written there, so that neither a
/// merge nor an undo has to move them.
fn side_of(draft: &Draft<'_>, id: ProfileId, target: &Target) -> ProfileId {
    match (draft.profile(id), named_by(target)) {
        (Some(profile), Some(key)) if !profile.merged.is_empty() => profile.side_of(&key),
        _ => id,
    }
}

/// Applies an attributes item to a profile again (undo); what the profile does not take is left out as it was then.
pub(crate) fn apply_attributes(draft: &mut Draft<'_>, id: ProfileId, item: &Item, at: Timestamp) -> bool {
    let mut errors = Vec::new();
    match &item.body {
        Body::Attributes(body) => attributes::apply(draft, id, item, body, at, &mut errors),
        Body::Event(_) | Body::Purchase(_) => false,
    }
}

/// The address an item's states would be stored by, where the item itself says it.
fn address_of_email(email: &crate::Email) -> Address {
    Address { kind: crate::AddressKind::Email, value: email.key.clone() }
}

fn address_of_phone(phone: &crate::Phone) -> Option<Address> {
    phone.key().map(|e164| Address { kind: crate::AddressKind::Phone, value: e164.to_owned() })
}
