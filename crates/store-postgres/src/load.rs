//! Loading sets by keys: one statement per kind of key that is asked for, and shard.
//!
//! In a unit, what others could change under it is locked first: the configuration, jobs, then profiles in id order. All
//! else is read by later statements, so that it is as new as the locks (the isolation level is READ COMMITTED, where each
//! statement sees what was committed before it began).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use profile_model::{Key, Keys, Loaded, ProfileId, SummaryKey};

use crate::fault::UnitFault;
use crate::shards::Shards;
use crate::statement::Counted;

mod agreement;
pub(crate) mod holders;
pub(crate) mod joins;
pub(crate) mod states;
pub(crate) mod summaries;
mod views;

/// What was loaded, with what only this backend knows.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) loaded: Loaded,
    /// Shared values asked for: whether somebody is their first holder (has `tie` zero).
    pub(crate) slots: HashMap<Key, bool>,
    /// Profiles whose rows this unit has locked.
    pub(crate) held: HashSet<ProfileId>,
}

impl Found {
    /// Takes over what a further round of the same transaction brought.
    pub(crate) fn extend(&mut self, more: Self) {
        self.loaded.extend(more.loaded);
        self.slots.extend(more.slots);
        self.held.extend(more.held);
    }
}

/// Reads what `keys` ask for, locking nothing.
pub(crate) async fn read(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &Keys,
) -> Result<Loaded, UnitFault> {
    let mut found = Found::default();
    crate::jobs::load(counted, shards, keys, false, &mut found.loaded).await?;
    holders::read(counted, shards, keys, &mut found).await?;
    rest(counted, shards, keys, false, &mut found).await?;
    Ok(found.loaded)
}

/// Loads what `keys` ask for, for a unit that will write.
pub(crate) async fn lock(counted: &mut Counted<'_>, shards: Shards, keys: &Keys) -> Result<Found, UnitFault> {
    let mut found = Found::default();
    if keys.config {
        crate::config::lock(counted).await?;
    }
    crate::jobs::load(counted, shards, keys, true, &mut found.loaded).await?;
    holders::lock(counted, shards, keys, &mut found).await?;
    rest(counted, shards, keys, true, &mut found).await?;
    Ok(found)
}

/// Whether these keys lock anything that must be locked before all else is read.
pub(crate) fn lock_first(keys: &Keys) -> bool {
    let jobs =
        keys.sync.is_some() || keys.sync_of.is_some() || keys.import.is_some() || keys.duplicates.is_some();
    keys.config || jobs || !keys.identifiers.is_empty() || !keys.profiles.is_empty()
}

async fn rest(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &Keys,
    locking: bool,
    found: &mut Found,
) -> Result<(), UnitFault> {
    let loaded = &mut found.loaded;
    states::load_addresses(counted, shards, &keys.addresses, locking, loaded).await?;
    states::load_friendships(counted, shards, &keys.line_users, loaded).await?;
    let mut summaries = keys.summaries.clone();
    for (key, of, name) in &keys.summaries_of_holders {
        for profile in loaded.holders.get(key).into_iter().flatten() {
            summaries.push(SummaryKey { profile: *profile, of: *of, name: Arc::clone(name) });
        }
    }
    summaries.sort_unstable();
    summaries.dedup();
    summaries::load(counted, shards, &summaries, loaded).await?;
    joins::load(counted, shards, keys, loaded).await?;
    states::load_inbox(counted, shards, &keys.inbox, loaded).await?;
    if let Some(key) = keys.answer {
        loaded.answer = crate::answers::load(counted, shards, key).await?;
    }
    if keys.config {
        loaded.config = Some(Arc::new(crate::config::load(counted).await?));
    }
    // Before the views, so that what was asked for and is not there is not asked again.
    loaded.mark_asked(keys);
    if keys.views {
        views::load(counted, shards, locking, loaded).await?;
    }
    Ok(())
}
