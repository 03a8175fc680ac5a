//! Erasure: everything that names a person goes; a receipt and the ledger stay.

use std::collections::BTreeSet;

use profile_model::{ChangeSet, Erasure, Key, ProfileId};
use uuid::Uuid;

use super::{json, last, profiles};
use crate::fault::{UnitFault, unreadable};
use crate::rows::uuid_of;
use crate::shards::{Shards, by_shard};
use crate::statement::{Counted, column, get, number, plain};

mod line_traces;

pub(super) use line_traces::{Told, forget_carried};

macro_rules! of_profiles {
    ($name:literal, $what:literal, $using:literal, $column:literal) => {
        concat!(
            "-- ",
            $name,
            "\n",
            $what,
            " ",
            $using,
            " (SELECT $1::bigint AS sk, v.* FROM unnest($2::uuid[]) v(id) OFFSET 0) v WHERE t.sk = v.sk AND t.",
            $column,
            " = v.id"
        )
    };
}

const RETIRED: &str = of_profiles!("erase_retired", "DELETE FROM retired_profiles t", "USING", "id");
const EVENTS: &str = of_profiles!("erase_events", "DELETE FROM events t", "USING", "profile");
const PURCHASES: &str = of_profiles!("erase_purchases", "DELETE FROM purchases t", "USING", "profile");
const SUMMARIES: &str = of_profiles!("erase_summaries", "DELETE FROM summaries t", "USING", "profile");
const JOURNAL: &str = of_profiles!("erase_journal", "DELETE FROM journal t", "USING", "profile");
const LOG: &str = of_profiles!("erase_merge_log", "DELETE FROM merge_log t", "USING", "survivor");
const NEVER_LOW: &str = of_profiles!("erase_never_same_low", "DELETE FROM never_same t", "USING", "low");
const NEVER_HIGH: &str = of_profiles!("erase_never_same_high", "DELETE FROM never_same t", "USING", "high");
const NAMED: &str = of_profiles!(
    "erase_named",
    "UPDATE journal t SET other = NULL, detail = '{\"erased\":true}'",
    "FROM",
    "other IS NOT NULL AND t.other"
);
const MERGES_KEPT: &str = of_profiles!(
    "erase_merges_kept",
    "UPDATE merges t SET kept_image = NULL, removed_image = NULL, states = '[]', erased = true",
    "FROM",
    "kept"
);
const MERGES_REMOVED: &str = of_profiles!(
    "erase_merges_removed",
    "UPDATE merges t SET kept_image = NULL, removed_image = NULL, states = '[]', erased = true",
    "FROM",
    "removed"
);
/// The images hold the LINE ID with which the follower was kept apart.
const MERGES_KEPT_APART: &str = of_profiles!(
    "erase_merges_kept_apart",
    "UPDATE merges t SET kept_image = NULL, removed_image = NULL, states = '[]', erased = true",
    "FROM",
    "kept_apart IS NOT NULL AND t.kept_apart"
);
const LIFTED: &str = of_profiles!(
    "lift_suppressions",
    "UPDATE erased_identifiers t SET suppressed = false",
    "FROM",
    "suppressed AND t.erasure"
);

const PARKED: &str = "-- erase_parked\nDELETE FROM parked t USING (SELECT $1::bigint AS sk, v.* FROM \
     unnest($2::smallint[], $3::text[] COLLATE \"C\", $4::text[] COLLATE \"C\") v(kind, label, value) OFFSET 0) v \
     WHERE t.sk = v.sk AND t.kind = v.kind AND t.label = v.label AND t.value = v.value";

const FRIENDSHIPS: &str = "-- erase_friendships\nDELETE FROM line_friendships t USING (SELECT $1::bigint AS sk, v.* \
     FROM unnest($2::text[] COLLATE \"C\") v(user_id) OFFSET 0) v WHERE t.sk = v.sk AND t.line_user_id = v.user_id";

/// State 2: kept without effect.
const INBOX: &str = "-- erase_inbox\nUPDATE line_inbox t SET line_user_id = NULL, body = 'null', note = 'erased', \
     state = 2 FROM (SELECT $1::bigint AS sk, v.* FROM unnest($2::text[] COLLATE \"C\") v(user_id) OFFSET 0) v \
     WHERE t.sk = v.sk AND t.line_user_id IS NOT NULL AND t.line_user_id = v.user_id";

/// People of a group are named in the body only; such events are few.
const INBOX_MEMBERS: &str = "-- erase_inbox_members\nUPDATE line_inbox t SET body = 'null', note = 'erased', state = 2 \
     FROM (SELECT $1::bigint AS sk, v.* FROM unnest($2::text[] COLLATE \"C\") v(user_id) OFFSET 0) v \
     WHERE t.sk = v.sk AND t.kind IN ('memberJoined', 'memberLeft') AND strpos(t.body, v.user_id) > 0";

