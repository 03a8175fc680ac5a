//! Loading what profiles are read through: states of their addresses, friendships of their LINE ids, their summaries.

use std::collections::BTreeSet;
use std::sync::Arc;

use profile_model::{Loaded, Profile};

use super::{states, summaries};
use crate::fault::UnitFault;
use crate::shards::Shards;
use crate::statement::Counted;

/// Loads it for every profile found; what was loaded already is not loaded again.
pub(super) async fn load(
    counted: &mut Counted<'_>,
    shards: Shards,
    locking: bool,
    loaded: &mut Loaded,
) -> Result<(), UnitFault> {
    let profiles: Vec<Arc<Profile>> = loaded.profiles.values().cloned().collect();
    let addresses = profiles.iter().filter_map(|profile| profile.email_address());
    let addresses: Vec<_> = addresses.filter(|of| !loaded.addresses.contains_key(of)).collect();
    states::load_addresses(counted, shards, &addresses, locking, loaded).await?;
    let mut users: Vec<_> = profiles.iter().filter_map(|profile| profile.line_id.clone()).collect();
    users.sort_unstable();
    users.dedup();
    users.retain(|user| !loaded.friendships.contains_key(user));
    states::load_friendships(counted, shards, &users, loaded).await?;
    // The summaries of a side that was merged away stay under its own id.
    let sides: BTreeSet<_> = profiles.iter().flat_map(|profile| profile.sides()).collect();
    loaded.all_summaries.extend(summaries::load_all(counted, shards, &sides).await?);
    loaded.all_summaries.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(())
}
