//! The record of subscription changes.

use profile_model::{ChangeSet, Consent, ConsentOf, ConsentTo, GlobalState, GroupId, StateOf, Timestamp};

use crate::fault::{UnitFault, unreadable};
use crate::shards::{Shards, by_shard};
use crate::statement::{Counted, at_place, column, get, ordered, places, plain};

const APPEND: &str = "-- append_consents\n\
     INSERT INTO consents (sk, kind, value, \"of\", old, new, at, actor, cid) \
     SELECT $1, v.kind, v.value, v.what, v.old, v.new, v.at, v.actor, coalesce(v.cid, nextval('consents_cid_seq')) \
     FROM unnest($2::smallint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], \
     $9::bigint[]) v(kind, value, what, old, new, at, actor, cid)";

const NUMBERS: &str = "-- number_consents\nSELECT nextval('consents_cid_seq') FROM unnest($1::bigint[])";

const LOAD: &str = "-- load_consents\nSELECT v.n, c.\"of\", c.old, c.new, c.at, c.actor, c.cid \
     FROM unnest($2::bigint[], $3::smallint[], $4::text[] COLLATE \"C\") v(n, kind, value) \
     CROSS JOIN LATERAL (SELECT * FROM consents c WHERE c.sk = $1 AND c.kind = v.kind AND c.value = v.value \
     OFFSET 0) c";

/// The stored form of whose state it is.
fn kind_and_value(whose: &ConsentOf) -> (i16, String) {
    match whose {
        ConsentOf::Address(address) => (address.kind as i16, address.value.clone()),
        ConsentOf::Profile(id) => (0, id.to_string()),
    }
}

fn shard_of(shards: Shards, whose: &ConsentOf) -> i64 {
    match whose {
        ConsentOf::Address(address) => shards.of_value(&address.value),
        ConsentOf::Profile(id) => shards.of_profile(*id),
    }
}

/// The stored form of what it is about.
fn of_text(to: ConsentTo) -> String {
    match to {
        ConsentTo::Push => "push".to_owned(),
        ConsentTo::State(StateOf::Global) => "email".to_owned(),
        ConsentTo::State(StateOf::Group(id)) => id.to_string(),
    }
}

fn read_to(text: &str) -> Option<ConsentTo> {
    Some(match text {
        "push" => ConsentTo::Push,
        "email" => ConsentTo::State(StateOf::Global),
        id => ConsentTo::State(StateOf::Group(GroupId::parse(id)?)),
    })
}

pub(crate) async fn append(
    counted: &mut Counted<'_>,
    shards: Shards,
    change: &ChangeSet,
) -> Result<(), UnitFault> {
    let numbers = ordered(counted, shards, NUMBERS, change.consents.len()).await?;
    let rows = change.consents.iter().zip(numbers);
    for (sk, rows) in by_shard(rows, |(consent, _)| shard_of(shards, &consent.whose)) {
        let query = plain(APPEND)
            .bind(sk)
            .bind(column(&rows, |(consent, _)| kind_and_value(&consent.whose).0))
            .bind(column(&rows, |(consent, _)| kind_and_value(&consent.whose).1))
            .bind(column(&rows, |(consent, _)| of_text(consent.to)))
            .bind(column(&rows, |(consent, _)| consent.old.map(|state| state.as_str())))
            .bind(column(&rows, |(consent, _)| consent.new.map(|state| state.as_str())))
            .bind(column(&rows, |(consent, _)| consent.at.as_micros()))
            .bind(column(&rows, |(consent, _)| serde_json::to_string(&consent.actor).unwrap_or_default()))
            .bind(column(&rows, |(_, number)| *number));
        counted.execute(query).await?;
    }
    Ok(())
}

/// Changes of these addresses and profiles, in the order they were made.
pub(crate) async fn load(
    counted: &mut Counted<'_>,
    shards: Shards,
    whose: &[ConsentOf],
) -> Result<Vec<Consent>, UnitFault> {
    let mut found = Vec::new();
    for (sk, whose) in by_shard(whose, |whose| shard_of(shards, whose)) {
        let query = plain(LOAD)
            .bind(sk)
            .bind(places(&whose))
            .bind(column(&whose, |whose| kind_and_value(whose).0))
            .bind(column(&whose, |whose| kind_and_value(whose).1));
        for row in counted.fetch(query).await? {
            let Some(whose) = at_place(&row, 0, &whose)? else { continue };
            let state =
                |at: usize| get::<Option<&str>>(&row, at).map(|text| text.and_then(GlobalState::parse));
            let consent = Consent {
                whose: (*whose).clone(),
                to: read_to(get(&row, 1)?).ok_or_else(|| unreadable("consents.of"))?,
                old: state(2)?,
                new: state(3)?,
                at: Timestamp::from_micros(get(&row, 4)?),
                actor: serde_json::from_str(get(&row, 5)?).map_err(|_| unreadable("consents.actor"))?,
            };
            found.push((get::<i64>(&row, 6)?, consent));
        }
    }
    found.sort_by_key(|(number, _)| *number);
    Ok(found.into_iter().map(|(_, consent)| consent).collect())
}
