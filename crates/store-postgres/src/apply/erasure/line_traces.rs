//! What others keep of a LINE ID that they once had: it belongs to the follower who is erased.

use profile_model::Erasure;
use uuid::Uuid;

use super::uuid_of;
use crate::fault::UnitFault;
use crate::shards::Shards;
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

/// Empties journal entries, images and logged writes of others that tell an erased LINE ID. Comes before the entries
/// lose the names of the erased.
pub(super) async fn forget(
    counted: &mut Counted<'_>,
    shards: Shards,
    erasures: &[Erasure],
) -> Result<(), UnitFault> {
    let users: Vec<&str> =
        erasures.iter().flat_map(|erasure| &erasure.line_users).map(|user| user.as_str()).collect();
    if users.is_empty() {
        return Ok(());
    }
    let named: Vec<(Uuid, &str)> = erasures
        .iter()
        .flat_map(|erasure| {
            let sides = erasure.sides.iter().map(|side| uuid_of(*side));
            sides.flat_map(|side| erasure.line_users.iter().map(move |user| (side, user.as_str())))
        })
        .collect();
    let mut told: Vec<(Uuid, String)> = Vec::new();
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
        return Ok(());
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
    Ok(())
}
