//! Events, purchases and their summaries.

use profile_model::ChangeSet;

use super::last;
use crate::fault::UnitFault;
use crate::rows::uuid_of;
use crate::shards::{Shards, by_shard};
use crate::statement::{Counted, column, number, plain};

const EVENTS: &str = "-- append_events\nINSERT INTO events (sk, profile, name, at, app_id, properties) \
     SELECT $1, v.profile, v.name, v.at, v.app_id, v.properties::json FROM unnest($2::uuid[], $3::text[], \
     $4::bigint[], $5::text[], $6::text[]) v(profile, name, at, app_id, properties)";

const PURCHASES: &str = "-- append_purchases\n\
     INSERT INTO purchases (sk, profile, product, currency, price, quantity, at, app_id, properties) \
     SELECT $1, v.profile, v.product, v.currency, v.price, v.quantity, v.at, v.app_id, v.properties::json \
     FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::text[]) \
     v(profile, product, currency, price, quantity, at, app_id, properties)";

const SUMMARIES: &str = "-- put_summaries\n\
     INSERT INTO summaries (sk, profile, kind, name, count, first_at, last_at, revenue) \
     SELECT $1, v.profile, v.kind, v.name, v.count, v.first_at, v.last_at, v.revenue \
     FROM unnest($2::uuid[], $3::smallint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[]) \
     v(profile, kind, name, count, first_at, last_at, revenue) \
     ON CONFLICT (sk, profile, kind, name) DO UPDATE SET count = excluded.count, first_at = excluded.first_at, \
     last_at = excluded.last_at, revenue = excluded.revenue";

pub(super) async fn append(
    counted: &mut Counted<'_>,
    shards: Shards,
    change: &ChangeSet,
) -> Result<(), UnitFault> {
    for (sk, rows) in by_shard(&change.events, |row| shards.of_profile(row.profile)) {
        let query = plain(EVENTS)
            .bind(sk)
            .bind(column(&rows, |row| uuid_of(row.profile)))
            .bind(column(&rows, |row| &*row.name))
            .bind(column(&rows, |row| row.at.as_micros()))
            .bind(column(&rows, |row| row.app_id.as_deref()))
            .bind(column(&rows, |row| row.properties.as_ref().map(|text| text.get())));
        counted.execute(query).await?;
    }
    for (sk, rows) in by_shard(&change.purchases, |row| shards.of_profile(row.profile)) {
        let query = plain(PURCHASES)
            .bind(sk)
            .bind(column(&rows, |row| uuid_of(row.profile)))
            .bind(column(&rows, |row| &*row.product))
            .bind(column(&rows, |row| &*row.currency))
            .bind(column(&rows, |row| row.price.to_string()))
            .bind(column(&rows, |row| i64::from(row.quantity)))
            .bind(column(&rows, |row| row.at.as_micros()))
            .bind(column(&rows, |row| row.app_id.as_deref()))
            .bind(column(&rows, |row| row.properties.as_ref().map(|text| text.get())));
        counted.execute(query).await?;
    }
    let summaries = last(&change.summaries, |(key, _)| key);
    for (sk, rows) in by_shard(summaries, |(key, _)| shards.of_profile(key.profile)) {
        let query = plain(SUMMARIES)
            .bind(sk)
            .bind(column(&rows, |(key, _)| uuid_of(key.profile)))
            .bind(column(&rows, |(key, _)| key.of as i16))
            .bind(column(&rows, |(key, _)| &*key.name))
            .bind(column(&rows, |(_, row)| number(row.count)))
            .bind(column(&rows, |(_, row)| row.first.as_micros()))
            .bind(column(&rows, |(_, row)| row.last.as_micros()))
            .bind(column(&rows, |(_, row)| row.revenue.to_string()));
        counted.execute(query).await?;
    }
    Ok(())
}
