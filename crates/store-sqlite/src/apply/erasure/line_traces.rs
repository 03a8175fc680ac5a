//! What others keep of a LINE ID that they once had: it belongs to the follower who is erased.

use profile_model::{Erasure, MergedSide, ProfileId};
use sqlx::Row as _;

use super::super::run;
use crate::fault::{UnitFault, to_fault, unreadable};
use crate::statement::{Counted, MAX_ROWS, SetStatement};

/// Profiles whose journal says that they had the LINE ID before.
static HAD_BEFORE: SetStatement = of_pairs(
    "-- find_line_id_before\nSELECT DISTINCT j.profile, v.column2 FROM (VALUES {rows}) v JOIN journal j \
     ON json_extract(j.detail, '$.before') = v.column2 AND json_extract(j.detail, '$.before') IS NOT NULL \
     AND j.sk = v.column1",
);

/// Profiles whose journal names one of the erased, with the LINE IDs of the latter.
static NAMING: SetStatement = of_pairs(
    "-- find_naming_erased\nSELECT DISTINCT j.profile, v.column2 FROM (VALUES {rows}) v JOIN journal j \
     ON j.other = v.column1",
);

static JOURNAL: SetStatement = of_pairs(
    "-- empty_journal_of_line_id\nUPDATE journal SET other = NULL, detail = '{\"erased\":true}' WHERE jid IN \
     (SELECT j.jid FROM (VALUES {rows}) v JOIN journal j ON j.profile = v.column1 \
     AND instr(j.detail, v.column2) > 0)",
);

static KEPT: SetStatement = of_pairs(
    "-- empty_merges_kept_with_line_id\nUPDATE merges SET kept_image = NULL, removed_image = NULL, \
     states = '[]', erased = 1 WHERE id IN (SELECT m.id FROM (VALUES {rows}) v JOIN merges m \
     ON m.kept = v.column1 AND instr(coalesce(m.kept_image, '') || coalesce(m.removed_image, ''), v.column2) > 0)",
);

static REMOVED: SetStatement = of_pairs(
    "-- empty_merges_removed_with_line_id\nUPDATE merges SET kept_image = NULL, removed_image = NULL, \
     states = '[]', erased = 1 WHERE id IN (SELECT m.id FROM (VALUES {rows}) v JOIN merges m ON m.removed = v.column1 \
     AND instr(coalesce(m.kept_image, '') || coalesce(m.removed_image, ''), v.column2) > 0)",
);

static LOG: SetStatement = of_pairs(
    "-- erase_merge_log_of_line_id\nDELETE FROM merge_log WHERE lid IN (SELECT l.lid FROM (VALUES {rows}) v \
     JOIN merge_log l ON l.survivor = v.column1 AND instr(l.write, v.column2) > 0)",
);

/// Survivors that one of these, or a profile that became one of these, is part of now.
static CARRYING: SetStatement = SetStatement {
    text: "-- find_carrying_line_id\nWITH v(sk, id, value) AS (VALUES {rows}) \
           SELECT p.pid, p.merged FROM v CROSS JOIN profiles p ON p.id = v.id WHERE p.merged IS NOT NULL \
           UNION SELECT p.pid, p.merged FROM v CROSS JOIN identifiers i ON i.sk = v.sk AND i.kind = 6 \
           AND i.label = '' AND i.value = v.value CROSS JOIN profiles p ON p.pid = i.pid WHERE p.merged IS NOT NULL",
    columns: 3,
};

/// A decision on the row as it was has lost.
static CARRIED: SetStatement = SetStatement {
    text: "-- put_carried\nUPDATE profiles SET merged = v.column2, version = profiles.version + 1 \
           FROM (VALUES {rows}) v WHERE profiles.pid = v.column1",
    columns: 2,
};

const fn of_pairs(text: &'static str) -> SetStatement {
    SetStatement { text, columns: 2 }
}

