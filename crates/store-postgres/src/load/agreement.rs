//! Look-up row and profile in different shards: one transaction wrote both, and yet, on Citus, one may be seen before the
//! other. Who meets a look-up row that leads to a profile which does not say so waits until they agree.
//!
//! Rows that never agree are no holders: what is wrong with them `doctor` says.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use profile_model::{Key, ProfileId};
use profile_store::Retry;

use super::Found;
use super::holders::{READ, Resolved, bind_keys, is_held, load_profiles, resolve};
use crate::fault::UnitFault;
use crate::shards::{Shards, by_shard};
use crate::statement::{Counted, plain};

/// How long a reader waits, who can lock nothing.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(1),
    Duration::from_millis(4),
    Duration::from_millis(16),
    Duration::from_millis(64),
];

/// How long a profile may be in the making: longer than any unit runs.
const IN_THE_MAKING: Duration = Duration::from_secs(60);

/// Waits for whoever is writing these rows.
const WAIT: &str = "-- await_identifiers\nSELECT v.n, i.profile, i.tie \
     FROM unnest($2::bigint[], $3::smallint[], $4::text[] COLLATE \"C\", $5::text[] COLLATE \"C\") \
     v(n, kind, label, value) \
     CROSS JOIN LATERAL (SELECT i.profile, i.tie FROM identifiers i WHERE i.sk = $1 AND i.kind = v.kind \
     AND i.label = v.label AND i.value = v.value OFFSET 0 FOR UPDATE) i";

/// Keys with a look-up row that its profile does not confirm.
fn unconfirmed(resolved: &Resolved, found: &Found) -> BTreeSet<Key> {
    let rows = resolved.iter();
    let unconfirmed = rows.filter(|(key, rows)| rows.iter().any(|(id, _)| !is_held(found, key, *id)));
    unconfirmed.map(|(key, _)| key.clone()).collect()
}

/// Reads again what does not agree, a few times.
pub(super) async fn wait_for_readers(
    counted: &mut Counted<'_>,
    shards: Shards,
    resolved: &mut Resolved,
    found: &mut Found,
) -> Result<(), UnitFault> {
    for pause in PAUSES {
        let keys = unconfirmed(resolved, found);
        if keys.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(pause).await;
        let again = resolve(counted, shards, &keys.iter().collect()).await?;
        let ids: BTreeSet<ProfileId> = again.values().flatten().map(|(id, _)| *id).collect();
        found.loaded.profiles.retain(|id, _| !ids.contains(id));
        load_profiles(counted, shards, &ids, &READ, found).await?;
        resolved.extend(again);
    }
    Ok(())
}

/// Waits for the transactions that write what does not agree; a conflict if they moved it, or are still making it.
pub(super) async fn wait_for_writers(
    counted: &mut Counted<'_>,
    shards: Shards,
    resolved: &Resolved,
    identifiers: &BTreeSet<&Key>,
    found: &Found,
) -> Result<(), UnitFault> {
    let keys: BTreeSet<Key> =
        unconfirmed(resolved, found).into_iter().filter(|key| identifiers.contains(key)).collect();
    if keys.is_empty() {
        return Ok(());
    }
    for (sk, keys) in by_shard(&keys, |key| shards.of_value(&key.value)) {
        counted.fetch(bind_keys(plain(WAIT), sk, &keys)).await?;
    }
    let again = resolve(counted, shards, &keys.iter().collect()).await?;
    let moved = again.iter().any(|(key, rows)| resolved.get(key) != Some(rows));
    let absent = again.values().flatten().filter(|(id, _)| !found.loaded.profiles.contains_key(id));
    if moved || absent.into_iter().any(|(id, _)| is_in_the_making(*id)) {
        return Err(UnitFault::Conflict(Retry::LostSlot));
    }
    Ok(())
}

fn is_in_the_making(id: ProfileId) -> bool {
    let made = SystemTime::UNIX_EPOCH + Duration::from_millis(id.made_at_millis());
    SystemTime::now().duration_since(made).is_ok_and(|age| age < IN_THE_MAKING)
}
