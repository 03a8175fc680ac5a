//! Erasure: everything that names a person goes; a receipt and the ledger stay.

use profile_model::{ChangeSet, Erasure, Key, ProfileId};
use profile_store::Fault;
use sqlx::Row as _;

use super::{Pids, all, run};
use crate::fault::{UnitFault, to_fault};
use crate::statement::{Counted, MAX_ROWS, SetStatement, plain};

mod line_traces;

pub(super) use line_traces::{Told, forget_carried};

static PROFILES: SetStatement = SetStatement {
    text: "-- erase_profiles\nDELETE FROM profiles WHERE (pid, version) IN \
           (SELECT column1, column2 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
    columns: 2,
};

static RETIRED_PIDS: SetStatement = SetStatement {
    text: "-- erase_retired\nDELETE FROM retired_profiles WHERE id IN \
           (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL) RETURNING pid",
    columns: 1,
};

static EVENTS: SetStatement = of_pids(
    "-- erase_events\nDELETE FROM events WHERE pid IN \
     (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
);

static PURCHASES: SetStatement = of_pids(
    "-- erase_purchases\nDELETE FROM purchases WHERE pid IN \
     (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
);

static SUMMARIES: SetStatement = of_pids(
    "-- erase_summaries\nDELETE FROM summaries WHERE pid IN \
     (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
);

static JOURNAL: SetStatement = of_pids(
    "-- erase_journal\nDELETE FROM journal WHERE profile IN \
     (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
);

static NAMED: SetStatement = of_pids(
    "-- erase_named\nUPDATE journal SET other = NULL, detail = '{\"erased\":true}' \
     WHERE other IN (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
);

static MERGES_KEPT: SetStatement = of_pids(
    "-- erase_merges_kept\nUPDATE merges SET kept_image = NULL, \
     removed_image = NULL, states = '[]', erased = 1 WHERE kept IN \
     (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
);

static MERGES_REMOVED: SetStatement = of_pids(
    "-- erase_merges_removed\nUPDATE merges SET kept_image = NULL, \
     removed_image = NULL, states = '[]', erased = 1 WHERE removed IN \
     (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
);

/// The images hold the LINE ID with which the follower was kept apart.
static MERGES_KEPT_APART: SetStatement = of_pids(
    "-- erase_merges_kept_apart\nUPDATE merges SET kept_image = NULL, \
     removed_image = NULL, states = '[]', erased = 1 WHERE kept_apart IN \
     (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
);

static LOG: SetStatement = of_pids(
    "-- erase_merge_log\nDELETE FROM merge_log WHERE survivor IN \
     (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
);

static NEVER_LOW: SetStatement = SetStatement {
    text: "-- erase_never_same_low\nDELETE FROM never_same WHERE (sk, low) IN \
           (SELECT column1, column2 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
    columns: 2,
};

static NEVER_HIGH: SetStatement = of_pids(
    "-- erase_never_same_high\nDELETE FROM never_same WHERE high IN \
     (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
);

static PARKED: SetStatement = SetStatement {
    text: "-- erase_parked\nDELETE FROM parked WHERE (sk, kind, label, value) IN \
           (SELECT column1, column2, column3, column4 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
    columns: 4,
};

static FRIENDSHIPS: SetStatement = SetStatement {
    text: "-- erase_friendships\nDELETE FROM line_friendships WHERE (sk, line_user_id) IN \
           (SELECT column1, column2 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
    columns: 2,
};

/// State 2: kept without effect.
static INBOX: SetStatement = of_pids(
    "-- erase_inbox\nUPDATE line_inbox SET line_user_id = NULL, body = 'null', \
     note = 'erased', state = 2 WHERE sk = ? AND line_user_id IN \
     (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
);

/// People of a group are named in the body only; such events are few.
static INBOX_MEMBERS: SetStatement = of_pids(
    "-- erase_inbox_members\nUPDATE line_inbox SET body = 'null', note = 'erased', state = 2 \
     WHERE sk = ? AND kind IN ('memberJoined', 'memberLeft') AND EXISTS \
     (SELECT 1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL AND instr(line_inbox.body, column1) > 0)",
);

