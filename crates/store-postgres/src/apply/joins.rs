//! Merges and undos: profiles that go and come back, their records, the log of writes, and what rules must know.

use profile_model::{ChangeSet, GlobalState, MergeRecord, StateOf};
use uuid::Uuid;

use super::{all, json, last, profiles};
use crate::fault::UnitFault;
use crate::rows::uuid_of;
use crate::shards::{Shards, by_shard};
use crate::statement::{Counted, column, plain};

const RETIRE: &str =
    "-- retire_profiles\nINSERT INTO retired_profiles (sk, id) SELECT $1, v.id FROM unnest($2::uuid[]) v(id)";

const UNRETIRE: &str = "-- unretire_profiles\nDELETE FROM retired_profiles t \
     USING (SELECT $1::bigint AS sk, v.* FROM unnest($2::uuid[]) v(id) OFFSET 0) v WHERE t.sk = v.sk AND t.id = v.id";

const MERGES: &str = "-- put_merges\nINSERT INTO merges (sk, id, kept, removed, at, undo_until, how, actor, kept_image, \
     removed_image, states, kept_apart, alias_from, undone_at, erased) \
     SELECT $1, v.id, v.kept, v.removed, v.at, v.undo_until, v.how, v.actor, v.kept_image, v.removed_image, v.states, \
     v.kept_apart, v.alias_from, v.undone_at, v.erased FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], \
     $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::uuid[], $13::uuid[], \
     $14::bigint[], $15::boolean[]) v(id, kept, removed, at, undo_until, how, actor, kept_image, removed_image, states, \
     kept_apart, alias_from, undone_at, erased) ON CONFLICT (sk, id) DO UPDATE SET kept_image = excluded.kept_image, \
     removed_image = excluded.removed_image, states = excluded.states, undone_at = excluded.undone_at, \
     erased = excluded.erased";

const CLEAR_LOG: &str = "-- clear_merge_log\nDELETE FROM merge_log t \
     USING (SELECT $1::bigint AS sk, v.* FROM unnest($2::uuid[], $3::bigint[]) v(survivor, since) OFFSET 0) v \
     WHERE t.sk = v.sk AND t.survivor = v.survivor AND t.at >= v.since";

const LOG: &str = "-- append_merge_log\nINSERT INTO merge_log (sk, survivor, at, write) \
     SELECT $1, v.survivor, v.at, v.write FROM unnest($2::uuid[], $3::bigint[], $4::text[]) v(survivor, at, write)";

const NEVER_SAME_LIFTED: &str = "-- lift_never_same\nDELETE FROM never_same t \
     USING (SELECT $1::bigint AS sk, v.* FROM unnest($2::uuid[], $3::uuid[]) v(low, high) OFFSET 0) v \
     WHERE t.sk = v.sk AND t.low = v.low AND t.high = v.high";

const NEVER_SAME: &str = "-- put_never_same\nINSERT INTO never_same (sk, low, high) \
     SELECT $1, v.low, v.high FROM unnest($2::uuid[], $3::uuid[]) v(low, high) ON CONFLICT (sk, low, high) DO NOTHING";

const PARKED: &str = "-- put_parked\n\
     INSERT INTO parked (sk, kind, label, value, id, at, state, members, reasons) \
     SELECT $1, v.kind, v.label, v.value, v.id, v.at, v.state, v.members, v.reasons \
     FROM unnest($2::smallint[], $3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::text[], $8::text[], $9::text[]) \
     v(kind, label, value, id, at, state, members, reasons) \
     ON CONFLICT (sk, kind, label, value) DO UPDATE SET at = excluded.at, state = excluded.state, \
     members = excluded.members, reasons = excluded.reasons";

/// Brings retired profiles back.
pub(super) async fn restore(
    counted: &mut Counted<'_>,
    shards: Shards,
    change: &ChangeSet,
) -> Result<(), UnitFault> {
    let mut gone = 0;
    for (sk, profiles) in by_shard(&change.restored, |profile| shards.of_profile(profile.id)) {
        let query = plain(UNRETIRE).bind(sk).bind(column(&profiles, |profile| uuid_of(profile.id)));
        gone += counted.execute(query).await?;
    }
    all(gone, change.restored.len())?;
    profiles::create(counted, shards, &change.restored).await
}

