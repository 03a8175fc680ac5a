//! Merges that can no longer be undone: their images and the log that only they needed go.

use std::collections::BTreeSet;

use profile_model::{ProfileId, Timestamp, WorkspaceId};
use profile_store::Expired;
use uuid::Uuid;

use crate::fault::{UnitFault, unreadable};
use crate::rows::{read_id, uuid_of};
use crate::shards::by_shard;
use crate::statement::{Counted, column, get, plain};

/// The oldest merges that are over, over all workspaces.
const OVER: &str = "-- find_expired_merges\nSELECT sk, id, kept FROM merges WHERE undo_until <= $1 \
     AND kept_image IS NOT NULL ORDER BY undo_until, id LIMIT $2";

/// Merges of these survivors that can still be undone need the log from their time on.
const NEEDED: &str = "-- find_needed_log\nSELECT v.id, min(m.at) FROM unnest($2::uuid[]) v(id) \
     CROSS JOIN LATERAL (SELECT m.at FROM merges m WHERE m.sk = $1 AND m.kept = v.id AND m.kept_image IS NOT NULL \
     AND m.undo_until > $3 OFFSET 0) m GROUP BY v.id";

const LOG: &str = "-- expire_merge_log\nDELETE FROM merge_log t USING (SELECT l.sk, l.lid FROM \
     unnest($2::uuid[], $3::bigint[]) v(survivor, needed) CROSS JOIN LATERAL (SELECT l.sk, l.lid FROM merge_log l \
     WHERE l.sk = $1 AND l.survivor = v.survivor AND (v.needed IS NULL OR l.at < v.needed) OFFSET 0) l \
     LIMIT $4 OFFSET 0) v WHERE t.sk = v.sk AND t.lid = v.lid";

const IMAGES: &str = "-- expire_merges\nUPDATE merges t SET kept_image = NULL, removed_image = NULL, states = '[]' \
     FROM (SELECT $1::bigint AS sk, v.* FROM unnest($2::uuid[]) v(id) OFFSET 0) v WHERE t.sk = v.sk AND t.id = v.id \
     AND t.kept_image IS NOT NULL";

/// One step inside a write transaction: the log first, so that what one step leaves of it is still found by the next.
pub(crate) async fn expire(
    counted: &mut Counted<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<Expired, UnitFault> {
    let mut over = Vec::new();
    for row in counted.fetch(plain(OVER).bind(now.as_micros()).bind(i64::from(limit))).await? {
        over.push((get::<i64>(&row, 0)?, get::<Uuid>(&row, 1)?, read_id(&row, 2)?));
    }
    let homes = by_shard(over, |(sk, ..)| *sk);
    let mut writes = 0;
    for (home, merges) in &homes {
        let workspace = WorkspaceId(u32::try_from(home >> 16).map_err(|_| unreadable("merges.sk"))?);
        let survivors: BTreeSet<ProfileId> = merges.iter().map(|(.., kept)| *kept).collect();
        let survivors: Vec<_> = survivors.into_iter().collect();
        let query =
            plain(NEEDED).bind(*home).bind(column(&survivors, |id| uuid_of(*id))).bind(now.as_micros());
        let mut needed = std::collections::HashMap::new();
        for row in counted.fetch(query).await? {
            needed.insert(read_id(&row, 0)?, get::<Option<i64>>(&row, 1)?);
        }
        for (sk, ids) in by_shard(survivors, |id| workspace.shard_key(id.bucket())) {
            let query = plain(LOG)
                .bind(sk)
                .bind(column(&ids, |id| uuid_of(*id)))
                .bind(column(&ids, |id| needed.get(id).copied().flatten()))
                .bind(i64::from(limit));
            writes += counted.execute(query).await?;
        }
    }
    if writes >= u64::from(limit) {
        return Ok(Expired { merges: 0, writes });
    }
    let mut expired = 0;
    for (home, merges) in &homes {
        expired += counted.execute(plain(IMAGES).bind(*home).bind(column(merges, |(_, id, _)| *id))).await?;
    }
    Ok(Expired { merges: expired, writes })
}
