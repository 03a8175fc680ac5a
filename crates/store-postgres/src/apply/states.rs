//! States by address.

use profile_model::{AddressState, ChangeSet};

use super::{all_new, last};
use crate::fault::UnitFault;
use crate::load::Found;
use crate::load::states::group_of;
use crate::shards::{Shards, by_shard};
use crate::statement::{Counted, column, plain};

/// A state that was looked for and not found: whoever made it meanwhile is a conflict.
const INSERT: &str = "-- insert_address_states\n\
     INSERT INTO address_states (sk, kind, value, group_id, state, changed_at) \
     SELECT $1, v.kind, v.value, v.group_id, v.state, v.changed_at FROM unnest($2::smallint[], $3::text[], $4::uuid[], \
     $5::text[], $6::bigint[]) v(kind, value, group_id, state, changed_at) \
     ON CONFLICT (sk, kind, value, group_id) DO NOTHING RETURNING 1";

const PUT: &str = "-- put_address_states\n\
     INSERT INTO address_states (sk, kind, value, group_id, state, changed_at) \
     SELECT $1, v.kind, v.value, v.group_id, v.state, v.changed_at FROM unnest($2::smallint[], $3::text[], $4::uuid[], \
     $5::text[], $6::bigint[]) v(kind, value, group_id, state, changed_at) \
     ON CONFLICT (sk, kind, value, group_id) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at \
     RETURNING 1";

const REMOVE: &str = "-- remove_address_states\nDELETE FROM address_states t USING (SELECT $1::bigint AS sk, v.* FROM \
     unnest($2::smallint[], $3::text[] COLLATE \"C\", $4::uuid[]) v(kind, value, group_id) OFFSET 0) v \
     WHERE t.sk = v.sk AND t.kind = v.kind AND t.value = v.value AND t.group_id = v.group_id";

pub(super) async fn put(
    counted: &mut Counted<'_>,
    shards: Shards,
    change: &ChangeSet,
    found: &Found,
) -> Result<(), UnitFault> {
    let removed = &change.address_states_removed;
    for (sk, rows) in by_shard(removed, |(address, _)| shards.of_value(&address.value)) {
        let query = plain(REMOVE)
            .bind(sk)
            .bind(column(&rows, |(address, _)| address.kind as i16))
            .bind(column(&rows, |(address, _)| address.value.as_str()))
            .bind(column(&rows, |(_, of)| group_of(*of)));
        counted.execute(query).await?;
    }
    let is_absent = |row: &&AddressState| {
        let known = found.loaded.addresses.get(&row.address);
        known.is_some_and(|states| states.iter().all(|state| state.of != row.of))
    };
    let rows = last(&change.address_states, |row| (row.address.clone(), row.of));
    let (absent, other): (Vec<_>, Vec<_>) = rows.partition(is_absent);
    for (text, rows) in [(INSERT, absent), (PUT, other)] {
        for (sk, rows) in by_shard(rows, |row| shards.of_value(&row.address.value)) {
            let query = plain(text)
                .bind(sk)
                .bind(column(&rows, |row| row.address.kind as i16))
                .bind(column(&rows, |row| row.address.value.as_str()))
                .bind(column(&rows, |row| group_of(row.of)))
                .bind(column(&rows, |row| row.state.as_str()))
                .bind(column(&rows, |row| row.changed_at.as_micros()));
            all_new(counted.count(query).await?, rows.len())?;
        }
    }
    Ok(())
}