/// Those whom somebody else's message mentions are named in its body only. The message stays that person's.
const INBOX_MENTIONS: &str = "-- erase_inbox_mentions\nUPDATE line_inbox t SET body = 'null', note = 'erased', \
     state = 2 FROM (SELECT $1::bigint AS sk, v.* FROM unnest($2::text[] COLLATE \"C\") v(user_id) OFFSET 0) v \
     WHERE t.sk = v.sk AND t.kind = 'message' AND strpos(t.body, '\"mentionees\"') > 0 \
     AND strpos(t.body, v.user_id) > 0";

const CONSENTS: &str = "-- erase_consents\nDELETE FROM consents t USING (SELECT $1::bigint AS sk, v.* FROM \
     unnest($2::smallint[], $3::text[] COLLATE \"C\") v(kind, value) OFFSET 0) v \
     WHERE t.sk = v.sk AND t.kind = v.kind AND t.value = v.value";

const LEDGER: &str = "-- put_erased_identifiers\n\
     INSERT INTO erased_identifiers (sk, mark, kind, erasure, erased_at, opted_out, suppressed) \
     SELECT $1, v.mark, v.kind, v.erasure, v.erased_at, v.opted_out, v.suppressed FROM unnest($2::bytea[], \
     $3::smallint[], $4::uuid[], $5::bigint[], $6::boolean[], $7::boolean[]) \
     v(mark, kind, erasure, erased_at, opted_out, suppressed) \
     ON CONFLICT (sk, mark) DO UPDATE SET erasure = excluded.erasure, erased_at = excluded.erased_at, \
     opted_out = excluded.opted_out, suppressed = excluded.suppressed";

const RECEIPTS: &str = "-- put_erasures\n\
     INSERT INTO erasures (sk, id, at, actor, profiles, occurrences, suppressed) \
     SELECT $1, v.id, v.at, v.actor, v.profiles, $6, v.suppressed FROM unnest($2::uuid[], $3::bigint[], $4::text[], \
     $5::bigint[], $7::boolean[]) v(id, at, actor, profiles, suppressed)";

const ISSUES: &str = "-- scan_cells\nSELECT iid, cells FROM import_issues WHERE sk = $1 AND iid > $2 \
     ORDER BY iid LIMIT 5000";

const ERASE_ISSUES: &str = "-- erase_import_issues\nDELETE FROM import_issues t USING (SELECT $1::bigint AS sk, v.* \
     FROM unnest($2::bigint[]) v(iid) OFFSET 0) v WHERE t.sk = v.sk AND t.iid = v.iid";

pub(super) async fn erase(
    counted: &mut Counted<'_>,
    shards: Shards,
    change: &ChangeSet,
) -> Result<Told, UnitFault> {
    let mut told = Told::new();
    if !change.erasures.is_empty() {
        profiles_and_occurrences(counted, shards, &change.erasures).await?;
        told = traces(counted, shards, &change.erasures).await?;
        let texts = change.erasures.iter().flat_map(|erasure| &erasure.texts);
        issues(counted, shards, &texts.map(String::as_str).collect()).await?;
    }
    for (sk, rows) in by_shard(last(&change.ledger, |row| row.mark), |row| shards.of_bytes(&row.mark.0)) {
        let query = plain(LEDGER)
            .bind(sk)
            .bind(column(&rows, |row| row.mark.0.as_slice()))
            .bind(column(&rows, |row| row.kind as i16))
            .bind(column(&rows, |row| row.erasure.0))
            .bind(column(&rows, |row| row.erased_at.as_micros()))
            .bind(column(&rows, |row| row.opted_out))
            .bind(column(&rows, |row| row.suppressed));
        counted.execute(query).await?;
    }
    if !change.lifted.is_empty() {
        run_everywhere(counted, shards, LIFTED, &column(&change.lifted, |id| id.0)).await?;
    }
    Ok(told)
}

async fn run(counted: &mut Counted<'_>, text: &'static str, sk: i64, ids: &[Uuid]) -> Result<u64, UnitFault> {
    counted.execute(plain(text).bind(sk).bind(ids.to_vec())).await
}

async fn run_everywhere(
    counted: &mut Counted<'_>,
    shards: Shards,
    text: &'static str,
    ids: &[Uuid],
) -> Result<(), UnitFault> {
    for sk in shards.all() {
        run(counted, text, sk, ids).await?;
    }
    Ok(())
}

