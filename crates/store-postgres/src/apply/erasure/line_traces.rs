//! What others keep of a LINE ID that they once had: it belongs to the follower who is erased.

use profile_model::{Erasure, MergedSide, ProfileId};
use uuid::Uuid;

use super::super::all;
use super::uuid_of;
use crate::fault::{UnitFault, unreadable};
use crate::shards::{Shards, by_shard};
use crate::statement::{Counted, column, get, plain};

/// Profiles whose journal says that they had the LINE ID before.
const HAD_BEFORE: &str = "-- find_line_id_before\nSELECT j.profile, v.user_id \
     FROM unnest($2::text[] COLLATE \"C\") v(user_id) CROSS JOIN LATERAL (SELECT j.profile FROM journal j \
     WHERE j.sk = $1 AND substring(j.detail FROM '\"before\":\"([^\"]*)\"') COLLATE \"C\" = v.user_id \
     AND substring(j.detail FROM '\"before\":\"([^\"]*)\"') IS NOT NULL OFFSET 0) j";

/// Profiles whose journal names one of the erased, with the LINE IDs of the latter.
const NAMING: &str = "-- find_naming_erased\nSELECT j.profile, v.user_id \
     FROM unnest($2::uuid[], $3::text[] COLLATE \"C\") v(id, user_id) CROSS JOIN LATERAL \
     (SELECT j.profile FROM journal j WHERE j.sk = $1 AND j.other IS NOT NULL AND j.other = v.id OFFSET 0) j";

macro_rules! of_pairs {
    ($name:literal, $what:literal, $using:literal, $column:literal, $text:literal) => {
        concat!(
            "-- ",
            $name,
            "\n",
            $what,
            " ",
            $using,
            " (SELECT $1::bigint AS sk, v.* FROM unnest($2::uuid[], $3::text[] COLLATE \"C\") v(id, user_id) OFFSET 0) v \
             WHERE t.sk = v.sk AND t.",
            $column,
            " = v.id AND strpos(",
            $text,
            ", v.user_id) > 0"
        )
    };
}

const JOURNAL: &str = of_pairs!(
    "empty_journal_of_line_id",
    "UPDATE journal t SET other = NULL, detail = '{\"erased\":true}'",
    "FROM",
    "profile",
    "t.detail"
);
const KEPT: &str = of_pairs!(
    "empty_merges_kept_with_line_id",
    "UPDATE merges t SET kept_image = NULL, removed_image = NULL, states = '[]', erased = true",
    "FROM",
    "kept",
    "coalesce(t.kept_image, '') || coalesce(t.removed_image, '')"
);
const REMOVED: &str = of_pairs!(
    "empty_merges_removed_with_line_id",
    "UPDATE merges t SET kept_image = NULL, removed_image = NULL, states = '[]', erased = true",
    "FROM",
    "removed",
    "coalesce(t.kept_image, '') || coalesce(t.removed_image, '')"
);
const LOG: &str =
    of_pairs!("erase_merge_log_of_line_id", "DELETE FROM merge_log t", "USING", "survivor", "t.write");

/// Survivors that profiles are part of now.
const SURVIVORS: &str = "-- find_survivors\nSELECT i.profile FROM unnest($2::text[] COLLATE \"C\") v(value) \
     CROSS JOIN LATERAL (SELECT i.profile FROM identifiers i WHERE i.sk = $1 AND i.kind = 6 AND i.label = '' \
     AND i.value = v.value OFFSET 0) i";

const CARRYING: &str = "-- find_carrying_line_id\nSELECT p.id, p.merged, p.version FROM unnest($2::uuid[]) v(id) \
     CROSS JOIN LATERAL (SELECT p.id, p.merged, p.version FROM profiles p WHERE p.sk = $1 AND p.id = v.id \
     AND p.merged IS NOT NULL OFFSET 0) p";

/// A decision on the row as it was has lost.
const CARRIED: &str = "-- put_carried\nUPDATE profiles t SET merged = v.merged, version = t.version + 1 \
     FROM (SELECT $1::bigint AS sk, v.* FROM unnest($2::uuid[], $3::bigint[], $4::text[]) v(id, version, merged) OFFSET 0) v \
     WHERE t.sk = v.sk AND t.id = v.id AND t.version = v.version";

