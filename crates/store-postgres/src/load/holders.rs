//! Who holds an identifier, and the profiles themselves.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use profile_model::{Key, Keys, ProfileId};
use profile_store::{Fault, Retry};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{Found, agreement};
use crate::fault::UnitFault;
use crate::rows::{COLUMNS, read_id, read_profile, uuid_of};
use crate::shards::{Shards, by_shard};
use crate::statement::{Bound, Counted, at_place, column, get, places, plain};

/// Look-ups are LATERAL with OFFSET 0: a join would be planned from statistics, and for a workspace that the last ANALYZE
/// did not see PostgreSQL expects one row and walks the whole workspace (docs/adr/010).
const RESOLVE: &str = "-- resolve_identifiers\nSELECT v.n, i.profile, i.tie \
     FROM unnest($2::bigint[], $3::smallint[], $4::text[] COLLATE \"C\", $5::text[] COLLATE \"C\") \
     v(n, kind, label, value) \
     CROSS JOIN LATERAL (SELECT i.profile, i.tie FROM identifiers i WHERE i.sk = $1 AND i.kind = v.kind \
     AND i.label = v.label AND i.value = v.value OFFSET 0) i";

/// The rows are locked in the order of the array.
static LOCK: LazyLock<&'static str> = LazyLock::new(|| profiles("lock_profiles", " FOR UPDATE"));
pub(super) static READ: LazyLock<&'static str> = LazyLock::new(|| profiles("load_profiles", ""));

fn profiles(name: &str, locking: &str) -> &'static str {
    let text = format!(
        "-- {name}\nSELECT {COLUMNS} FROM unnest($2::uuid[]) v(id) CROSS JOIN LATERAL \
         (SELECT * FROM profiles p WHERE p.sk = $1 AND p.id = v.id OFFSET 0{locking}) p"
    );
    Box::leak(text.into_boxed_str())
}

/// Both at once, where they are in one shard: what it finds is of one moment.
static READ_HOLDERS: LazyLock<&'static str> = LazyLock::new(|| {
    let text = format!(
        "-- load_holders\nSELECT v.n, {COLUMNS} \
         FROM unnest($2::bigint[], $3::smallint[], $4::text[] COLLATE \"C\", $5::text[] COLLATE \"C\") \
         v(n, kind, label, value) \
         CROSS JOIN LATERAL (SELECT i.profile FROM identifiers i WHERE i.sk = $1 AND i.kind = v.kind \
         AND i.label = v.label AND i.value = v.value OFFSET 0) i \
         CROSS JOIN LATERAL (SELECT * FROM profiles p WHERE p.sk = $1 AND p.id = i.profile OFFSET 0) p"
    );
    Box::leak(text.into_boxed_str())
});

pub(super) fn bind_keys(query: Bound, sk: i64, keys: &[&Key]) -> Bound {
    query
        .bind(sk)
        .bind(places(keys))
        .bind(column(keys, |key| key.kind as i16))
        .bind(column(keys, |key| &*key.label))
        .bind(column(keys, |key| &*key.value))
}

/// Look-up rows: who holds a key, and whether as its first holder.
pub(super) type Resolved = BTreeMap<Key, BTreeSet<(ProfileId, bool)>>;

/// Looks keys up; every key asked for is in the answer.
pub(super) async fn resolve(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &BTreeSet<&Key>,
) -> Result<Resolved, UnitFault> {
    let mut resolved: Resolved = keys.iter().map(|key| ((*key).clone(), BTreeSet::new())).collect();
    for (sk, keys) in by_shard(keys.iter().copied(), |key| shards.of_value(&key.value)) {
        for row in counted.fetch(bind_keys(plain(RESOLVE), sk, &keys)).await? {
            let (key, holder) = read_resolved(&row, &keys)?;
            if let Some(holders) = key.and_then(|key| resolved.get_mut(*key)) {
                holders.insert(holder);
            }
        }
    }
    Ok(resolved)
}

fn read_resolved<'k>(
    row: &PgRow,
    keys: &'k [&'k Key],
) -> Result<(Option<&'k &'k Key>, (ProfileId, bool)), Fault> {
    let tie: Uuid = get(row, 2)?;
    Ok((at_place(row, 0, keys)?, (read_id(row, 1)?, tie.is_nil())))
}

/// Which of these shared values have a first holder.
pub(crate) async fn load_slots(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &BTreeSet<&Key>,
) -> Result<BTreeMap<Key, bool>, UnitFault> {
    let resolved = resolve(counted, shards, keys).await?;
    Ok(resolved.into_iter().map(|(key, holders)| (key, holders.iter().any(|(_, first)| *first))).collect())
}

