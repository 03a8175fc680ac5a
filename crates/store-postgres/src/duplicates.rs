//! Values that several profiles share, and parked groups.

use profile_model::{Key, Kind, Parked, ParkedId, Shared};
use profile_store::Fault;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::fault::{UnitFault, unreadable};
use crate::load::joins::{read_kind, read_parked};
use crate::shards::Shards;
use crate::statement::{Counted, get, plain};

/// One page of shared values, of each shard and together in the order of the values: a walk along the index, nothing is
/// sorted or held.
pub(crate) async fn shared(
    counted: &mut Counted<'_>,
    shards: Shards,
    kind: Kind,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Shared>, UnitFault> {
    let mut found = Vec::new();
    for sk in shards.all() {
        let query = plain(
            "-- scan_shared\nSELECT value, count(*) FROM identifiers WHERE sk = $1 AND kind = $2 AND label = '' \
             AND value > $3 GROUP BY value HAVING count(*) > 1 ORDER BY value LIMIT $4",
        );
        let query = query
            .bind(sk)
            .bind(kind as i16)
            .bind(after.unwrap_or_default().to_owned())
            .bind(i64::from(limit));
        for row in counted.fetch(query).await? {
            let key = Key { kind, label: "".into(), value: get::<&str>(&row, 0)?.into() };
            found.push(Shared { key, count: get::<i64>(&row, 1)?.unsigned_abs() });
        }
    }
    found.sort_unstable_by(|left, right| left.key.cmp(&right.key));
    found.truncate(limit as usize);
    Ok(found)
}

pub(crate) async fn parked(
    counted: &mut Counted<'_>,
    shards: Shards,
    after: Option<ParkedId>,
    limit: u32,
) -> Result<Vec<Parked>, UnitFault> {
    let query = plain(
        "-- scan_parked\nSELECT kind, label, value, id, members, reasons, at, state FROM parked \
         WHERE sk = $1 AND state = 'open' AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
    );
    let query = query.bind(shards.home()).bind(after.map(|id| id.0)).bind(i64::from(limit));
    counted.fetch(query).await?.iter().map(|row| Ok(read(row)?)).collect()
}

/// Values of parked groups, a walk along the primary key.
pub(crate) async fn parked_values(
    counted: &mut Counted<'_>,
    shards: Shards,
    kind: Kind,
    after: Option<&str>,
    until: Option<&str>,
    limit: u32,
) -> Result<Vec<Key>, UnitFault> {
    let query = plain(if until.is_some() {
        "-- scan_parked_values\nSELECT value FROM parked WHERE sk = $1 AND kind = $2 AND label = '' \
         AND value > $3 AND value <= $5 ORDER BY value LIMIT $4"
    } else {
        "-- scan_parked_rest\nSELECT value FROM parked WHERE sk = $1 AND kind = $2 AND label = '' \
         AND value > $3 ORDER BY value LIMIT $4"
    });
    let mut query = query
        .bind(shards.home())
        .bind(kind as i16)
        .bind(after.unwrap_or_default().to_owned())
        .bind(i64::from(limit));
    if let Some(until) = until {
        query = query.bind(until.to_owned());
    }
    let rows = counted.fetch(query).await?;
    let read = |row: &PgRow| Ok(Key { kind, label: "".into(), value: get::<&str>(row, 0)?.into() });
    rows.iter().map(read).collect()
}

pub(crate) async fn parked_by_id(
    counted: &mut Counted<'_>,
    shards: Shards,
    id: ParkedId,
) -> Result<Option<Parked>, UnitFault> {
    let query = plain(
        "-- load_parked_by_id\nSELECT kind, label, value, id, members, reasons, at, state FROM parked \
         WHERE sk = $1 AND id = $2",
    );
    let query = query.bind(shards.home()).bind::<Uuid>(id.0);
    Ok(counted.fetch(query).await?.first().map(read).transpose()?)
}

pub(crate) fn read(row: &PgRow) -> Result<Parked, Fault> {
    let kind = read_kind(row, 0).ok_or_else(|| unreadable("parked.kind"))?;
    let key = Key { kind, label: get::<&str>(row, 1)?.into(), value: get::<&str>(row, 2)?.into() };
    read_parked(row, 3, key)
}