/// Those whom somebody else's message mentions are named in its body only. The message stays that person's.
static INBOX_MENTIONS: SetStatement = of_pids(
    "-- erase_inbox_mentions\nUPDATE line_inbox SET body = 'null', note = 'erased', state = 2 \
     WHERE sk = ? AND kind = 'message' AND instr(body, '\"mentionees\"') > 0 AND EXISTS \
     (SELECT 1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL AND instr(line_inbox.body, column1) > 0)",
);

/// A walk over the reports: they are short, and erasure is rare.
static ISSUES: SetStatement = of_pids(
    "-- erase_import_issues\nDELETE FROM import_issues WHERE iid IN \
     (SELECT i.iid FROM jobs j JOIN import_issues i ON i.import = j.id, json_each(i.cells) c \
     WHERE j.sk = ? AND lower(trim(c.value)) IN \
     (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL))",
);

static CONSENTS: SetStatement = SetStatement {
    text: "-- erase_consents\nDELETE FROM consents WHERE (sk, kind, value) IN \
           (SELECT column1, column2, column3 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
    columns: 3,
};

static LEDGER: SetStatement = SetStatement {
    text: "-- put_erased_identifiers\nINSERT INTO erased_identifiers (sk, mark, kind, erasure, erased_at, opted_out, \
           suppressed) SELECT column1, column2, column3, column4, column5, column6, column7 FROM (VALUES {rows}) \
           WHERE column1 IS NOT NULL ON CONFLICT (sk, mark) DO UPDATE SET erasure = excluded.erasure, \
           erased_at = excluded.erased_at, opted_out = excluded.opted_out, suppressed = excluded.suppressed",
    columns: 7,
};

static LIFTED: SetStatement = of_pids(
    "-- lift_suppressions\nUPDATE erased_identifiers SET suppressed = 0 \
     WHERE suppressed = 1 AND erasure IN (SELECT column1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
);

const fn of_pids(text: &'static str) -> SetStatement {
    SetStatement { text, columns: 1 }
}

pub(super) async fn erase(
    counted: &mut Counted<'_>,
    sk: i64,
    change: &ChangeSet,
    pids: &Pids<'_>,
) -> Result<Told, UnitFault> {
    let mut told = Told::new();
    if !change.erasures.is_empty() {
        profiles_and_occurrences(counted, sk, &change.erasures, pids).await?;
        told = traces(counted, sk, &change.erasures).await?;
    }
    run(
        counted,
        &LEDGER,
        &change.ledger,
        |query| query,
        |query, row| {
            query
                .bind(sk)
                .bind(row.mark.0.to_vec())
                .bind(i64::from(row.kind as u8))
                .bind(row.erasure.0.as_bytes().to_vec())
                .bind(row.erased_at.as_micros())
                .bind(i64::from(row.opted_out))
                .bind(i64::from(row.suppressed))
        },
    )
    .await?;
    let lifted = &change.lifted;
    run(counted, &LIFTED, lifted, |query| query, |query, id| query.bind(id.0.as_bytes().to_vec())).await?;
    Ok(told)
}

