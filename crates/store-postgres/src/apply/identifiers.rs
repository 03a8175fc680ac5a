//! Look-up rows, and the slot of the first holder.

use std::collections::BTreeSet;

use profile_model::{Key, ProfileId};
use uuid::Uuid;

use super::{all, all_new};
use crate::fault::UnitFault;
use crate::load::Found;
use crate::load::holders::load_slots;
use crate::rows::uuid_of;
use crate::shards::{Shards, by_shard};
use crate::statement::{Bound, Counted, column, get, plain};

const RELEASE: &str = "-- release_identifiers\nDELETE FROM identifiers t USING (SELECT $1::bigint AS sk, v.* FROM \
     unnest($2::smallint[], $3::text[] COLLATE \"C\", $4::text[] COLLATE \"C\", $5::uuid[], $6::uuid[]) \
     v(kind, label, value, tie, profile) OFFSET 0) v \
     WHERE t.sk = v.sk AND t.kind = v.kind AND t.label = v.label AND t.value = v.value AND t.tie = v.tie \
     AND t.profile = v.profile RETURNING t.kind, t.label, t.value, t.tie";

const CLAIM: &str = "-- claim_identifiers\nINSERT INTO identifiers (sk, kind, label, value, tie, profile) \
     SELECT $1, v.kind, v.label, v.value, v.tie, v.profile FROM unnest($2::smallint[], $3::text[], $4::text[], \
     $5::uuid[], $6::uuid[]) v(kind, label, value, tie, profile) ON CONFLICT (sk, kind, label, value, tie) DO NOTHING RETURNING 1";

/// One look-up row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row<'k> {
    key: &'k Key,
    tie: Uuid,
    profile: Uuid,
}

fn bind_rows(text: &'static str, sk: i64, rows: &[Row<'_>]) -> Bound {
    plain(text)
        .bind(sk)
        .bind(column(rows, |row| row.key.kind as i16))
        .bind(column(rows, |row| &*row.key.label))
        .bind(column(rows, |row| &*row.key.value))
        .bind(column(rows, |row| row.tie))
        .bind(column(rows, |row| row.profile))
}

/// Deletes look-up rows. A shared value's row is the first holder's or the profile's own: whichever is there goes.
pub(super) async fn release(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &[(Key, ProfileId)],
    found: &mut Found,
) -> Result<(), UnitFault> {
    let mut rows = Vec::with_capacity(keys.len());
    for (key, id) in keys {
        let profile = uuid_of(*id);
        rows.push(Row { key, tie: Uuid::nil(), profile });
        if !key.kind.is_unique() {
            rows.push(Row { key, tie: profile, profile });
        }
    }
    rows.sort_unstable();
    let mut released = 0;
    for (sk, rows) in by_shard(rows, |row| shards.of_value(&row.key.value)) {
        for gone in counted.fetch(bind_rows(RELEASE, sk, &rows)).await? {
            released += 1;
            if get::<Uuid>(&gone, 3)?.is_nil() {
                let (label, value): (&str, &str) = (get(&gone, 1)?, get(&gone, 2)?);
                let kind: i16 = get(&gone, 0)?;
                let row = rows.iter().find(|row| {
                    row.key.kind as i16 == kind && *row.key.label == *label && *row.key.value == *value
                });
                found.slots.extend(row.map(|row| (row.key.clone(), false)));
            }
        }
    }
    all(released, keys.len())
}

/// Inserts look-up rows: a unique key that somebody has, or a first holder that somebody became meanwhile, is a
/// conflict.
pub(super) async fn claim(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &[(Key, ProfileId)],
    found: &mut Found,
) -> Result<(), UnitFault> {
    let shared = keys.iter().map(|(key, _)| key).filter(|key| !key.kind.is_unique());
    let unknown: BTreeSet<&Key> = shared.filter(|key| !found.slots.contains_key(*key)).collect();
    if !unknown.is_empty() {
        found.slots.extend(load_slots(counted, shards, &unknown).await?);
    }
    let mut rows = Vec::with_capacity(keys.len());
    for (key, id) in keys {
        let profile = uuid_of(*id);
        let is_first = key.kind.is_unique() || !found.slots.insert(key.clone(), true).unwrap_or(false);
        rows.push(Row { key, tie: if is_first { Uuid::nil() } else { profile }, profile });
    }
    rows.sort_unstable();
    for (sk, rows) in by_shard(rows, |row| shards.of_value(&row.key.value)) {
        all_new(counted.count(bind_rows(CLAIM, sk, &rows)).await?, rows.len())?;
    }
    Ok(())
}
