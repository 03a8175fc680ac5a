//! Friendships and the inbox.

use profile_model::{ChangeSet, Friendship};

use super::{all, all_new, event_of, last};
use crate::fault::UnitFault;
use crate::load::Found;
use crate::shards::{Shards, by_shard};
use crate::statement::{Counted, column, plain};

/// A friendship that was looked for and not found: whoever made it meanwhile is a conflict.
const INSERT: &str = "-- insert_friendships\n\
     INSERT INTO line_friendships (sk, line_user_id, channel, state, changed_at, evidence_at, event) \
     SELECT $1, v.line_user_id, v.channel, v.state, v.changed_at, v.evidence_at, v.event \
     FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[]) \
     v(line_user_id, channel, state, changed_at, evidence_at, event) \
     ON CONFLICT (sk, line_user_id, channel) DO NOTHING RETURNING 1";

const PUT: &str = "-- put_friendships\n\
     INSERT INTO line_friendships (sk, line_user_id, channel, state, changed_at, evidence_at, event) \
     SELECT $1, v.line_user_id, v.channel, v.state, v.changed_at, v.evidence_at, v.event \
     FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[]) \
     v(line_user_id, channel, state, changed_at, evidence_at, event) \
     ON CONFLICT (sk, line_user_id, channel) DO UPDATE SET state = excluded.state, \
     changed_at = excluded.changed_at, evidence_at = excluded.evidence_at, event = excluded.event RETURNING 1";

const INBOX: &str = "-- append_inbox\n\
     INSERT INTO line_inbox (sk, channel, event, received_at, line_user_id, kind, state, note, body) \
     SELECT $1, v.channel, v.event, v.received_at, v.line_user_id, v.kind, v.state, v.note, v.body \
     FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::smallint[], $8::text[], $9::text[]) \
     v(channel, event, received_at, line_user_id, kind, state, note, body) \
     ON CONFLICT (sk, channel, event) DO NOTHING RETURNING 1";

const SETTLE: &str = "-- settle_inbox\nUPDATE line_inbox t SET state = v.state, note = v.note \
     FROM (SELECT $1::bigint AS sk, v.* FROM unnest($2::text[] COLLATE \"C\", $3::text[] COLLATE \"C\", \
     $4::smallint[], $5::text[]) v(channel, event, state, note) OFFSET 0) v \
     WHERE t.sk = v.sk AND t.channel = v.channel AND t.event = v.event AND t.state = 0";

const EMPTY: &str = "-- empty_inbox\nUPDATE line_inbox t SET line_user_id = NULL, body = 'null' \
     FROM (SELECT $1::bigint AS sk, v.* FROM unnest($2::text[] COLLATE \"C\", $3::text[] COLLATE \"C\") \
     v(channel, event) OFFSET 0) v WHERE t.sk = v.sk AND t.channel = v.channel AND t.event = v.event";

pub(super) async fn put(
    counted: &mut Counted<'_>,
    shards: Shards,
    change: &ChangeSet,
    found: &Found,
) -> Result<(), UnitFault> {
    let is_absent = |row: &&Friendship| {
        let known = found.loaded.friendships.get(&row.user);
        known.is_some_and(|channels| !channels.contains_key(&row.channel))
    };
    let rows = last(&change.friendships, |row| (&row.user, &row.channel));
    let (absent, other): (Vec<_>, Vec<_>) = rows.partition(is_absent);
    for (text, rows) in [(INSERT, absent), (PUT, other)] {
        for (sk, rows) in by_shard(rows, |row| shards.of_value(row.user.as_str())) {
            let query = plain(text)
                .bind(sk)
                .bind(column(&rows, |row| row.user.as_str()))
                .bind(column(&rows, |row| row.channel.0.as_str()))
                .bind(column(&rows, |row| row.state.as_str()))
                .bind(column(&rows, |row| row.changed_at.as_micros()))
                .bind(column(&rows, |row| row.evidence_at.as_micros()))
                .bind(column(&rows, |row| event_of(&row.source)));
            all_new(counted.count(query).await?, rows.len())?;
        }
    }
    let inbox = {
        let mut rows: Vec<_> = change.inbox.iter().collect();
        rows.sort_by(|left, right| left.key.cmp(&right.key));
        rows
    };
    for (sk, rows) in by_shard(inbox, |row| shards.of_inbox(&row.key)) {
        let query = plain(INBOX)
            .bind(sk)
            .bind(column(&rows, |row| row.key.channel.0.as_str()))
            .bind(column(&rows, |row| row.key.event.as_str()))
            .bind(column(&rows, |row| row.received_at.as_micros()))
            .bind(column(&rows, |row| row.user.as_ref().map(|user| user.as_str())))
            .bind(column(&rows, |row| row.kind.as_str()))
            .bind(column(&rows, |row| row.state as i16))
            .bind(column(&rows, |row| row.note.as_deref()))
            .bind(column(&rows, |row| row.body.get()));
        all_new(counted.count(query).await?, rows.len())?;
    }
    let mut settled = 0;
    for (sk, rows) in by_shard(&change.inbox_settled, |(key, ..)| shards.of_inbox(key)) {
        let query = plain(SETTLE)
            .bind(sk)
            .bind(column(&rows, |(key, ..)| key.channel.0.as_str()))
            .bind(column(&rows, |(key, ..)| key.event.as_str()))
            .bind(column(&rows, |(_, state, _)| *state as i16))
            .bind(column(&rows, |(_, _, note)| note.as_deref()));
        settled += counted.execute(query).await?;
    }
    all(settled, change.inbox_settled.len())?;
    for (sk, keys) in by_shard(&change.inbox_emptied, |key| shards.of_inbox(key)) {
        let query = plain(EMPTY)
            .bind(sk)
            .bind(column(&keys, |key| key.channel.0.as_str()))
            .bind(column(&keys, |key| key.event.as_str()));
        counted.execute(query).await?;
    }
    Ok(())
}