async fn profiles_and_occurrences(
    counted: &mut Counted<'_>,
    sk: i64,
    erasures: &[Erasure],
    pids: &Pids<'_>,
) -> Result<(), UnitFault> {
    let rows: Result<Vec<_>, Fault> =
        erasures.iter().map(|erasure| Ok((pids.of(erasure.profile)?, erasure.version))).collect();
    let rows = rows?;
    let erased = run(
        counted,
        &PROFILES,
        &rows,
        |query| query,
        |query, (pid, version)| query.bind(*pid).bind(i64::try_from(*version).unwrap_or(i64::MAX)),
    );
    all(erased.await?, rows.len())?;
    let mut gone: Vec<i64> = rows.iter().map(|(pid, _)| *pid).collect();
    let sides = sides(erasures);
    for chunk in sides.chunks(MAX_ROWS) {
        let query = RETIRED_PIDS.bind(|query| query, chunk, |query, id| query.bind(id.as_bytes().to_vec()));
        for row in counted.fetch(query).await? {
            gone.push(row.try_get(0).map_err(|error| to_fault(&error))?);
        }
    }
    let mut occurrences = 0;
    for statement in [&EVENTS, &PURCHASES, &SUMMARIES] {
        occurrences += run(counted, statement, &gone, |query| query, |query, pid| query.bind(*pid)).await?;
    }
    for erasure in erasures {
        let query = plain(
            "-- put_erasure\nINSERT INTO erasures (id, sk, at, actor, profiles, occurrences, suppressed) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        );
        let query = query
            .bind(erasure.id.0.as_bytes().to_vec())
            .bind(sk)
            .bind(erasure.at.as_micros())
            .bind(serde_json::to_string(&erasure.actor).unwrap_or_default())
            .bind(i64::try_from(erasure.sides.len()).unwrap_or(i64::MAX))
            .bind(i64::try_from(occurrences).unwrap_or(i64::MAX))
            .bind(i64::from(erasure.suppressed));
        counted.execute(query).await?;
    }
    Ok(())
}

/// What others keep of the erased.
async fn traces(counted: &mut Counted<'_>, sk: i64, erasures: &[Erasure]) -> Result<Told, UnitFault> {
    let sides = sides(erasures);
    let told = line_traces::forget(counted, sk, erasures).await?;
    for statement in [&JOURNAL, &NAMED, &MERGES_KEPT, &MERGES_REMOVED, &MERGES_KEPT_APART, &LOG, &NEVER_HIGH]
    {
        run(counted, statement, &sides, |query| query, |query, id| query.bind(id.as_bytes().to_vec()))
            .await?;
    }
    run(counted, &NEVER_LOW, &sides, |query| query, |query, id| query.bind(sk).bind(id.as_bytes().to_vec()))
        .await?;
    let keys: Vec<_> = erasures.iter().flat_map(|erasure| &erasure.keys).collect();
    unpark(counted, sk, &keys).await?;
    let addresses = erasures.iter().flat_map(|erasure| &erasure.keys);
    let addresses = addresses.map(|key| (i64::from(key.kind as u8), key.value.to_string()));
    let owners: Vec<_> = addresses.chain(sides.iter().map(|id| (0, id.to_string()))).collect();
    run(
        counted,
        &CONSENTS,
        &owners,
        |query| query,
        |query, (kind, value)| query.bind(sk).bind(*kind).bind(value.clone()),
    )
    .await?;
    let users: Vec<_> = erasures.iter().flat_map(|erasure| &erasure.line_users).collect();
    run(
        counted,
        &FRIENDSHIPS,
        &users,
        |query| query,
        |query, user| query.bind(sk).bind(user.as_str().to_owned()),
    )
    .await?;
    for statement in [&INBOX, &INBOX_MEMBERS, &INBOX_MENTIONS] {
        run(
            counted,
            statement,
            &users,
            |query| query.bind(sk),
            |query, user| query.bind(user.as_str().to_owned()),
        )
        .await?;
    }
    let texts: Vec<_> = erasures.iter().flat_map(|erasure| &erasure.texts).collect();
    run(counted, &ISSUES, &texts, |query| query.bind(sk), |query, text| query.bind((*text).clone())).await?;
    Ok(told)
}

/// Nothing waits for these values any more.
pub(super) async fn unpark(counted: &mut Counted<'_>, sk: i64, keys: &[&Key]) -> Result<(), UnitFault> {
    run(
        counted,
        &PARKED,
        keys,
        |query| query,
        |query, key| {
            query
                .bind(sk)
                .bind(i64::from(key.kind as u8))
                .bind(key.label.to_string())
                .bind(key.value.to_string())
        },
    )
    .await?;
    Ok(())
}

fn sides(erasures: &[Erasure]) -> Vec<ProfileId> {
    erasures.iter().flat_map(|erasure| erasure.sides.iter().copied()).collect()
}
