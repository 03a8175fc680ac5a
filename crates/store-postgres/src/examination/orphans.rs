//! Look-up rows that lead to nobody, on Citus: which refuses to compare rows of different shards in one statement.

use profile_store::Fault;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::fault::{UnitFault, to_fault};
use crate::shards::by_shard;
use crate::statement::{Counted, Placement, column, get, plain};

const SHARDS: &str = "-- list_shards\nSELECT DISTINCT sk FROM identifiers";

const PAGE: &str = "-- scan_identifiers\nSELECT kind, label, value, tie, profile FROM identifiers WHERE sk = $1 \
     AND (kind, label, value, tie) > ($2, $3, $4, $5) ORDER BY kind, label, value, tie LIMIT 5000";

const KNOWN: &str = "-- count_known_profiles\nSELECT count(*) FROM unnest($2::uuid[]) v(id) \
     CROSS JOIN LATERAL (SELECT p.id FROM profiles p WHERE p.sk = $1 AND p.id = v.id OFFSET 0) p";

/// Walks through the look-up rows of every shard, page by page.
pub(super) async fn count(connection: &mut PgConnection) -> Result<i64, Fault> {
    let mut orphans = 0;
    let shards: Vec<i64> =
        sqlx::query_scalar(SHARDS).fetch_all(&mut *connection).await.map_err(|error| to_fault(&error))?;
    for sk in shards {
        orphans +=
            count_of(&mut Counted::new(connection, Placement::Distributed), sk).await.map_err(Fault::from)?;
    }
    Ok(orphans)
}

async fn count_of(counted: &mut Counted<'_>, sk: i64) -> Result<i64, UnitFault> {
    let mut orphans = 0;
    let mut after = (0_i16, String::new(), String::new(), Uuid::nil());
    loop {
        let (kind, label, value, tie) = after;
        let rows = counted.fetch(plain(PAGE).bind(sk).bind(kind).bind(label).bind(value).bind(tie)).await?;
        let Some(last) = rows.last() else { return Ok(orphans) };
        after = (get(last, 0)?, get(last, 1)?, get(last, 2)?, get(last, 3)?);
        let profiles = rows.iter().map(|row| get::<Uuid>(row, 4)).collect::<Result<Vec<_>, _>>()?;
        // A profile's bucket is the last byte of its id.
        let shard = |id: &Uuid| (sk >> 16 << 16) | i64::from(id.as_bytes()[15]);
        for (sk, ids) in by_shard(profiles, shard) {
            let known = counted.fetch(plain(KNOWN).bind(sk).bind(column(&ids, |id| *id))).await?;
            let known: i64 = known.first().map_or(Ok(0), |row| get(row, 0))?;
            orphans += i64::try_from(ids.len()).unwrap_or(i64::MAX) - known;
        }
    }
}