async fn profiles_and_occurrences(
    counted: &mut Counted<'_>,
    shards: Shards,
    erasures: &[Erasure],
) -> Result<(), UnitFault> {
    profiles::delete(counted, shards, &column(erasures, |erasure| (erasure.profile, erasure.version)))
        .await?;
    let mut occurrences = 0;
    for (sk, sides) in by_shard(sides(erasures), |id| shards.of_profile(*id)) {
        let sides = column(&sides, |id| uuid_of(*id));
        run(counted, RETIRED, sk, &sides).await?;
        for text in [EVENTS, PURCHASES, SUMMARIES] {
            occurrences += run(counted, text, sk, &sides).await?;
        }
        for text in [JOURNAL, LOG] {
            run(counted, text, sk, &sides).await?;
        }
    }
    let receipts = plain(RECEIPTS)
        .bind(shards.home())
        .bind(column(erasures, |erasure| erasure.id.0))
        .bind(column(erasures, |erasure| erasure.at.as_micros()))
        .bind(column(erasures, |erasure| json(&erasure.actor)))
        .bind(column(erasures, |erasure| number(erasure.sides.len() as u64)))
        .bind(number(occurrences))
        .bind(column(erasures, |erasure| erasure.suppressed));
    counted.execute(receipts).await?;
    Ok(())
}

/// What others keep of the erased.
async fn traces(counted: &mut Counted<'_>, shards: Shards, erasures: &[Erasure]) -> Result<Told, UnitFault> {
    let told = line_traces::forget(counted, shards, erasures).await?;
    let sides = sides(erasures);
    let ids = column(&sides, |id| uuid_of(*id));
    run_everywhere(counted, shards, NAMED, &ids).await?;
    for text in [MERGES_KEPT, MERGES_REMOVED, MERGES_KEPT_APART, NEVER_LOW, NEVER_HIGH] {
        run(counted, text, shards.home(), &ids).await?;
    }
    let keys: Vec<_> = erasures.iter().flat_map(|erasure| &erasure.keys).collect();
    unpark(counted, shards, &keys).await?;
    let addresses = erasures.iter().flat_map(|erasure| &erasure.keys);
    let owners = addresses.map(|key| (shards.of_value(&key.value), key.kind as i16, key.value.to_string()));
    let owners = owners.chain(sides.iter().map(|id| (shards.of_profile(*id), 0, id.to_string())));
    for (sk, owners) in by_shard(owners, |(sk, ..)| *sk) {
        let query = plain(CONSENTS)
            .bind(sk)
            .bind(column(&owners, |(_, kind, _)| *kind))
            .bind(column(&owners, |(.., value)| value.as_str()));
        counted.execute(query).await?;
    }
    let users: Vec<_> = erasures.iter().flat_map(|erasure| &erasure.line_users).collect();
    for (sk, users) in by_shard(users.iter().copied(), |user| shards.of_value(user.as_str())) {
        for text in [FRIENDSHIPS, INBOX] {
            counted.execute(plain(text).bind(sk).bind(column(&users, |user| user.as_str()))).await?;
        }
    }
    if !users.is_empty() {
        for sk in shards.all() {
            for text in [INBOX_MEMBERS, INBOX_MENTIONS] {
                counted.execute(plain(text).bind(sk).bind(column(&users, |user| user.as_str()))).await?;
            }
        }
    }
    Ok(told)
}

/// Nothing waits for these values any more.
pub(super) async fn unpark(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &[&Key],
) -> Result<(), UnitFault> {
    if !keys.is_empty() {
        let query = plain(PARKED)
            .bind(shards.home())
            .bind(column(keys, |key| key.kind as i16))
            .bind(column(keys, |key| &*key.label))
            .bind(column(keys, |key| &*key.value));
        counted.execute(query).await?;
    }
    Ok(())
}

/// A walk over the reports of imports: they are short, and erasure is rare. The cells are compared here and not in SQL:
/// PostgreSQL cannot unfold a JSON text that holds U+0000.
async fn issues(counted: &mut Counted<'_>, shards: Shards, texts: &BTreeSet<&str>) -> Result<(), UnitFault> {
    if texts.is_empty() {
        return Ok(());
    }
    let (sk, mut after, mut gone) = (shards.home(), 0_i64, Vec::new());
    loop {
        let page = counted.fetch(plain(ISSUES).bind(sk).bind(after)).await?;
        let Some(last) = page.last() else { break };
        after = get(last, 0)?;
        for row in &page {
            let cells: Vec<String> =
                serde_json::from_str(get(row, 1)?).map_err(|_| unreadable("import_issues.cells"))?;
            if cells.iter().any(|cell| texts.contains(cell.trim().to_lowercase().as_str())) {
                gone.push(get::<i64>(row, 0)?);
            }
        }
    }
    if !gone.is_empty() {
        counted.execute(plain(ERASE_ISSUES).bind(sk).bind(gone)).await?;
    }
    Ok(())
}

fn sides(erasures: &[Erasure]) -> Vec<ProfileId> {
    erasures.iter().flat_map(|erasure| erasure.sides.iter().copied()).collect()
}
