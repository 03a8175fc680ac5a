//! What merges left: records, the log of writes, pairs that are never the same, parked groups; and the ledger of
//! erasures.

use std::sync::Arc;

use profile_model::{
    Address, AddressKind, ErasureId, GlobalState, GroupId, Key, Keys, Kind, LedgerMark, LedgerRow, Loaded,
    LoggedWrite, MergeId, MergeRecord, Parked, ParkedId, ParkedState, Profile, ProfileId, StateBefore,
    StateOf, Timestamp,
};
use profile_store::Fault;
use sqlx::postgres::PgRow;

use crate::fault::{UnitFault, unreadable};
use crate::rows::{read_id, read_maybe_id, uuid_of};
use crate::shards::{Shards, by_shard};
use crate::statement::{Bound, Counted, at_place, column, get, places, plain};

macro_rules! merges {
    ($name:literal, $condition:literal) => {
        concat!(
            "-- ",
            $name,
            "\nSELECT m.id, m.kept, m.removed, m.at, m.undo_until, m.how, m.actor, m.kept_image, m.removed_image, \
             m.states, m.kept_apart, m.undone_at, m.erased, m.alias_from FROM unnest($2::uuid[]) v(id) \
             CROSS JOIN LATERAL (SELECT * FROM merges m WHERE m.sk = $1 AND ",
            $condition,
            " OFFSET 0) m"
        )
    };
}

const MERGES: &str = merges!("load_merges", "m.id = v.id");
const MERGES_KEPT: &str = merges!("load_merges_kept", "m.kept = v.id");
const MERGES_REMOVED: &str = merges!("load_merges_removed", "m.removed = v.id");

const LOG: &str = "-- load_merge_log\nSELECT l.write FROM unnest($2::uuid[]) v(id) \
     CROSS JOIN LATERAL (SELECT * FROM merge_log l WHERE l.sk = $1 AND l.survivor = v.id OFFSET 0) l \
     ORDER BY l.at, l.lid";

const NEVER_SAME: &str = "-- load_never_same\nSELECT v.id, n.other FROM unnest($2::uuid[]) v(id) \
     CROSS JOIN LATERAL (SELECT n.high AS other FROM never_same n WHERE n.sk = $1 AND n.low = v.id \
     UNION ALL SELECT n.low FROM never_same n WHERE n.sk = $1 AND n.high = v.id OFFSET 0) n";

const PARKED: &str = "-- load_parked\nSELECT v.n, p.id, p.members, p.reasons, p.at, p.state \
     FROM unnest($2::bigint[], $3::smallint[], $4::text[] COLLATE \"C\", $5::text[] COLLATE \"C\") \
     v(n, kind, label, value) CROSS JOIN LATERAL (SELECT * FROM parked p WHERE p.sk = $1 AND p.kind = v.kind \
     AND p.label = v.label AND p.value = v.value OFFSET 0) p";

/// A walk over what waits: erasure is rare. Ids are compared as they stand in the JSON array.
const PARKED_WITH: &str = "-- load_parked_with\nSELECT kind, label, value, id, members, reasons, at, state \
     FROM parked p WHERE p.sk = $1 AND EXISTS (SELECT 1 FROM unnest($2::text[]) v(id) \
     WHERE strpos(p.members, v.id) > 0)";

const LEDGER: &str = "-- load_erased_identifiers\n\
     SELECT v.n, e.kind, e.erasure, e.erased_at, e.opted_out, e.suppressed \
     FROM unnest($2::bigint[], $3::bytea[]) v(n, mark) CROSS JOIN LATERAL (SELECT * FROM erased_identifiers e \
     WHERE e.sk = $1 AND e.mark = v.mark OFFSET 0) e";

pub(super) async fn load(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &Keys,
    loaded: &mut Loaded,
) -> Result<(), UnitFault> {
    load_merges(counted, shards, keys, loaded).await?;
    load_log(counted, shards, &keys.merge_log, loaded).await?;
    load_never_same(counted, shards, &keys.never_same, loaded).await?;
    load_parked(counted, shards, &keys.parked, loaded).await?;
    load_parked_with(counted, shards, &keys.parked_with, loaded).await?;
    load_ledger(counted, shards, &keys.ledger, loaded).await
}

async fn fetch(counted: &mut Counted<'_>, query: Bound) -> Result<Vec<PgRow>, UnitFault> {
    counted.fetch(query).await
}

async fn load_merges(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &Keys,
    loaded: &mut Loaded,
) -> Result<(), UnitFault> {
    let ids = column(&keys.merges, |id| id.0);
    let of = column(&keys.merges_of, |id| uuid_of(*id));
    for (text, ids) in [(MERGES, &ids), (MERGES_KEPT, &of), (MERGES_REMOVED, &of)] {
        if ids.is_empty() {
            continue;
        }
        for row in fetch(counted, plain(text).bind(shards.home()).bind(ids.clone())).await? {
            let record = read_merge(&row)?;
            loaded.merges.insert(record.id, Some(record));
        }
    }
    Ok(())
}

fn read_merge(row: &PgRow) -> Result<MergeRecord, Fault> {
    let time = |at: usize| get::<i64>(row, at).map(Timestamp::from_micros);
    let image = |at: usize| -> Result<Option<Arc<Profile>>, Fault> {
        let text: Option<&str> = get(row, at)?;
        text.map(Profile::from_image).transpose().map_err(|_| unreadable("merges.image"))
    };
    Ok(MergeRecord {
        id: MergeId(get(row, 0)?),
        kept: read_id(row, 1)?,
        removed: read_id(row, 2)?,
        at: time(3)?,
        undo_until: time(4)?,
        how: serde_json::from_str(get(row, 5)?).map_err(|_| unreadable("merges.how"))?,
        actor: serde_json::from_str(get(row, 6)?).map_err(|_| unreadable("merges.actor"))?,
        kept_image: image(7)?,
        removed_image: image(8)?,
        states: read_states(get(row, 9)?)?,
        kept_apart: read_maybe_id(row, 10)?,
        undone_at: get::<Option<i64>>(row, 11)?.map(Timestamp::from_micros),
        erased: get(row, 12)?,
        alias_from: read_maybe_id(row, 13)?,
    })
}

