//! What track and CSV do with identifiers of the erased: they may create again, but an opt-out stands, and what is
//! suppressed is refused.

use crate::{
    Address, Attributes, Body, Change, GlobalState, Item, Key, LedgerRow, ProfileId, StateOf, Target,
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
    draft.has_erasures() && names(item).iter().any(|key| draft.is_suppressed(key))
}

/// Whether one of the identifiers belonged to somebody who was erased.
pub(super) fn was_erased(draft: &mut Draft<'_>, item: &Item) -> bool {
    draft.has_erasures() && names(item).iter().any(|key| draft.erased(key).is_some())
}

/// Whether an object may bring an address or its state: then the opt-outs of the erased are looked at.
pub(super) const fn touches_email(target: &Target, attributes: Option<&Attributes>) -> bool {
    let said = match attributes {
        Some(attributes) => attributes.email.is_some() || attributes.email_subscribe.is_some(),
        None => false,
    };
    said || matches!(target, Target::Email(_))
}

/// The address of this profile, if its owner had opted out and was erased, to be kept opted out: whoever names it, the
/// address is the profile's and not the object's. `opted_in` lifts that for good; `subscribed` does not, for it is what a
/// re-import says of everybody. Asked when the profile has the email that the item leaves it with, and before the item's
/// states are applied.
pub(super) fn opted_out(draft: &mut Draft<'_>, id: ProfileId, said: Option<GlobalState>) -> Option<Address> {
    if !draft.has_erasures() {
        return None;
    }
    let email = draft.profile(id)?.email.clone()?;
    let row = draft.erased(&Key::email(&email)).filter(|row| row.opted_out)?;
    if said == Some(GlobalState::OptedIn) {
        draft.put_ledger(LedgerRow { opted_out: false, ..row });
        return None;
    }
    let address = address_of_email(&email);
    // Any other state is somebody's choice since then.
    let state = draft.state(&address, StateOf::Global);
    state.is_none_or(|state| state == GlobalState::Unsubscribed).then_some(address)
}

#[cfg(test)]
mod tests;
