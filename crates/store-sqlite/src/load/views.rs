//! Loading what profiles are read through: states of their addresses, friendships of their LINE ids, their summaries.

use profile_model::ProfileId;
use profile_store::Fault;

use super::{Found, load_addresses, load_friendships, read_summary};
use crate::fault::to_fault;
use crate::statement::{Counted, MAX_ROWS, SetStatement};

static SUMMARIES: SetStatement = SetStatement {
    text: "-- load_all_summaries\nWITH v(id, pid) AS (VALUES {rows}) \
           SELECT v.id, s.kind, s.name, s.count, s.first_at, s.last_at, s.revenue FROM v \
           CROSS JOIN summaries s \
           ON s.pid = coalesce(v.pid, (SELECT r.pid FROM retired_profiles r WHERE r.id = v.id))",
    columns: 2,
};

/// Loads it for every profile found; what was loaded already is not loaded again.
pub(super) async fn load(counted: &mut Counted<'_>, sk: i64, found: &mut Found) -> Result<(), Fault> {
    let profiles: Vec<_> = found.loaded.profiles.values().cloned().collect();
    let addresses = profiles.iter().filter_map(|profile| profile.email_address());
    let addresses: Vec<_> = addresses.filter(|of| !found.loaded.addresses.contains_key(of)).collect();
    load_addresses(counted, sk, &addresses, &mut found.loaded).await?;
    let mut users: Vec<_> = profiles.iter().filter_map(|profile| profile.line_id.clone()).collect();
    users.sort_unstable();
    users.dedup();
    users.retain(|user| !found.loaded.friendships.contains_key(user));
    load_friendships(counted, sk, &users, &mut found.loaded).await?;
    // The summaries of a side that was merged away stay under its own number.
    let sides = profiles.iter().flat_map(|profile| profile.sides());
    let mut sides: Vec<_> = sides.map(|id| (id, found.pids.get(&id).copied())).collect();
    sides.sort_unstable();
    sides.dedup();
    load_summaries(counted, &sides, found).await
}

async fn load_summaries(
    counted: &mut Counted<'_>,
    sides: &[(ProfileId, Option<i64>)],
    found: &mut Found,
) -> Result<(), Fault> {
    for chunk in sides.chunks(MAX_ROWS) {
        let query = SUMMARIES.bind(
            |query| query,
            chunk,
            |query, (id, pid)| query.bind(id.as_bytes().to_vec()).bind(*pid),
        );
        for row in counted.fetch(query).await.map_err(|error| to_fault(&error))? {
            found.loaded.all_summaries.push(read_summary(&row)?);
        }
    }
    found.loaded.all_summaries.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(())
}
