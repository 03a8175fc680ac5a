//! Reading the record of subscription changes.

use profile_model::{Consent, ConsentOf, ConsentTo, GlobalState, GroupId, StateOf, Timestamp};
use profile_store::Fault;
use sqlx::Row as _;

use crate::fault::{to_fault, unreadable};
use crate::load::{address_kind, place};
use crate::statement::{Counted, MAX_ROWS, SetStatement};

static LOAD: SetStatement = SetStatement {
    text: "-- load_consents\nWITH v(n, kind, value) AS (VALUES {rows}) \
           SELECT v.n, c.of, c.old, c.new, c.at, c.actor, c.cid FROM v \
           CROSS JOIN consents c ON c.sk = ? AND c.kind = v.kind AND c.value = v.value",
    columns: 3,
};

/// The stored form of whose state it is.
pub(crate) fn kind_and_value(whose: &ConsentOf) -> (i64, String) {
    match whose {
        ConsentOf::Address(address) => (address_kind(address.kind), address.value.clone()),
        ConsentOf::Profile(id) => (0, id.to_string()),
    }
}

/// The stored form of what it is about.
pub(crate) fn of_text(to: ConsentTo) -> String {
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

/// Changes of these addresses and profiles, in the order they were made.
pub(crate) async fn load(
    counted: &mut Counted<'_>,
    sk: i64,
    whose: &[ConsentOf],
) -> Result<Vec<Consent>, Fault> {
    let column = |error: sqlx::Error| to_fault(&error);
    let mut found = Vec::new();
    for chunk in whose.chunks(MAX_ROWS) {
        let numbered: Vec<_> = chunk.iter().enumerate().collect();
        let query = LOAD.bind(
            |query| query,
            &numbered,
            |query, (number, whose)| {
                let (kind, value) = kind_and_value(whose);
                query.bind(place(*number)).bind(kind).bind(value)
            },
        );
        for row in counted.fetch(query.bind(sk)).await.map_err(column)? {
            let number: i64 = row.try_get(0).map_err(column)?;
            let Some(whose) = usize::try_from(number).ok().and_then(|number| chunk.get(number)) else {
                continue;
            };
            let state = |at: usize| row.try_get::<Option<&str>, _>(at).map_err(column);
            let consent = Consent {
                whose: whose.clone(),
                to: read_to(row.try_get(1).map_err(column)?).ok_or_else(|| unreadable("consents.of"))?,
                old: state(2)?.and_then(GlobalState::parse),
                new: state(3)?.and_then(GlobalState::parse),
                at: Timestamp::from_micros(row.try_get(4).map_err(column)?),
                actor: serde_json::from_str(row.try_get(5).map_err(column)?)
                    .map_err(|_| unreadable("consents.actor"))?,
            };
            found.push((row.try_get::<i64, _>(6).map_err(column)?, consent));
        }
    }
    found.sort_by_key(|(number, _)| *number);
    Ok(found.into_iter().map(|(_, consent)| consent).collect())
}
