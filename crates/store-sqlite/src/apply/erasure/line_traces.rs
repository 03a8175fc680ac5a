//! What others keep of a LINE ID that they once had: it belongs to the follower who is erased.

use profile_model::Erasure;
use sqlx::Row as _;

use super::super::run;
use crate::fault::{UnitFault, to_fault};
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

const fn of_pairs(text: &'static str) -> SetStatement {
    SetStatement { text, columns: 2 }
}

/// Empties journal entries, images and logged writes of others that tell an erased LINE ID. Comes before the entries
/// lose the names of the erased.
pub(super) async fn forget(
    counted: &mut Counted<'_>,
    sk: i64,
    erasures: &[Erasure],
) -> Result<(), UnitFault> {
    let mut before = Vec::new();
    let mut naming = Vec::new();
    for erasure in erasures {
        for user in &erasure.line_users {
            let user = user.as_str().to_owned();
            naming.extend(erasure.sides.iter().map(|side| (side.as_bytes().to_vec(), user.clone())));
            before.push((sk, user));
        }
    }
    let mut told: Vec<(Vec<u8>, String)> = Vec::new();
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
    Ok(())
}

fn read(rows: &[sqlx::sqlite::SqliteRow], told: &mut Vec<(Vec<u8>, String)>) -> Result<(), UnitFault> {
    for row in rows {
        let profile = row.try_get(0).map_err(|error| to_fault(&error))?;
        told.push((profile, row.try_get(1).map_err(|error| to_fault(&error))?));
    }
    Ok(())
}