/// Profiles that are told of with a LINE ID that was erased.
pub(crate) type Told = Vec<(Vec<u8>, String)>;

/// Empties journal entries, images and logged writes of others that tell an erased LINE ID. Comes before the entries
/// lose the names of the erased. Whom they told of is for [`forget_carried`].
pub(super) async fn forget(
    counted: &mut Counted<'_>,
    sk: i64,
    erasures: &[Erasure],
) -> Result<Told, UnitFault> {
    let mut before = Vec::new();
    let mut naming = Vec::new();
    for erasure in erasures {
        for user in &erasure.line_users {
            let user = user.as_str().to_owned();
            naming.extend(erasure.sides.iter().map(|side| (side.as_bytes().to_vec(), user.clone())));
            before.push((sk, user));
        }
    }
    let mut told = Told::new();
    for chunk in before.chunks(MAX_ROWS) {
        let query =
            HAD_BEFORE.bind(|query| query, chunk, |query, (sk, user)| query.bind(*sk).bind(user.clone()));
        read(&counted.fetch(query).await?, &mut told)?;
    }
    for chunk in naming.chunks(MAX_ROWS) {
        let query = NAMING.bind(
            |query| query,
            chunk,
            |query, (side, user)| query.bind(side.clone()).bind(user.clone()),
        );
        read(&counted.fetch(query).await?, &mut told)?;
    }
    told.sort_unstable();
    told.dedup();
    for statement in [&JOURNAL, &KEPT, &REMOVED, &LOG] {
        run(
            counted,
            statement,
            &told,
            |query| query,
            |query, (profile, user)| query.bind(profile.clone()).bind(user.clone()),
        )
        .await?;
    }
    Ok(told)
}

fn read(rows: &[sqlx::sqlite::SqliteRow], told: &mut Vec<(Vec<u8>, String)>) -> Result<(), UnitFault> {
    for row in rows {
        let profile = row.try_get(0).map_err(|error| to_fault(&error))?;
        told.push((profile, row.try_get(1).map_err(|error| to_fault(&error))?));
    }
    Ok(())
}

/// Takes the LINE IDs out of what merged profiles are known by on their survivors' rows. Comes after all else that is
/// written of profiles by the versions that were loaded.
pub(crate) async fn forget_carried(
    counted: &mut Counted<'_>,
    sk: i64,
    erasures: &[Erasure],
    told: &Told,
) -> Result<(), UnitFault> {
    let users: Vec<_> = erasures.iter().flat_map(|erasure| erasure.line_users.iter().cloned()).collect();
    let mut survivors: Vec<_> = told.iter().map(|(profile, _)| profile.as_slice()).collect();
    survivors.dedup();
    let mut forgotten: Vec<(i64, String)> = Vec::new();
    for chunk in survivors.chunks(MAX_ROWS) {
        let query = CARRYING.bind(
            |query| query,
            chunk,
            |query, id| {
                let text = <[u8; 16]>::try_from(*id).map(ProfileId::from_bytes).map(|id| id.to_string());
                query.bind(sk).bind(id.to_vec()).bind(text.unwrap_or_default())
            },
        );
        for row in counted.fetch(query).await? {
            let pid = row.try_get(0).map_err(|error| to_fault(&error))?;
            let text: &str = row.try_get(1).map_err(|error| to_fault(&error))?;
            let mut sides: Vec<MergedSide> =
                serde_json::from_str(text).map_err(|_| unreadable("profiles.merged"))?;
            if MergedSide::forget_line_ids(&mut sides, &users) {
                forgotten.push((pid, serde_json::to_string(&sides).unwrap_or_default()));
            }
        }
    }
    forgotten.sort_unstable();
    forgotten.dedup();
    run(
        counted,
        &CARRIED,
        &forgotten,
        |query| query,
        |query, (pid, sides)| query.bind(*pid).bind(sides.clone()),
    )
    .await?;
    Ok(())
}