/// Finds holders and locks the rows of all profiles, in id order; then looks up again, because a holder may have
/// changed while we waited.
pub(super) async fn lock(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &Keys,
    found: &mut Found,
) -> Result<(), UnitFault> {
    // In several shards a look-up is a statement each: then only for what is really claimed, when it is.
    let claims = keys.claims.iter().filter(|key| shards.is_one() && !key.kind.is_unique());
    let asked: BTreeSet<&Key> = keys.identifiers.iter().chain(claims).collect();
    let identifiers: BTreeSet<&Key> = keys.identifiers.iter().collect();
    if asked.is_empty() && keys.profiles.is_empty() {
        return Ok(());
    }
    let mut resolved = resolve(counted, shards, &asked).await?;
    let ids = ids_of(&resolved, &identifiers, &keys.profiles);
    load_profiles(counted, shards, &ids, &LOCK, found).await?;
    found.held.extend(&ids);
    if !ids.is_empty() && !asked.is_empty() {
        let again = resolve(counted, shards, &asked).await?;
        if ids_of(&again, &identifiers, &keys.profiles) != ids {
            return Err(UnitFault::Conflict(Retry::MovedRow));
        }
        resolved = again;
    }
    if !shards.is_one() {
        agreement::wait_for_writers(counted, shards, &resolved, &identifiers, found).await?;
    }
    for (key, holders) in resolved {
        if !key.kind.is_unique() {
            found.slots.insert(key.clone(), holders.iter().any(|(_, first)| *first));
        }
        if identifiers.contains(&key) {
            keep_holders(key, &holders, found);
        }
    }
    Ok(())
}

/// The profiles that hold one of the identifiers, and those asked for, in the order in which they are locked.
fn ids_of(resolved: &Resolved, identifiers: &BTreeSet<&Key>, asked: &[ProfileId]) -> BTreeSet<ProfileId> {
    let holders = resolved.iter().filter(|(key, _)| identifiers.contains(key));
    holders.flat_map(|(_, holders)| holders.iter().map(|(id, _)| *id)).chain(asked.iter().copied()).collect()
}

/// Whether the profile's own row says that it holds the key.
pub(super) fn is_held(found: &Found, key: &Key, id: ProfileId) -> bool {
    found.loaded.profiles.get(&id).is_some_and(|profile| profile.keys().contains(key))
}

/// Holders are those whose row says so: with several buckets look-up rows of shared values are hints.
fn keep_holders(key: Key, holders: &BTreeSet<(ProfileId, bool)>, found: &mut Found) {
    let holders: Vec<_> = holders.iter().map(|(id, _)| *id).filter(|id| is_held(found, &key, *id)).collect();
    found.loaded.holders.insert(key, holders);
}

/// Loads these profiles.
pub(super) async fn load_profiles(
    counted: &mut Counted<'_>,
    shards: Shards,
    ids: &BTreeSet<ProfileId>,
    text: &'static str,
    found: &mut Found,
) -> Result<(), UnitFault> {
    for (sk, ids) in by_shard(ids.iter().copied(), |id| shards.of_profile(*id)) {
        let query = plain(text).bind(sk).bind(column(&ids, |id| uuid_of(*id)));
        for row in counted.fetch(query).await? {
            let profile = read_profile(&row, 0)?;
            found.loaded.profiles.insert(profile.id, Arc::new(profile));
        }
    }
    Ok(())
}

/// Finds holders and profiles without locking.
pub(super) async fn read(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &Keys,
    found: &mut Found,
) -> Result<(), UnitFault> {
    let identifiers: BTreeSet<&Key> = keys.identifiers.iter().collect();
    let mut ids: BTreeSet<ProfileId> = keys.profiles.iter().copied().collect();
    if shards.is_one() {
        if !identifiers.is_empty() {
            read_holders(counted, shards, &identifiers, found).await?;
        }
        ids.retain(|id| !found.loaded.profiles.contains_key(id));
        load_profiles(counted, shards, &ids, &READ, found).await?;
        return Ok(());
    }
    let mut resolved = resolve(counted, shards, &identifiers).await?;
    ids.extend(resolved.values().flatten().map(|(id, _)| *id));
    load_profiles(counted, shards, &ids, &READ, found).await?;
    agreement::wait_for_readers(counted, shards, &mut resolved, found).await?;
    for (key, holders) in resolved {
        keep_holders(key, &holders, found);
    }
    Ok(())
}

async fn read_holders(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &BTreeSet<&Key>,
    found: &mut Found,
) -> Result<(), UnitFault> {
    let keys: Vec<&Key> = keys.iter().copied().collect();
    let query = bind_keys(plain(&READ_HOLDERS), shards.home(), &keys);
    for row in counted.fetch(query).await? {
        let id = read_id(&row, 1)?;
        if let Entry::Vacant(vacant) = found.loaded.profiles.entry(id) {
            vacant.insert(Arc::new(read_profile(&row, 1)?));
        }
        if let Some(key) = at_place(&row, 0, &keys)? {
            let holders = found.loaded.holders.entry((*key).clone()).or_default();
            if let Err(at) = holders.binary_search(&id) {
                holders.insert(at, id);
            }
        }
    }
    Ok(())
}
