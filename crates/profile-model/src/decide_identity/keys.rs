//! What the identity operations need loaded.

use crate::{AliasUpdate, Delete, Identify, Key, Keys, Merge, NewAlias, Rename, Selector, Target};

fn of_selector(selector: &Selector, keys: &mut Keys) {
    match &selector.target {
        Target::BrazeId(Some(id)) => keys.profiles.push(*id),
        target => keys.identifiers.extend(target.key()),
    }
}

/// Keys of an identify batch.
#[must_use]
pub fn identify_keys(items: &[Identify]) -> Keys {
    let mut keys = Keys::default();
    for item in items {
        of_selector(&item.who, &mut keys);
        keys.identifiers.push(Key::external_id(&item.external_id));
    }
    keys
}

/// Keys of a merge batch.
#[must_use]
pub fn merge_keys(items: &[Merge]) -> Keys {
    let mut keys = Keys::default();
    for item in items {
        of_selector(&item.removed, &mut keys);
        of_selector(&item.kept, &mut keys);
    }
    keys
}

/// Keys of a deletion batch.
#[must_use]
pub fn delete_keys(items: &[Delete]) -> Keys {
    let mut keys = Keys::default();
    items.iter().for_each(|item| of_selector(&item.who, &mut keys));
    keys
}

/// Keys of an `alias/new` batch.
#[must_use]
pub fn new_alias_keys(items: &[NewAlias]) -> Keys {
    let mut keys = Keys::default();
    for item in items {
        keys.identifiers.extend(item.external_id.as_deref().map(Key::external_id));
        keys.identifiers.push(Key::alias(&item.alias));
    }
    keys
}

/// Keys of an `alias/update` batch.
#[must_use]
pub fn alias_update_keys(items: &[AliasUpdate]) -> Keys {
    let both = |item: &AliasUpdate| [Key::alias(&item.from), Key::alias(&item.to)];
    Keys { identifiers: items.iter().flat_map(both).collect(), ..Keys::default() }
}

/// Keys of a rename batch.
#[must_use]
pub fn rename_keys(items: &[Rename]) -> Keys {
    let both = |item: &Rename| [Key::external_id(&item.from), Key::external_id(&item.to)];
    Keys { identifiers: items.iter().flat_map(both).collect(), ..Keys::default() }
}

/// Keys of a removal batch.
#[must_use]
pub fn removal_keys(items: &[(u32, String)]) -> Keys {
    Keys { identifiers: items.iter().map(|(_, id)| Key::external_id(id)).collect(), ..Keys::default() }
}
