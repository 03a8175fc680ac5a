//! Events, purchases and their summaries.

use profile_model::ChangeSet;
use profile_store::Fault;

use super::{Pids, run};
use crate::fault::UnitFault;
use crate::statement::{Counted, SetStatement};

static EVENTS: SetStatement = SetStatement {
    text: "-- append_events\nINSERT INTO events (pid, name, at, app_id, properties) \
           SELECT column1, column2, column3, column4, column5 FROM (VALUES {rows}) WHERE column1 IS NOT NULL",
    columns: 5,
};

static PURCHASES: SetStatement = SetStatement {
    text: "-- append_purchases\nINSERT INTO purchases (pid, product, currency, price, quantity, at, app_id, \
           properties) SELECT column1, column2, column3, column4, column5, column6, column7, column8 \
           FROM (VALUES {rows}) WHERE column1 IS NOT NULL",
    columns: 8,
};

static SUMMARIES: SetStatement = SetStatement {
    text: "-- put_summaries\nINSERT INTO summaries (pid, kind, name, count, first_at, last_at, revenue) \
           SELECT column1, column2, column3, column4, column5, column6, column7 FROM (VALUES {rows}) \
           WHERE column1 IS NOT NULL ON CONFLICT DO UPDATE SET count = excluded.count, \
           first_at = excluded.first_at, last_at = excluded.last_at, revenue = excluded.revenue",
    columns: 7,
};

pub(super) async fn append(
    counted: &mut Counted<'_>,
    change: &ChangeSet,
    pids: &Pids<'_>,
) -> Result<(), UnitFault> {
    let events: Result<Vec<_>, Fault> =
        change.events.iter().map(|row| Ok((pids.of(row.profile)?, row))).collect();
    run(
        counted,
        &EVENTS,
        &events?,
        |query| query,
        |query, (pid, row)| {
            query
                .bind(*pid)
                .bind(row.name.to_string())
                .bind(row.at.as_micros())
                .bind(row.app_id.as_deref().map(str::to_owned))
                .bind(row.properties.as_ref().map(|text| text.get().to_owned()))
        },
    )
    .await?;
    let purchases: Result<Vec<_>, Fault> =
        change.purchases.iter().map(|row| Ok((pids.of(row.profile)?, row))).collect();
    run(
        counted,
        &PURCHASES,
        &purchases?,
        |query| query,
        |query, (pid, row)| {
            query
                .bind(*pid)
                .bind(row.product.to_string())
                .bind(row.currency.to_string())
                .bind(row.price.to_string())
                .bind(i64::from(row.quantity))
                .bind(row.at.as_micros())
                .bind(row.app_id.as_deref().map(str::to_owned))
                .bind(row.properties.as_ref().map(|text| text.get().to_owned()))
        },
    )
    .await?;
    let summaries: Result<Vec<_>, Fault> =
        change.summaries.iter().map(|(key, row)| Ok((pids.of(key.profile)?, key, row))).collect();
    run(
        counted,
        &SUMMARIES,
        &summaries?,
        |query| query,
        |query, (pid, key, row)| {
            query
                .bind(*pid)
                .bind(i64::from(key.of as u8))
                .bind(key.name.to_string())
                .bind(i64::try_from(row.count).unwrap_or(i64::MAX))
                .bind(row.first.as_micros())
                .bind(row.last.as_micros())
                .bind(row.revenue.to_string())
        },
    )
    .await?;
    Ok(())
}
