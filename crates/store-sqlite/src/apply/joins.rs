//! Merges and undos: profiles that go and come back, their records, the log of writes, and what rules must know.

use profile_model::{ChangeSet, GlobalState, MergeRecord, StateOf};
use profile_store::Fault;

use super::{Pids, all, create, run};
use crate::fault::UnitFault;
use crate::load::address_kind;
use crate::statement::{Counted, SetStatement};

static RETIRE: SetStatement = SetStatement {
    text: "-- retire_profiles\nINSERT INTO retired_profiles (sk, id, pid) SELECT column1, column2, column3 \
           FROM (VALUES {rows}) WHERE column1 IS NOT NULL",
    columns: 3,
};

static DELETE: SetStatement = SetStatement {
    text: "-- delete_profiles\nDELETE FROM profiles WHERE (pid, version) IN \
           (SELECT column1, column2 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
    columns: 2,
};

static UNRETIRE: SetStatement = SetStatement {
    text: "-- unretire_profiles\nDELETE FROM retired_profiles WHERE id IN \
           (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
    columns: 1,
};

static MERGES: SetStatement = SetStatement {
    text: "-- put_merges\nINSERT INTO merges (sk, id, kept, removed, at, undo_until, how, actor, kept_image, \
           removed_image, states, kept_apart, alias_from, undone_at, erased) SELECT column1, column2, column3, column4, column5, \
           column6, column7, column8, column9, column10, column11, column12, column13, column14, column15 \
           FROM (VALUES {rows}) WHERE column1 IS NOT NULL ON CONFLICT DO UPDATE SET kept_image = excluded.kept_image, \
           removed_image = excluded.removed_image, states = excluded.states, undone_at = excluded.undone_at, \
           erased = excluded.erased",
    columns: 15,
};

static CLEAR_LOG: SetStatement = SetStatement {
    text: "-- clear_merge_log\nDELETE FROM merge_log WHERE lid IN (SELECT l.lid FROM (VALUES {rows}) v \
           CROSS JOIN merge_log l ON l.survivor = v.column1 AND l.at >= v.column2)",
    columns: 2,
};

static LOG: SetStatement = SetStatement {
    text: "-- append_merge_log\nINSERT INTO merge_log (sk, survivor, at, write) SELECT column1, column2, column3, \
           column4 FROM (VALUES {rows}) WHERE column1 IS NOT NULL",
    columns: 4,
};

static NEVER_SAME_LIFTED: SetStatement = SetStatement {
    text: "-- lift_never_same\nDELETE FROM never_same WHERE (sk, low, high) IN \
           (SELECT column1, column2, column3 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
    columns: 3,
};

static NEVER_SAME: SetStatement = SetStatement {
    text: "-- put_never_same\nINSERT OR IGNORE INTO never_same (sk, low, high) SELECT column1, column2, column3 \
           FROM (VALUES {rows}) WHERE column1 IS NOT NULL",
    columns: 3,
};

static PARKED: SetStatement = SetStatement {
    text: "-- put_parked\nINSERT INTO parked (sk, kind, label, value, id, at, state, members, reasons) \
           SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9 \
           FROM (VALUES {rows}) WHERE column1 IS NOT NULL ON CONFLICT (sk, kind, label, value) DO UPDATE SET \
           at = excluded.at, state = excluded.state, members = excluded.members, reasons = excluded.reasons",
    columns: 9,
};

/// Brings retired profiles back under their old integer keys.
pub(super) async fn restore(
    counted: &mut Counted<'_>,
    sk: i64,
    change: &ChangeSet,
    pids: &Pids<'_>,
) -> Result<(), UnitFault> {
    let ids: Vec<_> = change.restored.iter().map(|profile| profile.id).collect();
    let gone = run(counted, &UNRETIRE, &ids, |query| query, |query, id| query.bind(id.as_bytes().to_vec()));
    all(gone.await?, ids.len())?;
    create(counted, sk, &change.restored, pids).await
}