fn read_states(text: &str) -> Result<Vec<StateBefore>, Fault> {
    type Told = (u8, String, Option<GroupId>, Option<GlobalState>, Option<i64>);
    let told: Vec<Told> = serde_json::from_str(text).map_err(|_| unreadable("merges.states"))?;
    Ok(told
        .into_iter()
        .map(|(kind, value, group, state, since)| StateBefore {
            address: Address {
                kind: if kind == AddressKind::Phone as u8 { AddressKind::Phone } else { AddressKind::Email },
                value,
            },
            of: group.map_or(StateOf::Global, StateOf::Group),
            before: state.zip(since.map(Timestamp::from_micros)),
        })
        .collect())
}

async fn load_log(
    counted: &mut Counted<'_>,
    shards: Shards,
    ids: &[ProfileId],
    loaded: &mut Loaded,
) -> Result<(), UnitFault> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    for (sk, ids) in by_shard(ids, |id| shards.of_profile(*id)) {
        let query = plain(LOG).bind(sk).bind(column(&ids, |id| uuid_of(*id)));
        for row in fetch(counted, query).await? {
            let write: LoggedWrite =
                serde_json::from_str(get(&row, 0)?).map_err(|_| unreadable("merge_log.write"))?;
            loaded.merge_log.entry(write.survivor).or_default().push(write);
        }
    }
    Ok(())
}

async fn load_never_same(
    counted: &mut Counted<'_>,
    shards: Shards,
    ids: &[ProfileId],
    loaded: &mut Loaded,
) -> Result<(), UnitFault> {
    if ids.is_empty() {
        return Ok(());
    }
    let query = plain(NEVER_SAME).bind(shards.home()).bind(column(ids, |id| uuid_of(*id)));
    for row in fetch(counted, query).await? {
        loaded.never_same.entry(read_id(&row, 0)?).or_default().insert(read_id(&row, 1)?);
    }
    Ok(())
}

async fn load_parked(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &[Key],
    loaded: &mut Loaded,
) -> Result<(), UnitFault> {
    if keys.is_empty() {
        return Ok(());
    }
    let query = plain(PARKED)
        .bind(shards.home())
        .bind(places(keys))
        .bind(column(keys, |key| key.kind as i16))
        .bind(column(keys, |key| &*key.label))
        .bind(column(keys, |key| &*key.value));
    for row in fetch(counted, query).await? {
        let Some(key) = at_place(&row, 0, keys)? else { continue };
        loaded.parked.insert(key.clone(), Some(read_parked(&row, 1, key.clone())?));
    }
    Ok(())
}

async fn load_parked_with(
    counted: &mut Counted<'_>,
    shards: Shards,
    members: &[ProfileId],
    loaded: &mut Loaded,
) -> Result<(), UnitFault> {
    if members.is_empty() {
        return Ok(());
    }
    let query = plain(PARKED_WITH).bind(shards.home()).bind(column(members, |id| id.to_string()));
    for row in fetch(counted, query).await? {
        let parked = crate::duplicates::read(&row)?;
        loaded.parked.insert(parked.key.clone(), Some(parked));
    }
    Ok(())
}

/// Reads `id, members, reasons, at, state` from column `at` on.
pub(crate) fn read_parked(row: &PgRow, at: usize, key: Key) -> Result<Parked, Fault> {
    Ok(Parked {
        id: ParkedId(get(row, at)?),
        key,
        members: serde_json::from_str(get(row, at + 1)?).map_err(|_| unreadable("parked.members"))?,
        reasons: serde_json::from_str(get(row, at + 2)?).map_err(|_| unreadable("parked.reasons"))?,
        at: Timestamp::from_micros(get(row, at + 3)?),
        state: ParkedState::parse(get(row, at + 4)?).ok_or_else(|| unreadable("parked.state"))?,
    })
}

async fn load_ledger(
    counted: &mut Counted<'_>,
    shards: Shards,
    marks: &[LedgerMark],
    loaded: &mut Loaded,
) -> Result<(), UnitFault> {
    for (sk, marks) in by_shard(marks, |mark| shards.of_bytes(&mark.0)) {
        let query =
            plain(LEDGER).bind(sk).bind(places(&marks)).bind(column(&marks, |mark| mark.0.as_slice()));
        for row in fetch(counted, query).await? {
            let Some(mark) = at_place(&row, 0, &marks)? else { continue };
            let entry = LedgerRow {
                mark: **mark,
                kind: read_kind(&row, 1).ok_or_else(|| unreadable("erased_identifiers.kind"))?,
                erasure: ErasureId(get(&row, 2)?),
                erased_at: Timestamp::from_micros(get(&row, 3)?),
                opted_out: get(&row, 4)?,
                suppressed: get(&row, 5)?,
            };
            loaded.ledger.insert(**mark, Some(entry));
        }
    }
    Ok(())
}

/// Reads a kind of identifier.
pub(crate) fn read_kind(row: &PgRow, at: usize) -> Option<Kind> {
    let number: i16 = get(row, at).ok()?;
    u8::try_from(number).ok().and_then(Kind::from_number)
}
