//! The rows of profiles.

use std::sync::Arc;

use profile_model::{Profile, ProfileId};

use super::{all, last, not_loaded};
use crate::fault::UnitFault;
use crate::load::Found;
use crate::rows::{CREATE, UPDATE, bind_profiles, uuid_of};
use crate::shards::{Shards, by_shard};
use crate::statement::{Counted, column, number, plain};

/// Rows to go are joined by their whole key and nothing else is said about the table: with `sk = $1` PostgreSQL would
/// expect one row of a workspace unknown to its statistics, and walk it (docs/adr/010).
const DELETE: &str = "-- delete_profiles\nDELETE FROM profiles t USING (SELECT $1::bigint AS sk, v.* FROM \
     unnest($2::uuid[], $3::bigint[]) v(id, version) OFFSET 0) v \
     WHERE t.sk = v.sk AND t.id = v.id AND t.version = v.version";

/// Updates rows that this unit has locked.
pub(super) async fn update(
    counted: &mut Counted<'_>,
    shards: Shards,
    profiles: &[Arc<Profile>],
    found: &Found,
) -> Result<(), UnitFault> {
    // What is not locked might be gone, and an upsert would bring it back.
    if profiles.iter().any(|profile| !found.held.contains(&profile.id)) {
        return Err(not_loaded().into());
    }
    let mut affected = 0;
    for (sk, profiles) in by_shard(profiles, |profile| shards.of_profile(profile.id)) {
        let profiles: Vec<_> = last(profiles, |profile| profile.id).collect();
        affected += counted.count(bind_profiles(plain(&UPDATE), sk, &profiles)).await?;
    }
    all(affected, profiles.len())
}

pub(super) async fn create(
    counted: &mut Counted<'_>,
    shards: Shards,
    profiles: &[Arc<Profile>],
) -> Result<(), UnitFault> {
    for (sk, profiles) in by_shard(profiles, |profile| shards.of_profile(profile.id)) {
        counted.execute(bind_profiles(plain(&CREATE), sk, &profiles)).await?;
    }
    Ok(())
}

/// Deletes rows of these versions.
pub(super) async fn delete(
    counted: &mut Counted<'_>,
    shards: Shards,
    profiles: &[(ProfileId, u64)],
) -> Result<(), UnitFault> {
    let mut affected = 0;
    for (sk, profiles) in by_shard(profiles, |(id, _)| shards.of_profile(*id)) {
        let query = plain(DELETE)
            .bind(sk)
            .bind(column(&profiles, |(id, _)| uuid_of(*id)))
            .bind(column(&profiles, |(_, version)| number(*version)));
        affected += counted.execute(query).await?;
    }
    all(affected, profiles.len())
}
