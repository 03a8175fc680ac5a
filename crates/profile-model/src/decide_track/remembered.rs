//! What track and CSV do with identifiers of the erased: they may create again, but an opt-out stands, and what is
//! suppressed is refused.

use crate::{
    Address, Body, Change, Email, GlobalState, Item, Key, LedgerRow, ProfileId, StateOf, Target, Timestamp,
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

/// The address of an item whose owner had opted out and was erased, to be kept opted out. `opted_in` lifts that for
/// good; `subscribed` does not, for it is what a re-import says of everybody. Asked before the item is applied.
pub(super) fn opted_out(draft: &mut Draft<'_>, item: &Item) -> Option<(Key, Address)> {
    if !draft.has_erasures() {
        return None;
    }
    let (email, said) = match (&item.body, &item.target) {
        (Body::Attributes(attributes), target) => {
            let written = attributes.email.as_ref().and_then(Change::value);
            (written.or_else(|| email_of(target)), attributes.email_subscribe)
        }
        (_, target) => (email_of(target), None),
    };
    let key = Key::email(email?);
    let row = draft.erased(&key).filter(|row| row.opted_out)?;
    let address: Address = address_of_email(email?);
    if said == Some(GlobalState::OptedIn) {
        draft.put_ledger(LedgerRow { opted_out: false, ..row });
        return None;
    }
    // Any other state is somebody's choice since then.
    let state = draft.state(&address, StateOf::Global);
    state.is_none_or(|state| state == GlobalState::Unsubscribed).then_some((key, address))
}

fn email_of(target: &Target) -> Option<&Email> {
    match target {
        Target::Email(email) => Some(email),
        _ => None,
    }
}

/// Keeps the address opted out that [`opted_out`] found; whether that changed its state.
pub(super) fn keep_opt_out(
    draft: &mut Draft<'_>,
    id: ProfileId,
    (key, address): &(Key, Address),
    at: Timestamp,
) -> bool {
    draft.holders(key).contains(&id)
        && draft.set_state(address, StateOf::Global, GlobalState::Unsubscribed, at)
}
