//! What a database refuses, found before anything is written: so that a change set is applied in place, and one that is
//! refused leaves nothing, without a copy of everything beside it.

use std::collections::{BTreeMap, BTreeSet};

use profile_model::{ChangeSet, Key, ProfileId};

use super::World;
use crate::Fault;

/// Checks versions, unique keys, rows that must or must not be there, in the order in which they would be written.
pub(super) fn check(world: &World, change: &ChangeSet) -> Result<(), Fault> {
    check_profiles(world, change)?;
    check_keys(world, change)?;
    let mut fresh = BTreeSet::new();
    for row in &change.inbox {
        refuse_unless(!world.inbox.contains_key(&row.key) && fresh.insert(&row.key), "an inbox row existed")?;
    }
    for (key, ..) in &change.inbox_settled {
        let known = world.inbox.contains_key(key) || fresh.contains(key);
        refuse_unless(known, "a settled inbox row is gone")?;
    }
    if let Some((answer, since)) = &change.answer {
        let old = world.answers.get(&answer.key);
        refuse_unless(old.is_none_or(|kept| kept.at < *since), "an answer was kept already")?;
    }
    Ok(())
}

fn check_profiles(world: &World, change: &ChangeSet) -> Result<(), Fault> {
    // Versions as they become; `None`: gone.
    let mut written = BTreeMap::<ProfileId, Option<u64>>::new();
    let version = |written: &BTreeMap<ProfileId, Option<u64>>, id: &ProfileId| {
        written.get(id).copied().unwrap_or_else(|| world.profiles.get(id).map(|known| known.version))
    };
    for profile in &change.updated {
        let known = version(&written, &profile.id);
        refuse_unless(known.is_some(), "an updated profile is gone")?;
        refuse_unless(
            known.map(|known| known + 1) == Some(profile.version),
            "an updated profile skipped a version",
        )?;
        written.insert(profile.id, Some(profile.version));
    }
    for profile in &change.created {
        refuse_unless(version(&written, &profile.id).is_none(), "a created profile existed")?;
        written.insert(profile.id, Some(profile.version));
    }
    let mut restored = BTreeSet::new();
    for profile in &change.restored {
        let retired = world.retired.contains(&profile.id) && restored.insert(profile.id);
        refuse_unless(retired, "a restored profile was not retired")?;
        written.insert(profile.id, Some(profile.version));
    }
    let erased = change.erasures.iter().map(|erasure| (&erasure.profile, erasure.version));
    for (id, expected) in erased.chain(change.retired.iter().map(|(id, version)| (id, *version))) {
        let known = version(&written, id);
        refuse_unless(known.is_some(), "a profile to be taken away is gone")?;
        refuse_unless(known == Some(expected), "a profile to be taken away has another version")?;
        written.insert(*id, None);
    }
    Ok(())
}

fn check_keys(world: &World, change: &ChangeSet) -> Result<(), Fault> {
    let mut holders = BTreeMap::<&Key, BTreeSet<ProfileId>>::new();
    for (key, id) in &change.released {
        let held = holders.entry(key).or_insert_with(|| world.holders(key));
        refuse_unless(held.remove(id), "a released key was not held")?;
    }
    for (key, id) in &change.claimed {
        let held = holders.entry(key).or_insert_with(|| world.holders(key));
        let free = held.is_empty() || !key.kind.is_unique();
        refuse_unless(free && held.insert(*id), "a claimed key was taken")?;
    }
    Ok(())
}

fn refuse_unless(holds: bool, what: &str) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::Inconsistent(format!("model: {what}"))) }
}
