//! Answers kept for requests that come again.

use profile_model::{AnswerKey, ChangeSet, KeptAnswer, Timestamp};

use crate::fault::{UnitFault, unreadable};
use crate::shards::Shards;
use crate::statement::{Counted, get, plain};

/// Keeps an answer in place of all that are too old. Another request with the same key that is under way is a conflict:
/// run again, it finds the answer.
pub(crate) async fn put(
    counted: &mut Counted<'_>,
    shards: Shards,
    change: &ChangeSet,
) -> Result<(), UnitFault> {
    let Some((answer, since)) = &change.answer else { return Ok(()) };
    let sk = shards.of_bytes(&answer.key.0);
    let query = plain("-- drop_old_answers\nDELETE FROM answers WHERE sk = $1 AND at < $2");
    counted.execute(query.bind(sk).bind(since.as_micros())).await?;
    let query = plain(
        "-- keep_answer\nINSERT INTO answers (sk, key, request, at, status, sealed_body) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    );
    let query = query
        .bind(sk)
        .bind(answer.key.0.to_vec())
        .bind(answer.request.to_vec())
        .bind(answer.at.as_micros())
        .bind(i32::from(answer.status))
        .bind(answer.sealed_body.clone());
    counted.execute(query).await?;
    Ok(())
}

/// An answer by its name.
pub(crate) async fn load(
    counted: &mut Counted<'_>,
    shards: Shards,
    key: AnswerKey,
) -> Result<Option<KeptAnswer>, UnitFault> {
    let query = plain(
        "-- load_answer\nSELECT request, at, status, sealed_body FROM answers WHERE sk = $1 AND key = $2",
    );
    let rows = counted.fetch(query.bind(shards.of_bytes(&key.0)).bind(key.0.to_vec())).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let request: &[u8] = get(row, 0)?;
    Ok(Some(KeptAnswer {
        key,
        request: request.try_into().map_err(|_| unreadable("answers.request"))?,
        at: Timestamp::from_micros(get(row, 1)?),
        status: u16::try_from(get::<i32>(row, 2)?).map_err(|_| unreadable("answers.status"))?,
        sealed_body: get(row, 3)?,
    }))
}
