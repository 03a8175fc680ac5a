//! Applying a change set: one statement per non-empty kind of row and shard, in one order, rows sorted.

use std::collections::BTreeMap;

use profile_model::{ChangeSet, Source};
use profile_store::{Fault, Retry};

use crate::fault::UnitFault;
use crate::load::Found;
use crate::rows::uuid_of;
use crate::shards::{Shards, by_shard};
use crate::statement::{Counted, column, ordered, plain};

mod erasure;
mod identifiers;
mod joins;
mod line;
mod occurrences;
mod profiles;
mod states;

const JOURNAL: &str = "-- append_journal\nINSERT INTO journal (sk, profile, at, kind, actor, other, detail, jid) \
     SELECT $1, v.profile, v.at, v.kind, v.actor, v.other, v.detail, coalesce(v.jid, nextval('journal_jid_seq')) \
     FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::bigint[]) \
     v(profile, at, kind, actor, other, detail, jid)";

const NUMBERS: &str = "-- number_journal\nSELECT nextval('journal_jid_seq') FROM unnest($1::bigint[])";

/// Applies a change set inside the unit's transaction.
pub(crate) async fn apply(
    counted: &mut Counted<'_>,
    shards: Shards,
    change: &ChangeSet,
    found: &mut Found,
) -> Result<(), UnitFault> {
    identifiers::release(counted, shards, &change.released, found).await?;
    profiles::update(counted, shards, &change.updated, found).await?;
    profiles::create(counted, shards, &change.created).await?;
    joins::restore(counted, shards, change).await?;
    let told = erasure::erase(counted, shards, change).await?;
    identifiers::claim(counted, shards, &change.claimed, found).await?;
    joins::retire(counted, shards, change).await?;
    erasure::forget_carried(counted, shards, &change.erasures, &told).await?;
    occurrences::append(counted, shards, change).await?;
    states::put(counted, shards, change, found).await?;
    crate::consents::append(counted, shards, change).await?;
    line::put(counted, shards, change, found).await?;
    joins::put(counted, shards, change).await?;
    journal(counted, shards, change).await?;
    crate::jobs::put(counted, shards, change).await?;
    crate::config::put(counted, &change.config).await?;
    crate::answers::put(counted, shards, change).await
}

/// A short count of rows that nobody may have made meanwhile. Such inserts say ON CONFLICT DO NOTHING, return and are counted: the
/// unique violation itself reaches us from a Citus node as an internal error (XX000), which nobody would try again.
fn all_new(affected: u64, wanted: usize) -> Result<(), UnitFault> {
    if affected == wanted as u64 { Ok(()) } else { Err(UnitFault::Conflict(Retry::LostSlot)) }
}

/// A short count: something moved between load and apply.
fn all(affected: u64, wanted: usize) -> Result<(), UnitFault> {
    if affected == wanted as u64 { Ok(()) } else { Err(UnitFault::Conflict(Retry::MovedRow)) }
}

/// Rows by their key, the last of each key: an upsert may not meet a row twice. Sorted, so that units that write the
/// same rows wait for each other in one direction.
fn last<R, K: Ord>(rows: impl IntoIterator<Item = R>, key: impl Fn(&R) -> K) -> impl Iterator<Item = R> {
    rows.into_iter().map(|row| (key(&row), row)).collect::<BTreeMap<_, _>>().into_values()
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A change that names what its decision has not loaded is a defect of ours.
fn not_loaded() -> Fault {
    Fault::Internal("a change names a profile that was not loaded".into())
}

async fn journal(counted: &mut Counted<'_>, shards: Shards, change: &ChangeSet) -> Result<(), UnitFault> {
    let numbers = ordered(counted, shards, NUMBERS, change.journal.len()).await?;
    let rows = change.journal.iter().zip(numbers);
    for (sk, rows) in by_shard(rows, |(entry, _)| shards.of_profile(entry.profile)) {
        let kind =
            |kind| serde_json::to_value(kind).unwrap_or_default().as_str().unwrap_or_default().to_owned();
        let query = plain(JOURNAL)
            .bind(sk)
            .bind(column(&rows, |(entry, _)| uuid_of(entry.profile)))
            .bind(column(&rows, |(entry, _)| entry.at.as_micros()))
            .bind(column(&rows, |(entry, _)| kind(entry.kind)))
            .bind(column(&rows, |(entry, _)| json(&entry.actor)))
            .bind(column(&rows, |(entry, _)| entry.other.map(uuid_of)))
            .bind(column(&rows, |(entry, _)| entry.detail.to_string()))
            .bind(column(&rows, |(_, number)| *number));
        counted.execute(query).await?;
    }
    Ok(())
}

/// The stored form of a friendship's source: the event's id, or nothing for a snapshot.
fn event_of(source: &Source) -> Option<&str> {
    match source {
        Source::Snapshot => None,
        Source::Event(event) => Some(event),
    }
}
