//! Summaries of events and purchases.

use std::collections::BTreeSet;

use profile_model::{Loaded, Occurrence, ProfileId, Summary, SummaryKey, Timestamp};
use profile_store::Fault;
use sqlx::postgres::PgRow;

use crate::fault::{UnitFault, unreadable};
use crate::rows::{read_id, uuid_of};
use crate::shards::{Shards, by_shard};
use crate::statement::{Counted, column, get, plain};

const LOAD: &str = "-- load_summaries\n\
     SELECT s.profile, s.kind, s.name, s.count, s.first_at, s.last_at, s.revenue \
     FROM unnest($2::uuid[], $3::smallint[], $4::text[] COLLATE \"C\") v(profile, kind, name) \
     CROSS JOIN LATERAL (SELECT * FROM summaries s WHERE s.sk = $1 AND s.profile = v.profile AND s.kind = v.kind \
     AND s.name = v.name OFFSET 0) s";

const LOAD_ALL: &str = "-- load_all_summaries\n\
     SELECT s.profile, s.kind, s.name, s.count, s.first_at, s.last_at, s.revenue FROM unnest($2::uuid[]) v(profile) \
     CROSS JOIN LATERAL (SELECT * FROM summaries s WHERE s.sk = $1 AND s.profile = v.profile OFFSET 0) s";

pub(super) async fn load(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &[SummaryKey],
    loaded: &mut Loaded,
) -> Result<(), UnitFault> {
    for (sk, keys) in by_shard(keys, |key| shards.of_profile(key.profile)) {
        let query = plain(LOAD)
            .bind(sk)
            .bind(column(&keys, |key| uuid_of(key.profile)))
            .bind(column(&keys, |key| key.of as i16))
            .bind(column(&keys, |key| &*key.name));
        for row in counted.fetch(query).await? {
            let (key, summary) = read_summary(&row)?;
            loaded.summaries.insert(key, Some(summary));
        }
    }
    Ok(())
}

/// All summaries of these profiles, ordered by profile, kind, name.
pub(super) async fn load_all(
    counted: &mut Counted<'_>,
    shards: Shards,
    ids: &BTreeSet<ProfileId>,
) -> Result<Vec<(SummaryKey, Summary)>, UnitFault> {
    let mut summaries = Vec::new();
    for (sk, ids) in by_shard(ids.iter().copied(), |id| shards.of_profile(*id)) {
        let query = plain(LOAD_ALL).bind(sk).bind(column(&ids, |id| uuid_of(*id)));
        for row in counted.fetch(query).await? {
            summaries.push(read_summary(&row)?);
        }
    }
    summaries.sort_unstable_by(|left, right| left.0.cmp(&right.0));
    Ok(summaries)
}

fn read_summary(row: &PgRow) -> Result<(SummaryKey, Summary), Fault> {
    let of = if get::<i16>(row, 1)? == 1 { Occurrence::Event } else { Occurrence::Purchase };
    let key = SummaryKey { profile: read_id(row, 0)?, of, name: get::<&str>(row, 2)?.into() };
    let summary = Summary {
        count: get::<i64>(row, 3)?.unsigned_abs(),
        first: Timestamp::from_micros(get(row, 4)?),
        last: Timestamp::from_micros(get(row, 5)?),
        revenue: serde_json::from_str(get(row, 6)?).map_err(|_| unreadable("summaries.revenue"))?,
    };
    Ok((key, summary))
}