/// Takes profiles out; what happened to them stays under their ids.
pub(super) async fn retire(
    counted: &mut Counted<'_>,
    shards: Shards,
    change: &ChangeSet,
) -> Result<(), UnitFault> {
    profiles::delete(counted, shards, &change.retired).await?;
    for (sk, rows) in by_shard(&change.retired, |(id, _)| shards.of_profile(*id)) {
        let query = plain(RETIRE).bind(sk).bind(column(&rows, |(id, _)| uuid_of(*id)));
        counted.execute(query).await?;
    }
    Ok(())
}

/// Records, log, pairs and parked groups.
pub(super) async fn put(
    counted: &mut Counted<'_>,
    shards: Shards,
    change: &ChangeSet,
) -> Result<(), UnitFault> {
    merges(counted, shards, change).await?;
    for (sk, rows) in by_shard(&change.merge_log_cleared, |(id, _)| shards.of_profile(*id)) {
        let query = plain(CLEAR_LOG)
            .bind(sk)
            .bind(column(&rows, |(survivor, _)| uuid_of(*survivor)))
            .bind(column(&rows, |(_, since)| since.as_micros()));
        counted.execute(query).await?;
    }
    for (sk, rows) in by_shard(&change.merge_log, |write| shards.of_profile(write.survivor)) {
        let query = plain(LOG)
            .bind(sk)
            .bind(column(&rows, |write| uuid_of(write.survivor)))
            .bind(column(&rows, |write| write.at.as_micros()))
            .bind(column(&rows, json));
        counted.execute(query).await?;
    }
    for (text, pairs) in [(NEVER_SAME_LIFTED, &change.never_same_lifted), (NEVER_SAME, &change.never_same)] {
        if pairs.is_empty() {
            continue;
        }
        let rows: Vec<_> = last(pairs, |pair| **pair).collect();
        let query = plain(text)
            .bind(shards.home())
            .bind(column(&rows, |(low, _)| uuid_of(*low)))
            .bind(column(&rows, |(_, high)| uuid_of(*high)));
        counted.execute(query).await?;
    }
    super::erasure::unpark(counted, shards, &change.unparked.iter().collect::<Vec<_>>()).await?;
    if !change.parked.is_empty() {
        let rows: Vec<_> = last(&change.parked, |group| &group.key).collect();
        let query = plain(PARKED)
            .bind(shards.home())
            .bind(column(&rows, |group| group.key.kind as i16))
            .bind(column(&rows, |group| &*group.key.label))
            .bind(column(&rows, |group| &*group.key.value))
            .bind(column(&rows, |group| group.id.0))
            .bind(column(&rows, |group| group.at.as_micros()))
            .bind(column(&rows, |group| group.state.as_str()))
            .bind(column(&rows, |group| json(&group.members)))
            .bind(column(&rows, |group| json(&group.reasons)));
        counted.execute(query).await?;
    }
    Ok(())
}

async fn merges(counted: &mut Counted<'_>, shards: Shards, change: &ChangeSet) -> Result<(), UnitFault> {
    let rows: Vec<_> = last(&change.merges, |record| record.id).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let query = plain(MERGES)
        .bind(shards.home())
        .bind(column(&rows, |record| record.id.0))
        .bind(column(&rows, |record| uuid_of(record.kept)))
        .bind(column(&rows, |record| uuid_of(record.removed)))
        .bind(column(&rows, |record| record.at.as_micros()))
        .bind(column(&rows, |record| record.undo_until.as_micros()))
        .bind(column(&rows, |record| json(&record.how)))
        .bind(column(&rows, |record| json(&record.actor)))
        .bind(column(&rows, |record| record.kept_image.as_ref().map(|image| image.to_image())))
        .bind(column(&rows, |record| record.removed_image.as_ref().map(|image| image.to_image())))
        .bind(column(&rows, |record| states(record)))
        .bind(column(&rows, |record| record.kept_apart.map(uuid_of)))
        .bind(column(&rows, |record| record.alias_from.map(uuid_of)))
        .bind(column(&rows, |record| record.undone_at.map(|at| at.as_micros())))
        .bind(column(&rows, |record| record.erased));
    counted.execute(query).await?;
    Ok(())
}

/// `[[kind, value, group or null, state or null, since or null], ...]`
fn states(record: &MergeRecord) -> String {
    let states: Vec<_> = record
        .states
        .iter()
        .map(|told| {
            let group: Option<Uuid> = match told.of {
                StateOf::Global => None,
                StateOf::Group(group) => Some(group.0),
            };
            let state: Option<GlobalState> = told.before.map(|before| before.0);
            let since = told.before.map(|before| before.1.as_micros());
            (told.address.kind as u8, &told.address.value, group, state, since)
        })
        .collect();
    json(&states)
}
