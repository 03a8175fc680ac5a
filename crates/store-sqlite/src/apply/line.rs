//! Friendships and the inbox.

use profile_model::ChangeSet;

use super::{all, event_of, run};
use crate::fault::UnitFault;
use crate::statement::{Counted, SetStatement};

static FRIENDSHIPS: SetStatement = SetStatement {
    text: "-- put_friendships\nINSERT INTO line_friendships (sk, line_user_id, channel, state, changed_at, \
           evidence_at, event) SELECT column1, column2, column3, column4, column5, column6, column7 \
           FROM (VALUES {rows}) WHERE column1 IS NOT NULL ON CONFLICT DO UPDATE SET state = excluded.state, \
           changed_at = excluded.changed_at, evidence_at = excluded.evidence_at, event = excluded.event",
    columns: 7,
};

static INBOX: SetStatement = SetStatement {
    text: "-- append_inbox\nINSERT INTO line_inbox (sk, channel, event, received_at, line_user_id, kind, state, \
           note, body) SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9 \
           FROM (VALUES {rows}) WHERE column1 IS NOT NULL",
    columns: 9,
};

static SETTLE: SetStatement = SetStatement {
    text: "-- settle_inbox\nUPDATE line_inbox SET state = v.column3, note = v.column4 FROM (VALUES {rows}) v \
           WHERE line_inbox.channel = v.column1 AND line_inbox.event = v.column2 AND line_inbox.state = 0",
    columns: 4,
};

static EMPTY: SetStatement = SetStatement {
    text: "-- empty_inbox\nUPDATE line_inbox SET line_user_id = NULL, body = 'null' WHERE (channel, event) IN \
           (SELECT column1, column2 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
    columns: 2,
};

pub(super) async fn put(counted: &mut Counted<'_>, sk: i64, change: &ChangeSet) -> Result<(), UnitFault> {
    run(
        counted,
        &FRIENDSHIPS,
        &change.friendships,
        |query| query,
        |query, row| {
            query
                .bind(sk)
                .bind(row.user.as_str().to_owned())
                .bind(row.channel.0.clone())
                .bind(row.state.as_str())
                .bind(row.changed_at.as_micros())
                .bind(row.evidence_at.as_micros())
                .bind(event_of(&row.source))
        },
    )
    .await?;
    run(
        counted,
        &INBOX,
        &change.inbox,
        |query| query,
        |query, row| {
            query
                .bind(sk)
                .bind(row.key.channel.0.clone())
                .bind(row.key.event.clone())
                .bind(row.received_at.as_micros())
                .bind(row.user.as_ref().map(|user| user.as_str().to_owned()))
                .bind(row.kind.clone())
                .bind(i64::from(row.state as u8))
                .bind(row.note.clone())
                .bind(row.body.get().to_owned())
        },
    )
    .await?;
    let settled = run(
        counted,
        &SETTLE,
        &change.inbox_settled,
        |query| query,
        |query, (key, state, note)| {
            query
                .bind(key.channel.0.clone())
                .bind(key.event.clone())
                .bind(i64::from(*state as u8))
                .bind(note.clone())
        },
    );
    all(settled.await?, change.inbox_settled.len())?;
    let emptied = &change.inbox_emptied;
    run(
        counted,
        &EMPTY,
        emptied,
        |query| query,
        |query, key| query.bind(key.channel.0.clone()).bind(key.event.clone()),
    )
    .await?;
    Ok(())
}
