//! What track and CSV do with identifiers of the erased: they may create again, but an opt-out stands, and what is
//! suppressed is refused.

use crate::{
    Address, Attributes, Body, Change, GlobalState, Item, Key, Kind, ProfileId, StateOf, Target, Timestamp,
    draft::Draft,
};

use super::address_of_email;

/// Identifiers an item names or writes.
fn names(item: &Item) -> Vec<Key> {
    let mut keys: Vec<_> = item.target.key().into_iter().collect();
    if let Body::Attributes(attributes) = &item.body {
        keys.extend(attributes.email.as_ref().and_then(Change::value).map(Key::email));
        keys.extend(attributes.phone.as_ref().and_then(Change::value).and_then(Key::phone));
        keys.extend(attributes.line_id.as_ref().and_then(Change::value).map(Key::line_id));
    }
    keys
}

/// Whether one of the identifiers is refused.
pub(super) fn is_suppressed(draft: &mut Draft<'_>, item: &Item) -> bool {
    names(item).iter().any(|key| draft.erased(key).is_some_and(|row| row.suppressed))
}

/// Whether one of the identifiers belonged to somebody who was erased.
pub(super) fn was_erased(draft: &mut Draft<'_>, item: &Item) -> bool {
    names(item).iter().any(|key| draft.erased(key).is_some())
}

/// An address whose owner had opted out and was erased comes back opted out, unless the same object says `opted_in`:
/// `subscribed` is what a re-import says of everybody.
pub(super) fn keep_opt_out(
    draft: &mut Draft<'_>,
    id: ProfileId,
    item: &Item,
    attributes: &Attributes,
    at: Timestamp,
) -> bool {
    let written = attributes.email.as_ref().and_then(Change::value).or(match &item.target {
        Target::Email(email) => Some(email),
        _ => None,
    });
    let Some(email) = written else { return false };
    let address: Address = address_of_email(email);
    let key = Key::email(email);
    let was_out = draft.erased(&key).is_some_and(|row| row.kind == Kind::Email && row.opted_out);
    if !was_out || attributes.email_subscribe == Some(GlobalState::OptedIn) {
        return false;
    }
    if draft.holders(&key).as_slice() != [id] {
        return false;
    }
    match draft.state_since(&address, StateOf::Global) {
        // A state from before this object is somebody's later choice.
        Some((_, since)) if since < at => false,
        _ => draft.set_state(&address, StateOf::Global, GlobalState::Unsubscribed, at),
    }
}