/// Takes profiles out; their integer keys stay known.
pub(super) async fn retire(
    counted: &mut Counted<'_>,
    sk: i64,
    change: &ChangeSet,
    pids: &Pids<'_>,
) -> Result<(), UnitFault> {
    let rows: Result<Vec<_>, Fault> =
        change.retired.iter().map(|(id, version)| Ok((*id, pids.of(*id)?, *version))).collect();
    let rows = rows?;
    let deleted = run(
        counted,
        &DELETE,
        &rows,
        |query| query,
        |query, (_, pid, version)| query.bind(*pid).bind(i64::try_from(*version).unwrap_or(i64::MAX)),
    );
    all(deleted.await?, rows.len())?;
    run(
        counted,
        &RETIRE,
        &rows,
        |query| query,
        |query, (id, pid, _)| query.bind(sk).bind(id.as_bytes().to_vec()).bind(*pid),
    )
    .await?;
    Ok(())
}

/// Records, log, pairs and parked groups.
pub(super) async fn put(counted: &mut Counted<'_>, sk: i64, change: &ChangeSet) -> Result<(), UnitFault> {
    run(
        counted,
        &MERGES,
        &change.merges,
        |query| query,
        |query, record| {
            query
                .bind(sk)
                .bind(record.id.0.as_bytes().to_vec())
                .bind(record.kept.as_bytes().to_vec())
                .bind(record.removed.as_bytes().to_vec())
                .bind(record.at.as_micros())
                .bind(record.undo_until.as_micros())
                .bind(json(&record.how))
                .bind(json(&record.actor))
                .bind(record.kept_image.as_ref().map(|image| image.to_image()))
                .bind(record.removed_image.as_ref().map(|image| image.to_image()))
                .bind(states(record))
                .bind(record.kept_apart.map(|id| id.as_bytes().to_vec()))
                .bind(record.alias_from.map(|id| id.as_bytes().to_vec()))
                .bind(record.undone_at.map(|at| at.as_micros()))
                .bind(i64::from(record.erased))
        },
    )
    .await?;
    run(
        counted,
        &CLEAR_LOG,
        &change.merge_log_cleared,
        |query| query,
        |query, (survivor, since)| query.bind(survivor.as_bytes().to_vec()).bind(since.as_micros()),
    )
    .await?;
    run(
        counted,
        &LOG,
        &change.merge_log,
        |query| query,
        |query, write| {
            query
                .bind(sk)
                .bind(write.survivor.as_bytes().to_vec())
                .bind(write.at.as_micros())
                .bind(json(write))
        },
    )
    .await?;
    for (statement, pairs) in
        [(&NEVER_SAME_LIFTED, &change.never_same_lifted), (&NEVER_SAME, &change.never_same)]
    {
        run(
            counted,
            statement,
            pairs,
            |query| query,
            |query, (low, high)| query.bind(sk).bind(low.as_bytes().to_vec()).bind(high.as_bytes().to_vec()),
        )
        .await?;
    }
    super::erasure::unpark(counted, sk, &change.unparked.iter().collect::<Vec<_>>()).await?;
    run(
        counted,
        &PARKED,
        &change.parked,
        |query| query,
        |query, group| {
            query
                .bind(sk)
                .bind(i64::from(group.key.kind as u8))
                .bind(group.key.label.to_string())
                .bind(group.key.value.to_string())
                .bind(group.id.0.as_bytes().to_vec())
                .bind(group.at.as_micros())
                .bind(group.state.as_str())
                .bind(json(&group.members))
                .bind(json(&group.reasons))
        },
    )
    .await?;
    Ok(())
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// `[[kind, value, group or null, state or null, since or null], ...]`
fn states(record: &MergeRecord) -> String {
    let states: Vec<_> = record
        .states
        .iter()
        .map(|told| {
            let group = match told.of {
                StateOf::Global => None,
                StateOf::Group(group) => Some(group),
            };
            let (state, since): (Option<GlobalState>, _) =
                (told.before.map(|before| before.0), told.before.map(|before| before.1.as_micros()));
            (address_kind(told.address.kind), &told.address.value, group, state, since)
        })
        .collect();
    json(&states)
}
