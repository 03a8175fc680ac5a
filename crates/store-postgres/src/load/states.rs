//! States by address, friendships, inbox rows.

use profile_model::{
    Address, AddressState, ChannelId, Friendship, GlobalState, GroupId, GroupState, InboxKey, InboxState,
    LineUserId, Loaded, Source, StateOf, Timestamp,
};
use profile_store::Fault;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::fault::{UnitFault, unreadable};
use crate::shards::{Shards, by_shard};
use crate::statement::{Counted, at_place, column, get, places, plain};

const READ: &str = "-- load_address_states\nSELECT v.n, s.group_id, s.state, s.changed_at \
     FROM unnest($2::bigint[], $3::smallint[], $4::text[] COLLATE \"C\") v(n, kind, value) \
     CROSS JOIN LATERAL (SELECT s.group_id, s.state, s.changed_at FROM address_states s \
     WHERE s.sk = $1 AND s.kind = v.kind AND s.value = v.value OFFSET 0) s";

/// Profiles that share an address may be written at once: their states meet at the state's row.
const LOCK: &str = "-- lock_address_states\nSELECT v.n, s.group_id, s.state, s.changed_at \
     FROM unnest($2::bigint[], $3::smallint[], $4::text[] COLLATE \"C\") v(n, kind, value) \
     CROSS JOIN LATERAL (SELECT s.group_id, s.state, s.changed_at FROM address_states s \
     WHERE s.sk = $1 AND s.kind = v.kind AND s.value = v.value OFFSET 0 FOR UPDATE) s";

const FRIENDSHIPS: &str = "-- load_friendships\n\
     SELECT f.line_user_id, f.channel, f.state, f.changed_at, f.evidence_at, f.event \
     FROM unnest($2::text[] COLLATE \"C\") v(user_id) CROSS JOIN LATERAL (SELECT * FROM line_friendships f \
     WHERE f.sk = $1 AND f.line_user_id = v.user_id OFFSET 0) f";

const INBOX: &str = "-- load_inbox\nSELECT v.n, i.state \
     FROM unnest($2::bigint[], $3::text[] COLLATE \"C\", $4::text[] COLLATE \"C\") v(n, channel, event) \
     CROSS JOIN LATERAL (SELECT i.state FROM line_inbox i WHERE i.sk = $1 AND i.channel = v.channel \
     AND i.event = v.event OFFSET 0) i";

pub(super) async fn load_addresses(
    counted: &mut Counted<'_>,
    shards: Shards,
    addresses: &[Address],
    locking: bool,
    loaded: &mut Loaded,
) -> Result<(), UnitFault> {
    let mut addresses: Vec<_> = addresses.iter().collect();
    addresses.sort_unstable();
    addresses.dedup();
    for (sk, addresses) in by_shard(addresses, |address| shards.of_value(&address.value)) {
        let query = plain(if locking { LOCK } else { READ })
            .bind(sk)
            .bind(places(&addresses))
            .bind(column(&addresses, |address| address.kind as i16))
            .bind(column(&addresses, |address| address.value.as_str()));
        for row in counted.fetch(query).await? {
            let Some(address) = at_place(&row, 0, &addresses)? else { continue };
            let state = read_address_state(&row, (*address).clone())?;
            loaded.addresses.entry(state.address.clone()).or_default().push(state);
        }
    }
    Ok(())
}

fn read_address_state(row: &PgRow, address: Address) -> Result<AddressState, Fault> {
    let state = GlobalState::parse(get(row, 2)?).ok_or_else(|| unreadable("address_states.state"))?;
    Ok(AddressState {
        address,
        of: read_group(get(row, 1)?),
        state,
        changed_at: Timestamp::from_micros(get(row, 3)?),
    })
}

fn read_group(group: Uuid) -> StateOf {
    if group.is_nil() { StateOf::Global } else { StateOf::Group(GroupId(group)) }
}

/// The stored form of what a state is about: a group's id, or zeros for the global state.
pub(crate) const fn group_of(of: StateOf) -> Uuid {
    match of {
        StateOf::Global => Uuid::nil(),
        StateOf::Group(group) => group.0,
    }
}

pub(super) async fn load_friendships(
    counted: &mut Counted<'_>,
    shards: Shards,
    users: &[LineUserId],
    loaded: &mut Loaded,
) -> Result<(), UnitFault> {
    for (sk, users) in by_shard(users, |user| shards.of_value(user.as_str())) {
        let query = plain(FRIENDSHIPS).bind(sk).bind(column(&users, |user| user.as_str()));
        for row in counted.fetch(query).await? {
            let row = read_friendship(&row)?;
            loaded.friendships.entry(row.user.clone()).or_default().insert(row.channel.clone(), row);
        }
    }
    Ok(())
}

/// Reads `line_user_id, channel, state, changed_at, evidence_at, event`.
pub(crate) fn read_friendship(row: &PgRow) -> Result<Friendship, Fault> {
    let event: Option<String> = get(row, 5)?;
    Ok(Friendship {
        user: LineUserId::from_stored(get(row, 0)?),
        channel: ChannelId(get(row, 1)?),
        state: GroupState::parse(get(row, 2)?).ok_or_else(|| unreadable("line_friendships.state"))?,
        changed_at: Timestamp::from_micros(get(row, 3)?),
        evidence_at: Timestamp::from_micros(get(row, 4)?),
        source: event.map_or(Source::Snapshot, Source::Event),
    })
}

pub(super) async fn load_inbox(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &[InboxKey],
    loaded: &mut Loaded,
) -> Result<(), UnitFault> {
    for (sk, keys) in by_shard(keys, |key| shards.of_inbox(key)) {
        let query = plain(INBOX)
            .bind(sk)
            .bind(places(&keys))
            .bind(column(&keys, |key| key.channel.0.as_str()))
            .bind(column(&keys, |key| key.event.as_str()));
        for row in counted.fetch(query).await? {
            let state = u8::try_from(get::<i16>(&row, 1)?).ok().and_then(InboxState::from_number);
            if let Some(key) = at_place(&row, 0, &keys)? {
                loaded.inbox.insert((*key).clone(), state);
            }
        }
    }
    Ok(())
}