/// Profiles that are told of with a LINE ID that was erased.
pub(crate) type Told = Vec<(Uuid, String)>;

/// Empties journal entries, images and logged writes of others that tell an erased LINE ID. Comes before the entries
/// lose the names of the erased. Whom they told of is for [`forget_carried`].
pub(super) async fn forget(
    counted: &mut Counted<'_>,
    shards: Shards,
    erasures: &[Erasure],
) -> Result<Told, UnitFault> {
    let users: Vec<&str> =
        erasures.iter().flat_map(|erasure| &erasure.line_users).map(|user| user.as_str()).collect();
    if users.is_empty() {
        return Ok(Told::new());
    }
    let named: Vec<(Uuid, &str)> = erasures
        .iter()
        .flat_map(|erasure| {
            let sides = erasure.sides.iter().map(|side| uuid_of(*side));
            sides.flat_map(|side| erasure.line_users.iter().map(move |user| (side, user.as_str())))
        })
        .collect();
    let mut told = Told::new();
    for sk in shards.all() {
        let before = plain(HAD_BEFORE).bind(sk).bind(column(&users, |user| *user));
        let naming = plain(NAMING)
            .bind(sk)
            .bind(column(&named, |(id, _)| *id))
            .bind(column(&named, |(_, user)| *user));
        for query in [before, naming] {
            for row in counted.fetch(query).await? {
                told.push((get(&row, 0)?, get(&row, 1)?));
            }
        }
    }
    told.sort_unstable();
    told.dedup();
    if told.is_empty() {
        return Ok(told);
    }
    for sk in shards.all() {
        for text in [JOURNAL, KEPT, REMOVED, LOG] {
            let query = plain(text)
                .bind(sk)
                .bind(column(&told, |(id, _)| *id))
                .bind(column(&told, |(_, user)| user.as_str()));
            counted.execute(query).await?;
        }
    }
    Ok(told)
}

/// Takes the LINE IDs out of what merged profiles are known by on their survivors' rows. Comes after all else that is
/// written of profiles by the versions that were loaded.
pub(crate) async fn forget_carried(
    counted: &mut Counted<'_>,
    shards: Shards,
    erasures: &[Erasure],
    told: &Told,
) -> Result<(), UnitFault> {
    if told.is_empty() {
        return Ok(());
    }
    let users: Vec<_> = erasures.iter().flat_map(|erasure| erasure.line_users.iter().cloned()).collect();
    let mut survivors: Vec<Uuid> = told.iter().map(|(id, _)| *id).collect();
    let values: Vec<_> = survivors.iter().map(Uuid::to_string).collect();
    for (sk, values) in by_shard(values, |value| shards.of_value(value)) {
        let query = plain(SURVIVORS).bind(sk).bind(column(&values, |value| value.as_str()));
        for row in counted.fetch(query).await? {
            survivors.push(get(&row, 0)?);
        }
    }
    survivors.sort_unstable();
    survivors.dedup();
    let shard = |id: &Uuid| shards.of_profile(ProfileId::from_bytes(id.into_bytes()));
    for (sk, survivors) in by_shard(survivors, shard) {
        let query = plain(CARRYING).bind(sk).bind(survivors);
        let mut forgotten: Vec<(Uuid, i64, String)> = Vec::new();
        for row in counted.fetch(query).await? {
            let mut sides: Vec<MergedSide> =
                serde_json::from_str(get(&row, 1)?).map_err(|_| unreadable("profiles.merged"))?;
            if MergedSide::forget_line_ids(&mut sides, &users) {
                forgotten.push((
                    get(&row, 0)?,
                    get(&row, 2)?,
                    serde_json::to_string(&sides).unwrap_or_default(),
                ));
            }
        }
        if forgotten.is_empty() {
            continue;
        }
        let query = plain(CARRIED)
            .bind(sk)
            .bind(column(&forgotten, |(id, ..)| *id))
            .bind(column(&forgotten, |(_, version, _)| *version))
            .bind(column(&forgotten, |(.., sides)| sides.as_str()));
        all(counted.execute(query).await?, forgotten.len())?;
    }
    Ok(())
}
